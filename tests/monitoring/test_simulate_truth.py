"""The latent course obeys physiology, and truth.csv says of it what is so."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from monitoring.simulate import Ward, simulated
from monitoring.simulation.kinetics import stepped, trailing_most

HOURS = 240


@pytest.fixture(scope="module")
def ward() -> Ward:
    return simulated(patients=84, days=10, seed=23)


def told(ward: Ward, event: str) -> list[tuple[int, float, float]]:
    return [(one.patient, one.began, one.ended) for one in ward.truth if one.event == event]


def runs(holds: Callable[[int, int], bool], patients: int) -> Iterator[tuple[int, int, int]]:
    """Hour by hour, as one would do it by hand: stretches of 24 h or more over which every hour holds."""
    for patient in range(patients):
        began = None
        for hour in range(HOURS + 1):
            inside = hour < HOURS and holds(patient, hour)
            if inside and began is None:
                began = hour
            if not inside and began is not None:
                if hour - began >= 24:
                    yield patient, began, hour
                began = None


def unexchanged(ward: Ward, marker: str) -> np.ndarray:
    """The courses of all whose plasma was never exchanged."""
    exchanged = ward.given.patient[ward.given.code == "plasma_exchange"]
    return np.delete(ward.latents.own[marker], np.unique(exchanged), axis=0)


def test_ferritin_never_falls_faster_than_its_half_life_of_thirty_hours(ward: Ward) -> None:
    course = unexchanged(ward, "ferritin")
    assert (course[:, 1:] / course[:, :-1]).min() >= 0.5 ** (1 / 30) - 1e-9


def test_crp_never_falls_faster_than_its_half_life_of_nineteen_hours(ward: Ward) -> None:
    course = unexchanged(ward, "crp")
    assert (course[:, 1:] / course[:, :-1]).min() >= 0.5 ** (1 / 19) - 1e-9


def test_no_value_is_beyond_what_a_body_can_show(ward: Ward) -> None:
    temperature, fibrinogen = ward.latents.seen["temperature"], ward.latents.seen["fibrinogen"]
    assert temperature.min() >= 36
    assert temperature.max() <= 41.5
    assert fibrinogen.min() > 0.2
    assert (ward.latents.seen["neutrophils"] <= ward.latents.seen["wbc"]).all()
    assert all((course > 0).all() for course in ward.latents.seen.values())


def test_ferritin_is_read_with_the_noise_of_the_catalog(ward: Ward) -> None:
    # CVs of 5 % and 12.8 %: ln(1.0025) + ln(1.016384) = 0.0187483, its root 0.1369
    results = ward.results
    mine = (results.marker == "ferritin") & (results.status == "final")
    before = np.floor(results.collected[mine]).astype(int)
    part = results.collected[mine] - before
    course, patient = ward.latents.seen["ferritin"], results.patient[mine]
    true = (1 - part) * course[patient, before] + part * course[patient, before + 1]
    error = np.log(results.measured[mine] / true)
    assert len(error) > 1000
    assert error.std() == pytest.approx(0.1369, rel=0.08)
    assert error.mean() == pytest.approx(0, abs=0.015)


def test_a_ferritin_rise_is_every_stretch_of_a_day_or_more_at_a_quarter_a_day(ward: Ward) -> None:
    course = ward.latents.own["ferritin"]
    expected = list(runs(lambda who, hour: course[who, hour + 1] / course[who, hour] >= 1.25 ** (1 / 24), 84))
    assert expected
    assert sorted(told(ward, "ferritin_rise")) == expected


def test_a_fibrinogen_fall_is_read_from_the_patients_own_fibrinogen(ward: Ward) -> None:
    course = ward.latents.own["fibrinogen"]
    expected = list(runs(lambda who, hour: course[who, hour + 1] / course[who, hour] <= 0.88 ** (1 / 24), 84))
    assert expected
    assert sorted(told(ward, "fibrinogen_fall")) == expected


@pytest.mark.parametrize("marker", ["ferritin", "fibrinogen"])
def test_stable_means_within_five_percent_a_day_with_and_without_what_was_given(ward: Ward, marker: str) -> None:
    courses = (ward.latents.own[marker], ward.latents.seen[marker])
    most = math.log(1.05) / 24
    expected = list(
        runs(lambda who, hour: all(abs(math.log(one[who, hour + 1] / one[who, hour])) <= most for one in courses), 84)
    )
    assert expected
    assert sorted(told(ward, f"stable_{marker}")) == expected


def test_the_value_of_a_rise_is_its_mean_change_per_day(ward: Ward) -> None:
    course = ward.latents.own["ferritin"]
    rise = next(one for one in ward.truth if one.event == "ferritin_rise")
    days = (rise.ended - rise.began) / 24
    whole = course[rise.patient, int(rise.ended)] / course[rise.patient, int(rise.began)]
    assert float(rise.value) == pytest.approx(100 * (whole ** (1 / days) - 1), abs=0.06)


def test_what_truth_says_of_a_steroid_is_what_ferritin_did(ward: Ward) -> None:
    ratios = {value: after(ward, 48, value) for value in ("responding", "not_responding", "slow")}
    assert all(len(found) for found in ratios.values())
    early, late = by_kind(ward, 48, "responding", late=False), by_kind(ward, 48, "responding", late=True)
    assert max(early) < 0.85
    assert min(ratios["not_responding"]) > 0.9
    assert min(ratios["slow"]) > 0.95
    assert max(late) > 1  # no lower than at the start, and yet a response: see below


def test_who_answers_late_falls_by_then_as_fast_as_ferritin_can_nearly(ward: Ward) -> None:
    # Production all but stopped: half-life 30 h gives 0.76 in 12 h; 0.9 leaves room for what is still made.
    at_48, at_60 = (np.array(by_kind(ward, hours, "responding", late=True)) for hours in (48, 60))
    assert len(at_48)
    assert (at_60 / at_48).max() < 0.9


def after(ward: Ward, hours: int, value: str) -> list[float]:
    """Ferritin so many hours after the steroid start, over that at the start."""
    return by_kind(ward, hours, value, late=False) + by_kind(ward, hours, value, late=True)


def by_kind(ward: Ward, hours: int, value: str, *, late: bool) -> list[float]:
    course, kinds = ward.latents.own["ferritin"], [kind.name for kind in ward.cohort.kinds]
    starts = [
        (one.patient, round(one.began))
        for one in ward.truth
        if one.event == "response" and one.value == value and one.began + 60 < HOURS
    ]
    wanted = [(who, at) for who, at in starts if (kinds[who] == "late_turn_responder") == late]
    return [course[who, at + hours] / course[who, at] for who, at in wanted]


def test_a_steroid_start_is_the_first_administration_of_its_drug(ward: Ward) -> None:
    given = ward.given
    for one in ward.truth:
        if one.event == "steroid_start":
            mine = (given.patient == one.patient) & (given.code == one.value)
            assert given.at[mine].min() == pytest.approx(one.began)


def test_a_relapse_is_a_true_rise_after_the_response(ward: Ward) -> None:
    rises = told(ward, "ferritin_rise")
    relapses = [one for one in ward.truth if one.event == "relapse"]
    assert relapses
    for one in relapses:
        assert (one.patient, one.began, one.ended) in rises
        assert one.began > ward.cohort.turns[one.patient] + 48


def test_tocilizumab_takes_crp_down_while_ferritin_rises(ward: Ward) -> None:
    masked = {one.patient: one.began for one in ward.truth if one.event == "masked_by" and one.value == "tocilizumab"}
    assert masked
    for patient, given_at in masked.items():
        hour = round(given_at)
        crp, ferritin = ward.latents.seen["crp"][patient], ward.latents.seen["ferritin"][patient]
        assert crp[hour + 48] < 0.4 * crp[hour]
        assert ferritin[hour + 48] > ferritin[hour]


def test_concentrate_lifts_what_is_seen_and_not_what_is_the_patients_own(ward: Ward) -> None:
    given = ward.given
    rows = np.flatnonzero(given.code == "fibrinogen_concentrate")
    assert len(rows)
    seen, own = ward.latents.seen["fibrinogen"], ward.latents.own["fibrinogen"]
    for row in rows:
        patient, hour = given.patient[row], math.ceil(given.at[row])
        # 10 mg/kg raise 0.17 g/L: grams per kg times 17
        lift = 17 * given.amount[row] / ward.cohort.people.weights[patient]
        step = (seen - own)[patient, hour] - (seen - own)[patient, hour - 1] * 0.9
        assert step >= 0.99 * lift
    masked = {one.patient for one in ward.truth if one.event == "masked_by" and one.value == "fibrinogen_concentrate"}
    assert masked == set(given.patient[rows])


def test_stable_patients_have_neither_rise_nor_fall(ward: Ward) -> None:
    quiet = {place for place, kind in enumerate(ward.cohort.kinds) if kind.name == "stable_high_ferritin"}
    assert quiet
    assert not quiet & {one.patient for one in ward.truth if one.event in ("ferritin_rise", "fibrinogen_fall")}


def test_turnover_steps_are_exact() -> None:
    # Production stopped, half lost each hour: 8, 4, 2; then a bolus of 3 comes on top of 1.
    nothing, half = np.zeros((1, 4)), np.full((1, 4), 0.5)
    boluses = np.array([[0.0, 0.0, 0.0, 3.0]])
    assert stepped(nothing, half, np.array([8.0]), boluses).tolist() == [[8.0, 4.0, 2.0, 4.0]]


def test_recovery_waits_and_worsening_does_not() -> None:
    activity = np.array([[0.0, 2.0, 1.0, 1.0, 1.0]])
    assert trailing_most(activity, 2).tolist() == [[0.0, 2.0, 2.0, 2.0, 1.0]]
