"""What is written down about flags: raised, worsened, cleared, retracted, each once, with its reason."""

from __future__ import annotations

import json

import pytest

from tests.spec.drawing import at, drawn
from tests.spec.living import lived, story


def test_a_rise_is_raised_once_however_often_it_is_judged() -> None:
    course = drawn("hour | ferritin\n0 | 1000\n12 | 1700")
    assert story(lived(course, 12, 13, 24, 36), "ferritin_rising") == ["raised"]


def test_a_rise_that_gets_faster_worsens() -> None:
    course = drawn("hour | ferritin\n0 | 2000\n12 | 2400\n24 | 2880\n36 | 3460\n48 | 9000")
    history = lived(course, 36, 48)
    assert story(history, "ferritin_rising") == ["raised", "worsened"]
    assert history.loc[history["flag"] == "ferritin_rising", "severity"].tolist() == ["watch", "urgent"]


def test_a_rise_that_ends_is_cleared_when_that_could_be_known() -> None:
    course = drawn(
        "hour | received | ferritin\n0 | 1 | 4000\n12 | 13 | 9000\n24 | 25 | 8800\n36 | 37 | 8500\n48 | 50 | 8000"
    )
    history = lived(course, 13, 49, 60)
    cleared = history[(history["flag"] == "ferritin_rising") & (history["change"] == "cleared")].iloc[0]
    assert cleared["changed_at"] == at(50)
    assert cleared["recorded_at"] == at(60)


def test_a_flag_whose_value_is_corrected_is_retracted_and_says_why() -> None:
    course = drawn(
        """
        hour | received | version | status    | ferritin
           0 |        1 |       1 | final     | 1100
          12 |       13 |       1 | final     | 112000
          12 |       20 |       2 | corrected | 1120
        """
    )
    history = lived(course, 14, 24)
    assert story(history, "ferritin_rising") == ["raised", "retracted"]
    assert story(history, "ferritin_extreme") == ["raised", "retracted"]
    reason = history[history["change"] == "retracted"].iloc[0]["reason"]
    assert "112000" in reason
    assert "1120 " in reason


def test_a_flag_whose_value_is_withdrawn_is_retracted() -> None:
    course = drawn(
        """
        hour | received | version | status           | fibrinogen
           0 |        1 |       1 | final            | 0.7
           0 |        9 |       2 | entered-in-error | 0.7
        """
    )
    history = lived(course, 2, 10)
    assert story(history, "fibrinogen_low") == ["raised", "retracted"]
    assert "withdrawn" in history.iloc[-1]["reason"]


@pytest.mark.parametrize(("hour", "told"), [("19:59", ["raised"]), ("20:00", ["raised", "retracted"])])
def test_a_correction_takes_a_flag_back_in_the_first_cycle_that_can_know_of_it(hour: str, told: list[str]) -> None:
    course = drawn(
        """
        hour | received | version | status    | fibrinogen
           0 |        1 |       1 | final     | 0.7
           0 |       20 |       2 | corrected | 3.7
        """
    )
    assert story(lived(course, 2, hour), "fibrinogen_low") == told


def test_a_flag_taken_back_stays_so_until_new_values_raise_it_anew_on_their_own_evidence() -> None:
    course = drawn(
        """
        hour | received | version | status    | ferritin
           0 |        1 |       1 | final     | 1100
          12 |       13 |       1 | final     | 112000
          12 |       20 |       2 | corrected | 1120
          24 |       25 |       1 | final     | 9000
        """
    )
    history = lived(course, 14, 20, 22, 25, 26)
    assert story(history, "ferritin_rising") == ["raised", "retracted", "raised"]
    rising = history[history["flag"] == "ferritin_rising"].sort_values("seq")
    assert rising["seq"].tolist() == [0, 1, 2]
    values = [[entry["value"] for entry in json.loads(text) if "ref" in entry] for text in rising["evidence"]]
    assert values[0] == values[1] == [1100.0, 112000.0]
    assert values[2][-1] == 9000.0
    assert 112000.0 not in values[2]


def test_a_rise_that_ended_and_came_back_is_raised_anew() -> None:
    # falls by 3 to 11 % are no rise; 2,300 -> 9,000 in 12 h is one
    course = drawn("hour | ferritin\n0 | 1000\n12 | 3000\n24 | 2900\n36 | 2800\n48 | 2500\n60 | 2300\n72 | 9000")
    history = lived(course, 12, 24, 36, 48, 60, 72)
    assert story(history, "ferritin_rising") == ["raised", "cleared", "raised"]


@pytest.mark.parametrize("silent_hours", [24, 240, 2400])
def test_values_that_never_come_clear_nothing(silent_hours: int) -> None:
    course = drawn("hour | ferritin\n0 | 1000\n12 | 3000")
    assert story(lived(course, 12, 12 + silent_hours), "ferritin_rising") == ["raised"]


def test_a_correction_that_still_shows_it_retracts_nothing() -> None:
    course = drawn(
        """
        hour | received | version | status    | ferritin
           0 |        1 |       1 | final     | 1100
          12 |       13 |       1 | final     | 9000
          12 |       20 |       2 | corrected | 8000
        """
    )
    assert story(lived(course, 14, 24), "ferritin_rising") == ["raised"]


def test_overdue_labs_are_cleared_by_their_arrival() -> None:
    course = drawn(
        """
        hour | ferritin | fibrinogen | platelets | crp | ast | given
           0 | 5000     | 3.0        | 90        | 80  | 60  | methylprednisolone 1000 mg
          20 | 5000     | 3.0        | 90        | 80  | 60  |
        """
    )
    history = lived(course, 17, 19, 21)
    assert story(history, "labs_overdue") == ["raised", "cleared"]


def test_a_flag_that_came_and_went_between_two_cycles_is_in_the_history() -> None:
    course = drawn("hour | ferritin\n0 | 4000\n12 | 9000\n24 | 8800\n36 | 8500\n48 | 8000")
    history = lived(course, 60)
    assert story(history, "ferritin_rising") == ["raised", "cleared"]


def test_a_discharge_ends_what_was_active() -> None:
    course = drawn("hour | ferritin\n0 | 1000\n12 | 3000", discharged_at=at(30))
    history = lived(course, 13, 31)
    assert story(history, "ferritin_rising") == ["raised", "cleared"]
    assert "discharged" in history.iloc[-1]["reason"]


def test_the_evidence_is_stored_with_the_change() -> None:
    history = lived(drawn("hour | ferritin\n0 | 1000\n12 | 3000"), 12)
    evidence = json.loads(history.iloc[0]["evidence"])
    assert [entry["value"] for entry in evidence if "analyte" in entry] == [1000.0, 3000.0]
