"""What goes wrong with results, and what else a ward meets: told in the files, and its truth beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitoring.simulate import Ward, simulated
from monitoring.simulation.cohort import Cohort
from monitoring.simulation.drawing import Results
from monitoring.simulation.mishaps import mishaps

KINDS = ["hooked", "method_changed", "diluted", "responder"]
DECOY, EXCHANGED = "crp_ast_rising", "exchanged"


@pytest.fixture(scope="module")
def ward() -> Ward:
    return simulated(patients=32, days=9, seed=41, kinds=KINDS)


def of_kind(cohort: Cohort, name: str) -> list[int]:
    return [place for place, kind in enumerate(cohort.kinds) if kind.name == name]


def found(ward: Ward, event: str) -> list[tuple[int, float, float, str]]:
    return [(one.patient, one.began, one.ended, one.value) for one in ward.truth if one.event == event]


def shown(results: Results, patient: int, marker: str, status: str = "final") -> tuple[np.ndarray, np.ndarray]:
    """Hours drawn and the ratio of what was told to what the analyser should have told, in the printed unit."""
    mine = (results.patient == patient) & (results.marker == marker) & (results.status == status)
    mine &= ~np.isin(results.text.astype("<U1"), ("<", ">"))
    return results.collected[mine], results.text[mine].astype(float) / results.measured[mine]


def test_a_hooked_ferritin_is_told_far_too_low_and_without_a_mark(ward: Ward) -> None:
    events = found(ward, "hook")
    assert len(events) >= 4
    for patient, began, ended, value in events:
        hours, ratio = shown(ward.results, patient, "ferritin")
        wrong = ratio < 0.5
        assert wrong.any()
        assert ratio[wrong] == pytest.approx(float(value), rel=0.02)
        assert ratio[~wrong] == pytest.approx(1, rel=0.01)
        assert began == hours[wrong].min()
        assert hours[wrong].max() < ended


def test_a_hooked_ferritin_is_diluted_later_and_put_right_under_its_own_number(ward: Ward) -> None:
    for patient, _, ended, _ in found(ward, "hook"):
        hours, ratio = shown(ward.results, patient, "ferritin")
        again, right = shown(ward.results, patient, "ferritin", "corrected")
        assert sorted(again) == sorted(hours[ratio < 0.5])
        assert right == pytest.approx(1, rel=0.01)
        mine = (ward.results.patient == patient) & (ward.results.status == "corrected")
        assert ward.results.resulted[mine].max() == pytest.approx(ended)
        assert set(ward.results.number[mine]) <= set(ward.results.number[ward.results.status == "final"])


def test_another_assay_reads_another_level_and_says_its_name(ward: Ward) -> None:
    events = found(ward, "method_change")
    assert [patient for patient, *_ in events] == of_kind(ward.cohort, "method_changed")
    for patient, began, _, value in events:
        told = ward.results
        mine = (told.patient == patient) & (told.marker == "ferritin")
        later = told.collected[mine] >= began
        assert set(told.method[mine][later]) == {"nephelometric"}
        assert "nephelometric" not in told.method[mine][~later]
        hours, ratio = shown(told, patient, "ferritin")
        assert ratio[hours >= began] == pytest.approx(float(value), rel=0.01)
        assert ratio[hours < began] == pytest.approx(1, rel=0.01)


def test_a_thinned_tube_lowers_all_values_of_one_draw_alike(ward: Ward) -> None:
    thinned = [one for one in found(ward, "dilution") if one[3] != "wrong_sample"]
    assert thinned
    for patient, began, ended, value in thinned:
        assert began == ended
        for marker in ("fibrinogen", "hemoglobin"):
            forms = ward.numbers.laboratories[ward.cohort.laboratories[patient]].prints[marker]
            hours, ratio = shown(ward.results, patient, marker)
            assert ratio[hours == began] / forms.factor == pytest.approx(float(value), rel=0.05)
            assert ratio[hours != began] / forms.factor == pytest.approx(1, rel=0.05)


def test_somebody_elses_tube_moves_the_values_of_one_draw_every_way() -> None:
    ward = simulated(patients=20, days=8, seed=42, kinds=["diluted"])
    foreign = [one for one in found(ward, "dilution") if one[3] == "wrong_sample"]
    assert foreign
    told, ratios = ward.results, []
    for patient, began, *_ in foreign:
        for marker in ("ldh", "platelets", "ast", "alt"):  # printed in our unit by every laboratory
            hours, ratio = shown(told, patient, marker)
            ratios += list(ratio[hours == began])
    assert min(ratios) < 0.7
    assert max(ratios) > 1.4


def test_mishaps_leave_the_results_of_everybody_else_as_they_were(ward: Ward) -> None:
    cohort = replace(ward.cohort, kinds=tuple(replace(kind, mishap="") for kind in ward.cohort.kinds))
    plain = mishaps(ward.numbers, cohort, ward.results, seed=41)
    assert plain.events == []
    assert plain.results.text.tolist() == ward.results.text.tolist()
    calm = np.isin(ward.results.patient, of_kind(ward.cohort, "responder"))
    assert set(ward.results.status[calm]) == {"final"}
    known = {method for laboratory in ward.numbers.laboratories for method in laboratory.methods.values()}
    assert set(ward.results.method[calm]) <= known | {""}


def test_the_first_exchange_takes_about_sixty_percent_of_fibrinogen_and_less_of_ferritin() -> None:
    ward = simulated(patients=6, days=10, seed=43, kinds=[EXCHANGED])
    given = ward.given.chosen(["plasma_exchange"])
    first = [int(np.ceil(given.at[given.patient == patient].min())) for patient in range(6)]
    for marker, low, high in (("fibrinogen", 0.35, 0.5), ("ferritin", 0.55, 0.7)):
        course = ward.latents.own[marker]
        left = [course[patient, hour + 3] / course[patient, hour] for patient, hour in enumerate(first)]
        assert low <= min(left) <= max(left) <= high
    masked = {patient for patient, _, _, value in found(ward, "masked_by") if value == "plasma_exchange"}
    assert masked == set(given.patient)


def test_in_the_decoy_crp_and_ast_rise_and_ferritin_does_not() -> None:
    ward = simulated(patients=8, days=9, seed=44, kinds=[DECOY])
    begin, end = (np.clip(np.round(ward.cohort.turns).astype(int) + hours, 0, ward.cohort.hours) for hours in (0, 72))
    who = np.arange(8)
    for marker, least in (("crp", 1.5), ("ast", 1.5)):
        course = ward.latents.seen[marker]
        assert np.median(course[who, end] / course[who, begin]) > least
    assert not found(ward, "ferritin_rise")
    assert not found(ward, "fibrinogen_fall")


def test_a_car_t_course_begins_days_after_the_infusion() -> None:
    ward = simulated(patients=6, days=10, seed=45, kinds=["car_t_responder", "car_t_nonresponder"])
    assert {one[1] for one in found(ward, "infusion")} == {0.0}
    assert set(ward.cohort.people.contexts) == {"CAR-T"}
    starts = {patient: began for patient, began, *_ in found(ward, "steroid_start")}
    assert set(starts) == set(range(6))
    assert min(starts.values()) >= 24  # the turn lies between 0.15 and 0.4 of ten days
    assert {value for *_, value in found(ward, "response")} == {"responding", "not_responding"}


def test_a_sudden_flare_is_a_true_rise_within_a_day_of_its_onset() -> None:
    ward = simulated(patients=8, days=10, seed=46, kinds=["flaring_untreated"])
    rises = {patient: began for patient, began, *_ in found(ward, "ferritin_rise")}
    assert len(rises) == 8
    assert all(0 <= began - ward.cohort.turns[patient] <= 24 for patient, began in rises.items())
