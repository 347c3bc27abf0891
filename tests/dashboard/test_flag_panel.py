from __future__ import annotations

from dataclasses import replace
from typing import Any

from dashboard import flag_panel
from dashboard.bedside import Row
from dashboard.flag_panel import FlagPanel
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import NOW, ZONE, ago, bed


def panel(code: str) -> FlagPanel:
    return next(told for told in flag_panel.active(bed("7"), catalog(), zone=ZONE) if told.code == code)


def test_a_flag_says_since_when_it_holds_when_it_was_raised_and_who_has_seen_it() -> None:
    told = panel("fibrinogen_falling")
    assert told.since == "since Wed 18 Nov 16:12 CET"
    assert told.raised == "raised Wed 18 Nov 17:12 CET"
    assert told.acknowledged == "seen by Dr Weber, Fri 20 Nov 18:12 CET: concentrate given"
    assert panel("ferritin_rising").acknowledged == "not acknowledged"


def test_the_values_used_stand_with_their_times_and_the_sums_with_their_how() -> None:
    used = [(used.role, used.what, used.value, used.when) for used in panel("ferritin_rising").used]
    assert used == [
        ("before", "Ferritin", "9,800 µg/L", "Fri 20 Nov 12:12 CET"),
        ("newest", "Ferritin", "21,800 µg/L", "Sat 21 Nov 12:12 CET"),
        ("worked out", "z", "6.1", "slope over its error, 3 values"),
    ]


def test_the_rule_its_threshold_and_its_source_are_named() -> None:
    told = panel("ferritin_rising")
    assert told.rule == "Ferritin rising · rule ferritin_rising, version 1"
    assert [(number.name, number.value, number.why) for number in told.numbers] == [
        ("z", "1.96", "beyond the noise of the test")
    ]
    assert told.numbers[0].sources[0].citation.startswith("Founding document 1")
    assert told.changes_mind == "two values in a row that no longer rise"


def test_what_was_left_out_is_named_with_the_reason() -> None:
    assert panel("steroid_nonresponse").left_out == (
        "fibrinogen concentrate · Fibrinogen concentrate: raises fibrinogen",
    )


def test_a_flag_taken_back_says_when_and_why() -> None:
    rows = tuple(
        {**row, "state": "retracted", "retracted_at": NOW, "reason": "Ferritin 112,000 was corrected to 11,200"}
        for row in bed("7").flags
        if row["flag"] == "ferritin_rising"
    )
    (told,) = flag_panel.past(replace(bed("7"), flags=rows), catalog(), zone=ZONE)
    assert told.ended == "taken back Sat 21 Nov 14:12 CET: Ferritin 112,000 was corrected to 11,200"
    assert told.tone == "quiet"


def test_a_rule_the_catalog_no_longer_knows_still_names_its_version() -> None:
    rows = tuple({**row, "flag": "an_older_rule"} for row in bed("7").flags[:1])
    (told,) = flag_panel.active(replace(bed("7"), flags=rows), catalog(), zone=ZONE)
    assert (told.rule, told.numbers, told.changes_mind) == ("an_older_rule, version 1", (), "")


def test_a_snoozed_flag_says_until_when_by_whom_and_why() -> None:
    asleep = {"by": "Dr Weber", "reason": "repeat sample sent", "at": NOW, "until": ago(-2)}
    side = replace(bed("7"), flags=answered("ferritin_rising", snoozed=asleep))
    (told,) = flag_panel.active(side, catalog(), zone=ZONE)
    assert told.snoozed == "snoozed until 16:12 CET by Dr Weber: repeat sample sent"
    assert told.answered == "not acknowledged · snoozed until 16:12 CET by Dr Weber: repeat sample sent"
    assert told.tone == "decision"


def test_an_answer_that_has_ended_says_when_and_what_ended_it() -> None:
    worsened = {"by": "Dr Weber", "reason": "known", "ended_at": NOW, "why": "the flag worsened"}
    over = [{"answer": answer, **worsened} for answer in ("acknowledged", "snoozed")]
    side = replace(bed("7"), flags=answered("ferritin_rising", answers_ended=over))
    (told,) = flag_panel.active(side, catalog(), zone=ZONE)
    assert told.answered == (
        "no longer acknowledged since Sat 21 Nov 14:12 CET: the flag worsened"
        " · no longer snoozed since Sat 21 Nov 14:12 CET: the flag worsened"
    )


def answered(code: str, **answers: Any) -> tuple[Row, ...]:
    """The flag of bed 7 with these answers to it."""
    return tuple({**row, **answers} for row in bed("7").flags if row["flag"] == code)


def test_a_value_whose_series_breaks_stands_with_its_method() -> None:
    entry = {"role": "newest", "analyte": "ferritin", "value": 900.0, "collected_at": ago(2).isoformat()}
    rows = tuple(
        {**row, "evidence": [entry | {"named": "method CLIA"}]}
        for row in bed("7").flags
        if row["flag"] == "ferritin_rising"
    )
    (told,) = flag_panel.active(replace(bed("7"), flags=rows), catalog(), zone=ZONE)
    assert [used.when for used in told.used] == ["Sat 21 Nov 12:12 CET · method CLIA"]
