"""The rules that a ward would use instead, on series worked out by hand: they must be given their due."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from monitoring.analysis.course import Course
from storage.frames import DOSES, FINDINGS, OBSERVATIONS, PATIENTS, empty, shaped
from tests.bench.looks import Look, Rival, seen
from tests.bench.rivals import beyond, changed_at_48, cusum, ewma, in_a_row, mann_kendall, reference_change

DAY = pd.Timestamp("2026-03-01T06:00:00+00:00")


def look(*values: float) -> Look:
    """One patient, a value every 12 h, the last now."""
    drawn = 12.0 * np.arange(len(values))
    return Look(at=drawn[-1:], drawn=drawn[None, :], logs=np.log(np.array(values))[None, :])


def holds(rival: Rival, *values: float) -> bool:
    return bool(rival(look(*values))[0])


def test_two_in_a_row_asks_for_three_values_each_higher_than_the_one_before() -> None:
    assert holds(partial(in_a_row, way=1), 5000, 900, 901, 902)
    assert not holds(partial(in_a_row, way=1), 900, 950, 950)
    assert not holds(partial(in_a_row, way=1), 900, 950)
    assert holds(partial(in_a_row, way=-1), 3.0, 2.9, 2.8)


def test_a_fixed_threshold_looks_at_the_newest_value_alone() -> None:
    assert holds(partial(beyond, way=1, limit=math.log(10000)), 200, 10001)
    assert not holds(partial(beyond, way=1, limit=math.log(10000)), 20000, 9999)
    assert holds(partial(beyond, way=-1, limit=math.log(1.5)), 4.0, 1.49)


def test_the_reference_change_of_ferritin_is_37_percent_between_the_last_two() -> None:
    # 1.645 * sqrt(2) * 0.1369 = 0.3185; exp(0.3185) = 1.375
    rise = partial(reference_change, way=1, sigma=0.1369)
    assert holds(rise, 1000, 1376)
    assert not holds(rise, 1000, 1374)
    assert not holds(rise, 1000, 1200, 1440)


def test_mann_kendall_needs_five_values_to_be_sure() -> None:
    rise = partial(mann_kendall, way=1)
    # Five in order: S = 10, its variance 5*4*15/18 = 16.67, z = 9/4.08 = 2.20. Four: S = 6, 4*3*13/18 = 8.67, z = 1.70.
    assert holds(rise, 1, 2, 3, 4, 5)
    assert not holds(rise, 1, 2, 3, 4)
    assert not holds(rise, 5, 4, 3, 2, 1)
    assert not holds(rise, 7, 7, 7, 7, 7)
    assert not holds(rise, 7)


def test_mann_kendall_looks_back_three_days_and_no_further() -> None:
    # 8 values lie 84 h apart; of the last seven (72 h) the order is 7 6 5 4 3 2 1 with nothing before it.
    assert holds(partial(mann_kendall, way=-1), 1, 7, 6, 5, 4, 3, 2, 1)


def test_ewma_begins_at_the_mean_of_the_first_three() -> None:
    # One step of d SDs: level 0.2*d, limit after the fourth value 3*sqrt(0.1111*(1-0.8**8)) = 0.912, so d > 4.56.
    rise = partial(ewma, way=1, sigma=0.1)
    assert holds(rise, 100, 100, 100, 100 * math.exp(0.46))
    assert not holds(rise, 100, 100, 100, 100 * math.exp(0.45))
    assert not holds(rise, 100, 100, 500)


def test_cusum_adds_what_goes_beyond_half_a_deviation() -> None:
    # Steps of 2.5 SDs add 2 each: 2, 4, 6; only the third is above 4, and above 5.
    steps = [100.0, 100, 100, *[100 * math.exp(0.25)] * 3]
    for decision in (4.0, 5.0):
        rise = partial(cusum, way=1, sigma=0.1, decision=decision)
        assert holds(rise, *steps)
        assert not holds(rise, *steps[:4])
    assert not holds(partial(cusum, way=-1, sigma=0.1, decision=4.0), *steps)


def course(*rows: tuple[float, float, float, int, int]) -> Course:
    """Ferritin of one patient: hours drawn and issued, value, ref, version."""
    table = pd.DataFrame(rows, columns=["drawn", "issued", "value", "ref", "version"])
    drawn, issued = (DAY + pd.to_timedelta(table[name], unit="h") for name in ("drawn", "issued"))
    told = table[["value", "ref", "version"]].assign(
        patient_id="P1", analyte="ferritin", collected_at=drawn, resulted_at=issued, received_at=issued, status="final"
    )
    return Course(empty(PATIENTS), shaped(told, OBSERVATIONS), empty(DOSES), empty(FINDINGS))


def test_whenever_a_result_is_issued_the_version_of_then_is_seen() -> None:
    told = seen(course((0, 1, 100, 1, 1), (12, 13, 900, 2, 1), (12, 20, 120, 2, 2), (24, 25, 150, 3, 1)), "ferritin")
    shown = [np.exp(one.logs[0][~np.isnan(one.logs[0])]).round().tolist() for one in told.looks]
    assert shown == [[100], [100, 900], [100, 120], [100, 120, 150]]
    assert [one.at[0] for one in told.looks] == [1, 13, 20, 25]


def test_an_alarm_lasts_from_the_result_at_which_the_rule_holds_to_that_at_which_it_does_not() -> None:
    told = seen(course((0, 1, 100, 1, 1), (12, 13, 300, 2, 1), (24, 25, 90, 3, 1), (36, 37, 400, 4, 1)), "ferritin")
    alarms = told.alarms(partial(beyond, way=1, limit=math.log(200)))
    hours = [((alarms[name] - DAY) / pd.Timedelta(hours=1)).tolist() for name in ("raised_at", "cleared_at")]
    assert hours[0] == [13.0, 37.0]
    assert hours[1][0] == 25.0
    assert math.isnan(hours[1][1])


def test_a_patient_with_fewer_reports_keeps_what_held_at_the_last_of_them() -> None:
    one = course((0, 1, 300, 1, 1))
    other = course((0, 1, 100, 1, 1), (12, 13, 100, 2, 1))
    both = pd.concat([one.observations, other.observations.assign(patient_id="P2")], ignore_index=True)
    alarms = seen(replace(one, observations=both), "ferritin").alarms(partial(beyond, way=1, limit=math.log(200)))
    assert alarms["patient_id"].tolist() == ["P1"]
    assert alarms["cleared_at"].isna().all()


def test_the_rule_of_thumb_for_48_h_compares_the_nearest_value_with_the_newest_before_the_dose() -> None:
    starts = pd.DataFrame({"patient_id": ["P1"], "t0": [DAY + pd.Timedelta(hours=30)]})
    whole = [(0, 1, 50, 1, 1), (24, 25, 100, 2, 1), (36, 37, 500, 3, 1), (72, 73, 150, 4, 1), (80, 81, 80, 5, 1)]
    # 24 h is the newest by 2 h after the dose; 80 - 30 = 50 h is nearer 48 than 42.
    assert changed_at_48(course(*whole), starts) == pytest.approx([0.8])
    assert changed_at_48(course(*whole[:4]), starts) == pytest.approx([1.5])
    assert np.isnan(changed_at_48(course(*whole[:3]), starts)).all()
    # Issued more than 60 h after the dose: not known in time.
    assert np.isnan(changed_at_48(course(*whole[:3], (72, 91, 150, 4, 1)), starts)).all()
