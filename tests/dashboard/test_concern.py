from __future__ import annotations

from dataclasses import replace

from dashboard.bedside import Bedside
from dashboard.concern import Concern, concern, decided, ranked
from dashboard.verdicts import verdict_tone, verdict_words
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import ZONE, ago, bed


def of(side: Bedside) -> Concern:
    return concern(side, catalog(), zone=ZONE)


def words(number: str) -> list[str]:
    return [phrase.text for phrase in of(bed(number)).phrases]


def test_urgent_flags_come_first_then_the_newest_then_those_seen() -> None:
    assert words("7") == [
        "Not responding to steroids at 48 h",
        "Ferritin doubling every 21 h",
        "Fibrinogen down 58 % in 60 h",
    ]
    assert [phrase.acknowledged for phrase in of(bed("7")).phrases] == ["", "", "Dr Weber"]


def test_a_verdict_that_a_flag_says_already_is_not_said_twice() -> None:
    assert not any("Not responding at 48 h" in text for text in words("7"))
    assert words("5") == ["Responding at 48 h"]


def test_what_is_due_soon_and_what_cannot_be_used_are_said() -> None:
    assert words("3") == ["Platelets down 44 % in 72 h", "24 h labs due 16:12 CET", "CRP not usable: tocilizumab"]


def test_a_window_without_enough_values_is_said_as_unknown() -> None:
    assert words("9") == ["No ferritin for 19 h on steroids", "Cannot tell at 24 h"]


def test_nothing_known_and_nothing_new_are_different_and_neither_is_good() -> None:
    assert [(phrase.text, phrase.tone) for phrase in of(bed("2")).phrases] == [("No labs yet", "quiet")]
    assert [(phrase.text, phrase.tone) for phrase in of(bed("14")).phrases] == [("No change beyond the noise", "quiet")]


def test_single_values_are_not_called_unchanged() -> None:
    side = bed("14")
    alone = {code: {**trend, "direction": "unknown"} for code, trend in side.trends.items()}
    assert [phrase.text for phrase in of(replace(side, trends=alone)).phrases] == ["Too few values to compare"]


def test_the_tone_is_that_of_the_worst_that_is_so() -> None:
    tones = {number: of(bed(number)).tone for number in ("7", "12", "3", "9", "5", "14", "2", "11")}
    assert tones == {
        "7": "decision", "12": "decision", "3": "watch", "9": "watch", "5": "good",
        "14": "quiet", "2": "quiet", "11": "quiet",
    }  # fmt: skip


def test_the_next_thing_due_is_a_window_or_a_marker_whichever_is_first() -> None:
    assert (of(bed("3")).due_at, of(bed("3")).due_what) == (ago(-2), "24 h labs")
    assert of(bed("12")).due_at == ago(-7)  # newest ferritin 5 h old, due after 12 h
    assert of(bed("14")).due_at is None  # not under treatment


def test_labs_that_did_not_come_make_a_patient_late() -> None:
    assert of(bed("9")).late
    assert not of(bed("7")).late


def test_the_verdict_is_that_of_the_newest_window_that_says_anything() -> None:
    window = decided(bed("7"))
    assert window is not None
    assert (window["hours"], window["verdict"]) == (48, "not_responding")
    assert decided(bed("3")) is None


def test_cleared_flags_do_not_speak() -> None:
    rows = [{**row, "state": "cleared"} for row in bed("7").flags]
    assert ranked(tuple(rows)) == []


def test_a_snoozed_flag_stays_in_the_row_with_words_behind_those_that_nobody_answered() -> None:
    asleep = {"by": "Dr Weber", "reason": "repeat sample sent", "at": ago(0), "until": ago(-2)}
    rows = [{**row, "snoozed": asleep} if row["flag"] == "steroid_nonresponse" else row for row in bed("7").flags]
    phrases = of(replace(bed("7"), flags=tuple(rows))).phrases
    assert [phrase.text for phrase in phrases] == [
        "Ferritin doubling every 21 h",
        "Not responding to steroids at 48 h",
        "Fibrinogen down 58 % in 60 h",
    ]
    assert [phrase.snoozed for phrase in phrases] == ["", "snoozed until 16:12 CET", ""]
    assert phrases[1].whole == "Not responding to steroids at 48 h · snoozed until 16:12 CET"
    assert phrases[1].tone == of(bed("7")).phrases[0].tone == "decision"


def test_a_snooze_makes_a_patient_no_less_worrying() -> None:
    asleep = {"by": "Dr Weber", "reason": "repeat sample sent", "at": ago(0), "until": ago(-2)}
    side = replace(bed("7"), flags=tuple({**row, "snoozed": asleep} for row in bed("7").flags))
    assert of(side).tone == of(bed("7")).tone == "decision"


def test_a_response_of_more_than_a_week_ago_is_told_with_its_age_and_reassures_nobody() -> None:
    side = bed("5")  # 74 h after the start
    week, later = replace(side, as_of=ago(-94)), replace(side, as_of=ago(-95))  # 168 h and 169 h after it
    assert [(phrase.text, phrase.tone) for phrase in of(week).phrases] == [("Responding at 48 h", "good")]
    assert [(phrase.text, phrase.tone) for phrase in of(later).phrases] == [("Responding at 48 h, 5 d ago", "quiet")]
    assert (of(week).responding, of(later).responding) == (True, False)
    assert (of(week).tone, of(later).tone) == ("good", "quiet")


def test_what_was_bad_a_week_ago_stays_as_bad_until_something_better_is_known() -> None:
    later = replace(bed("7"), as_of=ago(-119))  # 169 h after the start
    window = decided(later)
    assert window is not None
    assert (verdict_words(later, window, catalog()), verdict_tone(later, window, catalog())) == (
        "Not responding at 48 h, 5 d ago", "decision",
    )  # fmt: skip
