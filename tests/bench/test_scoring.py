"""The bench's own arithmetic, worked out by hand: what counts as found, late, false and called."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.bench.scoring import called, delays, false_alarms, starts

DAY = pd.Timestamp("2026-03-01T00:00:00+00:00")


def at(hours: float) -> pd.Timestamp:
    return DAY + pd.Timedelta(hours=hours)


def truth(*rows: tuple[str, str, float, float, str]) -> pd.DataFrame:
    """patient, event, hours from and to, value."""
    return pd.DataFrame(
        [(who, event, at(began), at(ended), value) for who, event, began, ended, value in rows],
        columns=["patient_id", "event", "began_at", "ended_at", "value"],
    )


def alarms(*rows: tuple[str, float, float | None]) -> pd.DataFrame:
    """patient, hours of raising and clearing; None while it stands."""
    table = pd.DataFrame(rows, columns=["patient_id", "raised", "cleared"]).astype({"cleared": float})
    raised, cleared = (DAY + pd.to_timedelta(table[name], unit="h") for name in ("raised", "cleared"))
    return pd.DataFrame({"patient_id": table["patient_id"], "raised_at": raised, "cleared_at": cleared})


@pytest.mark.parametrize(
    ("alarm", "found"),
    [
        (("P1", 70, None), [20.0]),  # 20 h after the beginning at hour 50
        (("P1", 86, None), [36.0]),  # the last moment that counts
        (("P1", 86.1, None), []),
        (("P1", 30, 60), [0.0]),  # stands already when it begins
        (("P1", 30, 49), []),  # over before it begins
        (("P2", 70, None), []),
    ],
)
def test_a_rise_is_found_by_an_alarm_within_36_h_that_was_not_over_before(
    alarm: tuple[str, float, float | None], found: list[float]
) -> None:
    told = truth(("P1", "ferritin_rise", 50, 120, "+40"), ("P2", "stable_ferritin", 0, 100, "0"))
    assert delays(told, "ferritin_rise", alarms(alarm)).tolist() == found


def test_the_first_of_several_alarms_gives_the_delay_and_each_rise_counts_for_itself() -> None:
    told = truth(("P1", "ferritin_rise", 50, 80, "+40"), ("P1", "ferritin_rise", 150, 180, "+40"))
    found = delays(told, "ferritin_rise", alarms(("P1", 60, 70), ("P1", 80, 100), ("P1", 160, None)))
    assert found.tolist() == [10.0, 10.0]


def test_false_alarms_are_those_raised_a_day_or_more_into_a_stable_stretch() -> None:
    told = truth(("P1", "stable_ferritin", 0, 120, "0"), ("P2", "stable_ferritin", 10, 30, "0"))
    # P1: 120 - 24 = 96 h are 4 days; P2 is stable for 20 h only and counts for nothing.
    counted = false_alarms(told, "stable_ferritin", alarms(("P1", 12, 30), ("P1", 24, 36), ("P1", 90, None)))
    assert counted == (2, 4.0)
    assert false_alarms(told, "stable_ferritin", alarms(("P1", 121, None), ("P2", 20, None))) == (0, 4.0)


def test_a_steroid_start_is_masked_by_concentrate_or_tocilizumab_alone() -> None:
    told = truth(
        ("P1", "response", 48, 120, "not_responding"), ("P1", "masked_by", 58, 130, "fibrinogen_concentrate"),
        ("P2", "response", 50, 122, "responding"), ("P2", "masked_by", 58, 130, "plasma_exchange"),
    )  # fmt: skip
    begun = starts(told)
    assert begun["answer"].tolist() == ["not_responding", "responding"]
    assert begun["masked"].tolist() == [True, False]
    assert begun["t0"].tolist() == [at(48), at(50)]


def test_a_failure_is_called_in_time_up_to_60_h_after_the_start_and_not_before_it() -> None:
    begun = pd.DataFrame({"patient_id": ["P1", "P2", "P3", "P4"], "t0": [at(10)] * 4})
    told = called(begun, alarms(("P1", 70, None), ("P2", 70.1, None), ("P3", 9, 12)))
    assert told.tolist() == [True, False, False, False]
