"""The disease rises again after it had answered: several markers turn back together, beside the step of the taper."""

from __future__ import annotations

import pytest

from tests.spec.drawing import at, flag, flags_of, judged

PULSE = "methylprednisolone 1000 mg"
ANSWERED = f"""
    hour | ferritin | platelets | crp | ast | given
      -1 | 20000    | 80        | 230 | 200 |
       0 |          |           |     |     | {PULSE}
      24 | 13000    | 82        | 110 | 150 | {PULSE}
      48 | 7500     | 95        | 45  | 90  | {PULSE}
      72 | 4500     | 130       | 20  | 60  | prednisone 70 mg
      84 | 4000     | 140       | 15  | 55  |
      96 | 3900     | 150       | 12  | 52  | prednisone 70 mg
     108 | 4000     | 150       | 12  | 52  |
     120 | 3900     | 152       | 12  | 50  | prednisone 40 mg
"""
BACK = """     132 | 5600     | 140       | 25  | 70  |
     144 | 8200     | 115       | 60  | 105 | prednisone 40 mg
     156 | 12000    | 90        | 110 | 160 |
"""


def test_a_lasting_response_is_no_relapse() -> None:
    assert "relapse" not in flags_of(judged(ANSWERED, as_of=121))


def test_markers_that_turn_back_together_are_a_relapse_and_urgent() -> None:
    assert flags_of(judged(ANSWERED + BACK, as_of=157))["relapse"] == "urgent"


def test_it_is_known_when_the_second_marker_turns_back_and_began_at_the_turn() -> None:
    row = flag(judged(ANSWERED + BACK, as_of=157), "relapse")
    # at 132 h AST alone is beyond three noises: ferritin ln(5600 / 3950) / 0.137 = 2.5, CRP ln(25 / 12) / 0.29 = 2.5
    assert row["raised_at"] == at(144)
    assert at(108) <= row["began_at"] <= at(120)


def test_the_step_of_the_taper_is_named_with_its_doses() -> None:
    row = flag(judged(ANSWERED + BACK, as_of=157), "relapse")
    # before the turn at 108 to 120 h: 70 mg of prednisone on day 4 (96 h), 40 mg on day 5 (120 h)
    step = next(e for e in row["evidence"] if e["role"] == "dose")
    assert (step["name"], step["value"]) == ("steroid lowered", at(120).isoformat())
    assert step["how"] == "70 to 40 mg prednisone-equivalent in 24 h"
    assert "turn back after 70 to 40 mg" in row["sentence"]


def test_every_change_can_be_recomputed_from_the_two_values() -> None:
    row = flag(judged(ANSWERED + BACK, as_of=157), "relapse")
    values = [e for e in row["evidence"] if e.get("analyte") == "ferritin"]
    told = next(e for e in row["evidence"] if e.get("name") == "Ferritin: change since the turn")
    assert told["value"] == pytest.approx(100 * (values[1]["value"] / values[0]["value"] - 1), abs=0.01)


def test_a_ferritin_that_rises_alone_is_no_relapse() -> None:
    alone = """     132 | 5600     | 152       | 12  | 50  |
     144 | 8200     | 153       | 12  | 51  |
     156 | 12000    | 150       | 12  | 50  |
"""
    on = flags_of(judged(ANSWERED + alone, as_of=157))
    assert "ferritin_rising" in on
    assert "relapse" not in on


def test_without_a_response_before_it_is_no_relapse() -> None:
    never = f"""
        hour | ferritin | crp | ast | given
          -1 | 7400     | 100 | 96  |
           0 |          |     |     | {PULSE}
          24 | 12400    | 160 | 160 |
          48 | 21800    | 262 | 310 |
          96 | 60000    | 380 | 700 |
    """
    on = flags_of(judged(never, as_of=97))
    assert "relapse" not in on
    assert "steroid_nonresponse" in on


def test_a_new_course_of_steroid_ends_it() -> None:
    again = ANSWERED + BACK + f"     200 | 15000    | 70        | 120 | 180 | {PULSE}\n"
    row = flag(judged(again, as_of=201), "relapse")
    assert (row["state"], row["why"]) == ("cleared", "a new steroid course began")


def test_a_ferritin_that_no_longer_rises_ends_it() -> None:
    over = (
        ANSWERED
        + BACK
        + """     180 | 9000     | 95        | 60  | 110 |
     204 | 5500     | 120       | 30  | 70  |
     228 | 3500     | 150       | 12  | 50  |
"""
    )
    assert "relapse" not in flags_of(judged(over, as_of=229))
