"""The labelled rule of day 3 (emapalumab, primary HLH), sign by sign, beside ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from storage.frames import FINDINGS, shaped
from tests.spec.drawing import assessed, at, drawn, foreseen, judged

PULSE = "methylprednisolone 1000 mg"


SIGNS = [
    ("ferritin", "10000", "8100", "met"),  # a fall of 19 %
    ("ferritin", "10000", "7900", "not met"),  # 21 %
    ("ferritin", "2500", "3100", "met"),  # from below 3,000 to above it
    ("ferritin", "2500", "2900", "not met"),
    ("ferritin", "12000", ">40000", "met"),
    ("ferritin", ">40000", "9000", "cannot tell"),
    ("platelets", "30", "50", "met"),  # not above 50
    ("platelets", "30", "51", "not met"),
    ("platelets", "60", "77", "met"),  # 28 % better
    ("platelets", "60", "79", "not met"),  # 32 %
    ("platelets", "150", "99", "met"),
    ("platelets", "150", "101", "not met"),
    ("neutrophils", "0.4", "0.5", "met"),
    ("neutrophils", "0.8", "0.45", "met"),
    ("neutrophils", "0.8", "0.6", "not met"),
    ("neutrophils", "1.2", "0.9", "met"),
    ("neutrophils", "3.0", "0.9", "not met"),
    ("temperature", "38.9", "38.6", "met"),
    ("temperature", "38.9", "37.2", "not met"),
]


def single(analyte: str, before: str, after: str) -> str:
    return f"hour | {analyte} | given\n-1 | {before} |\n0 | | {PULSE}\n72 | {after} |"


@pytest.fixture(scope="module", autouse=True)
def _all_signs_in_one_go() -> None:
    foreseen((single(*sign[:3]) for sign in SIGNS), as_of=73)


def told(analyte: str, before: str, after: str) -> dict[str, Any]:
    rule: dict[str, Any] = judged(single(analyte, before, after), as_of=73).responses.iloc[0]["label_rule"]
    return rule


@pytest.mark.parametrize(("analyte", "before", "after", "state"), SIGNS)
def test_each_sign_has_its_own_numbers(analyte: str, before: str, after: str, state: str) -> None:
    # neutrophils under methylprednisolone rise by themselves: a rise would not be readable, these all fall or stay low
    sign = "fever" if analyte == "temperature" else analyte
    assert told(analyte, before, after)["signs"][sign] == state


def test_what_was_not_measured_cannot_be_told_and_is_not_called_met() -> None:
    rule = told("ferritin", "10000", "5000")
    assert rule["signs"]["ferritin"] == "not met"
    assert rule["signs"]["platelets"] == "cannot tell"
    assert rule["verdict"] == "cannot tell"


def test_one_sign_is_enough() -> None:
    assert told("ferritin", "10000", "9900")["verdict"] == "met"


def test_coagulopathy_needs_both_d_dimer_and_fibrinogen() -> None:
    course = "hour | fibrinogen | d_dimer_feu | given\n-1 | 1.4 | 4000 |\n0 | | | {p}\n72 | {f} | {d} |"
    both = judged(course.format(p=PULSE, f="0.8", d="5200"), as_of=73).responses.iloc[0]["label_rule"]
    better = judged(course.format(p=PULSE, f="0.8", d="2000"), as_of=73).responses.iloc[0]["label_rule"]
    higher = judged(course.format(p=PULSE, f="1.2", d="5200"), as_of=73).responses.iloc[0]["label_rule"]
    assert [rule["signs"]["coagulopathy"] for rule in (both, better, higher)] == ["met", "not met", "not met"]


def test_its_scope_and_source_stand_beside_it() -> None:
    rule = told("ferritin", "10000", "9900")
    assert rule["scope"] == "primary HLH, emapalumab label; shown for comparison"
    assert (rule["hours"], rule["source"]) == (72, ["emapalumab_label"])


def test_before_72_h_it_is_not_shown() -> None:
    course = f"hour | ferritin | given\n-1 | 10000 |\n0 | | {PULSE}\n48 | 9900 |"
    assert judged(course, as_of=71).responses.iloc[0]["label_rule"] is None


def examined(before: str, after: str) -> str:
    """What the rule says of a spleen noted at -1 h and at 71 h."""
    course = drawn(f"hour | ferritin | given\n-1 | 9000 |\n0 | | {PULSE}\n72 | 8000 |")
    seen = [
        {"patient_id": "A", "finding": "splenomegaly", "value": value, "observed_at": at(hour), "received_at": at(hour)}
        | {"status": "final", "ref": number, "version": 1}
        for number, (hour, value) in enumerate(((-1, before), (71, after)))
    ]
    course = replace(course, findings=shaped(pd.DataFrame(seen), FINDINGS))
    told = assessed(course, 73)[0].responses.iloc[0]["label_rule"]
    return str(told["signs"]["splenomegaly"])


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [("no", "yes", "met"), ("no", "4", "met"), ("0", "no", "not met"), ("yes", "no", "not met")],
)
def test_a_spleen_noted_in_centimetres_is_there_as_well_as_one_noted_in_words(
    before: str, after: str, state: str
) -> None:
    assert examined(before, after) == state
