"""The ideal observer's arithmetic against what is worked out by hand, or by scipy in one piece."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

from monitoring.catalog import load_catalog
from monitoring.simulate import DEFAULT_START
from monitoring.simulation.numbers import load_numbers
from tests.bench.ceiling import beliefs, between, missing, seen, standing, with_missing
from tests.bench.ideal import AFTER, LEAD, OWN, Courses, Follows, Observer, courses, lasting

TURN = 48


def two_courses() -> Courses:
    """One that stays at log 8, one that rises by 0.5 a day from its turn on; both at a level that is known exactly."""
    hours = np.arange(-LEAD, AFTER + 1)
    rises = 0.5 / 24 * np.maximum(hours, 0)
    up = np.column_stack([np.zeros(len(hours), dtype=bool), hours >= 0])
    return Courses(
        logs={OWN: np.column_stack([np.full(len(hours), 8.0), 8.0 + rises])},
        rising=up,
        stable=~up,
        moving=up,
        treated=np.array([False, True]),
        spreads={OWN: 0.0},
        own_way=0.2,
    )


def believed(log: float, *, above: bool = False, treated_alone: bool = False) -> tuple[float, float, float]:
    """What is believed after one value a day after the turn, known to a standard deviation of 0.25."""
    observer = Observer(two_courses(), np.full(2, TURN))
    observer.sees(OWN, TURN + 24, log, 0.25, above=above)
    return observer.believes(TURN + 24, np.array([not treated_alone, True]))


def test_values_weigh_courses_by_how_well_they_explain_them() -> None:
    # 8.25 lies half way between 8.0 and 8.5; 8.5 is two standard deviations from 8.0: odds of e^(2²/2) to one.
    assert believed(8.25) == pytest.approx((0.5, 0.5, 0.5), abs=1e-6)
    sure = math.exp(2) / (1 + math.exp(2))
    assert believed(8.5) == pytest.approx((sure, 1 - sure, sure), abs=1e-6)


def test_a_bound_weighs_courses_by_how_often_they_lie_beyond_it() -> None:
    # Beyond 8.0 lies half of what the flat course gives; of the other what is above -2 standard deviations, 0.97725.
    assert believed(8.0, above=True)[0] == pytest.approx(0.97725 / 1.47725, abs=1e-4)


def test_courses_that_cannot_be_have_no_say() -> None:
    assert believed(8.0, treated_alone=True) == (1.0, 0.0, 1.0)


def test_level_and_strength_are_integrated_out_as_one_gaussian_of_all_values_does() -> None:
    shape, logs = np.array([0.0, 0.3, 0.9]), np.array([8.4, 8.9, 9.1])
    follows = Follows(*(np.array([number]) for number in (8.5, 1.0, 0.49, 0.0, 0.04)))
    said = sum(float(follows.seen(np.array([x]), y, 0.02)[0]) for x, y in zip(shape, logs, strict=True))
    whole = multivariate_normal(8.5 + shape, 0.49 + 0.04 * np.outer(shape, shape) + 0.02 * np.eye(3))
    assert said - 1.5 * math.log(2 * math.pi) == pytest.approx(whole.logpdf(logs), abs=1e-9)


def test_a_condition_lasts_from_its_first_hour_when_it_holds_long_enough() -> None:
    holds = np.zeros((60, 2), dtype=bool)
    holds[5:29, 0] = True  # 24 h
    holds[5:28, 1] = True  # 23 h
    told = lasting(holds, 24)
    assert np.flatnonzero(told[:, 0]).tolist() == list(range(5, 29))
    assert not told[:, 1].any()


def test_an_alarm_stands_from_the_first_signal_until_it_is_taken_back_and_never_passes_to_the_next_patient() -> None:
    told = pd.DataFrame({"patient_id": list("AAAAAB"), "at": [1.0, 13.0, 25.0, 37.0, 49.0, 2.0]})
    alarms = standing(told, np.array([0, 1, 0, -1, 1, -1]))
    start = pd.Timestamp(DEFAULT_START)
    assert alarms["patient_id"].tolist() == ["A", "A"]
    assert ((alarms["raised_at"] - start) / pd.Timedelta(hours=1)).tolist() == [13.0, 49.0]
    assert alarms["cleared_at"].iloc[0] == start + pd.Timedelta(hours=37)
    assert pd.isna(alarms["cleared_at"].iloc[1])


def test_what_is_found_is_read_between_the_two_nearest_thresholds_and_never_beyond_them() -> None:
    assert between([3.0, 1.0, 0.5], [80.0, 70.0, 60.0]) == 75.0
    assert math.isnan(between([1.5, 1.0], [75.0, 70.0]))


def test_only_ferritin_goes_missing_more_or_less_often() -> None:
    numbers = load_numbers()
    fewer = with_missing(numbers, 0.3)
    assert missing(numbers, None) == pytest.approx(1 - 0.9 * 0.86)  # one draw in ten, and then 14 tubes in 100
    shares = {panel.markers[0]: panel.measured for panel in fewer.panels}
    assert shares[OWN] == pytest.approx(0.7)
    assert shares["platelets"] == pytest.approx(0.9 * 0.97)
    assert fewer["draws"]["missed"] == 0


def test_it_says_something_of_every_ferritin_of_a_ward_and_knows_who_truly_rises() -> None:
    catalog, numbers = load_catalog(), load_numbers()
    ward = seen(catalog, with_missing(numbers, 0.0), patients=30)
    told = beliefs(ward, courses(numbers, ("ldh",), count=400, seed=1), (OWN, "ldh"), numbers)
    points = ward.points[ward.points["analyte"].eq(OWN)]
    assert len(told) == (points["counts"] | (points["above"] & points["usable"])).sum()
    at = pd.Timestamp(DEFAULT_START) + pd.to_timedelta(told["at"], unit="h")
    rises = ward.truth[ward.truth["event"].eq("ferritin_rise")]
    truly = pd.Series(False, index=told.index)
    for one in rises.itertuples():
        truly |= told["patient_id"].eq(one.patient_id) & at.between(one.began_at, one.ended_at)
    assert told.loc[truly, "rising"].mean() > 0.6
    assert told.loc[~truly, "rising"].mean() < 0.2
