"""The inbox: every active flag by severity and age, what was said to it, and what ended lately. At 14:12 CET."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from dashboard.bedside import Row, Ward
from dashboard.flag_actions import Reader, Talk, actions, talk_of
from dashboard.inbox_sheet import chosen, ended_lately, entries, inbox_html
from dashboard.selection import InboxAsked, inbox_asked
from storage.frames import FLAG_ASSIGNMENTS, FLAG_COMMENTS, shaped
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import NOW, ZONE, ago, bed, ward

NOBODY = Reader(can=True)
KEY = {"patient_id": "P-0007", "flag": "ferritin_rising"}


def told(reader: Reader = NOBODY, **asked: str) -> list[tuple[str, str]]:
    found = chosen(entries(ward(), catalog(), reader, zone=ZONE), InboxAsked(**asked), by=reader.by)
    return [(entry.side.name, entry.panel.code) for entry in found]


def with_flag(number: str, flag: str, **changed: Any) -> Ward:
    """The ward, with a flag of one bed told otherwise."""
    side = bed(number)
    flags: tuple[Row, ...] = tuple({**row, **changed} if row["flag"] == flag else row for row in side.flags)
    return Ward(NOW, (replace(side, flags=flags),))


def said(*rows: dict[str, Any], **given: Any) -> Talk:
    comments = pd.DataFrame([{**KEY, "seq": 0, **row} for row in rows])
    assigned = pd.DataFrame([{**KEY, "seq": 0, **given}] if given else [])
    return talk_of(shaped(comments, FLAG_COMMENTS), shaped(assigned, FLAG_ASSIGNMENTS))


def test_what_needs_a_decision_comes_first_and_then_the_oldest() -> None:
    listed = [(entry.severity, entry.raised_at) for entry in entries(ward(), catalog(), NOBODY, zone=ZONE)]
    assert [severity for severity, _ in listed] == sorted((s for s, _ in listed), key=["urgent", "watch", "info"].index)
    for severity in ("urgent", "watch"):
        ages = [at for own, at in listed if own == severity]
        assert ages == sorted(ages)
    assert told()[0] == ("7", "ferritin_rising")  # raised 59 h ago


def test_a_flag_says_when_it_began_and_was_raised_absolute_and_relative() -> None:
    first = entries(ward(), catalog(), NOBODY, zone=ZONE)[0]
    assert first.began == "Thu 19 Nov 02:12 CET, 60 h ago"
    assert first.raised == "Thu 19 Nov 03:12 CET, 59 h ago"
    assert first.worsened == ""
    worse = with_flag("7", "ferritin_rising", seq=1, changed_at=pd.Timestamp(ago(2)))
    (entry,) = [e for e in entries(worse, catalog(), NOBODY, zone=ZONE) if e.panel.code == "ferritin_rising"]
    assert (entry.worsened, entry.act.seq) == ("Sat 21 Nov 12:12 CET, 2 h ago", 1)


def test_the_filters_leave_what_they_say() -> None:
    assert ("7", "fibrinogen_falling") in told()  # seen by Dr Weber
    assert ("7", "fibrinogen_falling") not in told(show="open")
    assert {code for _, code in told(severity="watch")} & {"ferritin_rising", "steroid_nonresponse"} == set()
    assert told(ward="another") == []
    assert told(patient="P-0007", flag="ferritin_rising") == [("7", "ferritin_rising")]


def test_mine_are_those_given_to_the_name_that_acts_here_however_it_is_written() -> None:
    given = said(to="Dr Sommer", by="Dr Weber", at=ago(1))
    assert told(Reader(given, by="dr sommer"), show="mine") == [("7", "ferritin_rising")]
    assert told(Reader(given), show="mine") == []
    nobodys = said(to="", by="Dr Weber", at=ago(1))
    assert told(Reader(nobodys, by="Dr Sommer"), show="mine") == []


@pytest.mark.parametrize(("hours", "words"), [(0.99, ""), (1.0, "unanswered for 1 h"), (2.5, "unanswered for 2 h")])
def test_an_urgent_flag_says_for_how_long_it_has_gone_without_an_answer(hours: float, words: str) -> None:
    (side,) = with_flag("7", "ferritin_rising", changed_at=pd.Timestamp(ago(hours))).sides
    assert actions(side, catalog(), NOBODY, zone=ZONE)["ferritin_rising"].waiting == words


def test_waiting_begins_anew_when_an_answer_ends_and_is_not_said_while_one_stands() -> None:
    over = {"answer": "snoozed", "by": "Dr Weber", "at": ago(9), "ended_at": ago(3), "why": "its time was over"}
    (side,) = with_flag("7", "ferritin_rising", answers_ended=[over]).sides
    assert actions(side, catalog(), NOBODY, zone=ZONE)["ferritin_rising"].waiting == "unanswered for 3 h"
    seen = {"by": "Dr Weber", "at": ago(1), "reason": "repeat sent"}
    (side,) = with_flag("7", "ferritin_rising", acknowledged=seen).sides
    assert actions(side, catalog(), NOBODY, zone=ZONE)["ferritin_rising"].waiting == ""


def test_comments_and_whose_it_is_count_since_the_flag_was_raised() -> None:
    talk = said(
        {"at": ago(70), "by": "Dr A", "text": "before"}, {"at": ago(1), "by": "Dr B", "text": "haemolysed?"},
        to="Dr C", by="Dr B", at=ago(70),
    )  # fmt: skip
    act = actions(bed("7"), catalog(), Reader(talk), zone=ZONE)["ferritin_rising"]
    assert [(one.by, one.text, one.when) for one in act.comments] == [("Dr B", "haemolysed?", "Sat 21 Nov 13:12 CET")]
    assert act.assigned == ""


def test_a_snooze_is_offered_for_as_long_as_the_severity_allows() -> None:
    offered = {code: act.hours for code, act in actions(bed("7"), catalog(), NOBODY, zone=ZONE).items()}
    assert offered["ferritin_rising"] == ("1", "2", "4")  # urgent: 4 h at most
    assert offered["fibrinogen_falling"] == ("1", "2", "4", "8", "12")


def test_what_ended_in_the_last_day_stands_below_at_the_minute() -> None:
    def ended(hours: float) -> list[str]:
        at = pd.Timestamp(NOW - timedelta(hours=hours))
        gone = with_flag("7", "ferritin_rising", state="cleared", cleared_at=at, reason="two values in a row fell")
        return [one.words for one in ended_lately(gone, InboxAsked(), zone=ZONE)]

    assert ended(24) == ["cleared Fri 20 Nov 14:12 CET, 24 h ago: two values in a row fell"]
    assert ended(24.1) == []


def test_the_page_holds_what_a_click_needs_and_escapes_what_people_wrote() -> None:
    talk = said({"at": ago(1), "by": "Dr <b>", "text": "<script>alert(1)</script>"})
    html = str(inbox_html(ward(), catalog(), InboxAsked(), Reader(talk, by="Dr Weber", can=True), zone=ZONE))
    assert 'data-patient="P-0007" data-flag="ferritin_rising" data-seq="0" data-by="Dr Weber"' in html
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert html.count("<template") == 5
    assert 'href="/inbox?ward=ICU+2"' not in html  # one ward alone is no choice


def test_looking_back_nothing_can_be_answered() -> None:
    html = str(inbox_html(ward(), catalog(), InboxAsked(), Reader(), zone=ZONE))
    assert "data-opens=" not in html
    assert "Looking back" in html


def test_a_choice_that_leaves_nothing_says_so_and_leads_back() -> None:
    html = str(inbox_html(ward(), catalog(), InboxAsked(show="mine"), NOBODY, zone=ZONE))
    assert "cannot be told before you have said who you are" in html
    nobody = str(inbox_html(Ward(NOW, ()), catalog(), InboxAsked(), NOBODY, zone=ZONE))
    assert "No patients yet" in nobody
    assert "No flag holds now" not in nobody  # nothing was judged


def test_the_choice_stands_in_the_address_and_is_read_back() -> None:
    asked = InboxAsked(show="open", ward="ICU 2", severity="urgent")
    assert asked.address(severity="") == "/inbox?show=open&ward=ICU+2"
    assert inbox_asked({"show": "open", "ward": "ICU 2", "severity": "urgent"}) == asked


def test_a_channel_that_does_not_take_messages_is_said_as_long_as_its_flag_holds() -> None:
    row = {**KEY, "seq": 0, "channel": "mail", "error": "The service did not take it."}
    html = str(inbox_html(ward(), catalog(), InboxAsked(), Reader(unsent=(row,)), zone=ZONE))
    assert "Messages to mail are not getting through.</b> The service did not take it." in html
    gone = Reader(unsent=({**row, "seq": 7},))
    assert "not getting through" not in str(inbox_html(ward(), catalog(), InboxAsked(), gone, zone=ZONE))


def test_the_evidence_of_flags_that_are_not_shown_is_not_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.inbox_sheet.AT_ONCE", 2)
    here = replace(ward(), sides=tuple(replace(side) for side in ward().sides))  # nothing is worked out of them yet
    shown = str(inbox_html(here, catalog(), InboxAsked(), NOBODY, zone=ZONE))
    assert shown.count("data-entry") == 2
    assert sum(key[0] == "panel" for side in here.sides for key in side.worked_out) == 2
