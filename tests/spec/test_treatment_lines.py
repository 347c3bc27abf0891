"""Treatment lines and the first administration of a high-dose steroid course (T0)."""

from __future__ import annotations

import pandas as pd
import pytest

from monitoring.analysis.assessment import Assessment
from tests.spec.drawing import at, judged


def line(assessment: Assessment) -> pd.Series:
    return assessment.lines.iloc[0]


def t0s(assessment: Assessment) -> list[pd.Timestamp]:
    return assessment.starts["t0"].tolist()


def test_nothing_given_is_no_line() -> None:
    told = line(judged("hour | ferritin\n0 | 900", as_of=1))
    assert (told["line"], told["drugs"]) == ("none", [])
    assert pd.isna(told["since"])


def test_a_pulse_is_first_line_since_its_first_dose() -> None:
    told = line(judged("hour | given\n6 | methylprednisolone 1000 mg\n30 | methylprednisolone 1000 mg", as_of=31))
    assert told["line"] == "first"
    assert told["since"] == at(6)
    assert told["hours_on_line"] == 25.0


def test_anakinra_beside_steroids_is_second_line_since_anakinra() -> None:
    course = "hour | given\n0 | methylprednisolone 1000 mg\n24 | methylprednisolone 1000 mg\n30 | anakinra 100 mg"
    told = line(judged(course, as_of=32))
    assert (told["line"], told["drugs"], told["hours_on_line"]) == ("second", ["anakinra"], 2.0)


@pytest.mark.parametrize("drug", ["tocilizumab", "emapalumab", "ruxolitinib", "etoposide", "ivig", "alemtuzumab"])
def test_drugs_for_refractory_disease_are_the_refractory_line(drug: str) -> None:
    assert line(judged(f"hour | given\n0 | {drug} 100 mg", as_of=1))["line"] == "refractory"


def test_a_drug_not_given_yet_is_no_line() -> None:
    assert line(judged("hour | given\n6 | anakinra 100 mg", as_of="5:59"))["line"] == "none"


def test_one_milligram_per_kilogram_starts_a_course_and_less_does_not() -> None:
    assert t0s(judged("hour | given\n0 | prednisone 70 mg", as_of=1)) == [at(0)]
    assert t0s(judged("hour | given\n0 | prednisone 69 mg", as_of=1)) == []


def test_without_a_weight_sixty_milligrams_a_day_count() -> None:
    assert t0s(judged("hour | given\n0 | prednisone 60 mg", as_of=1, weight=None)) == [at(0)]
    assert t0s(judged("hour | given\n0 | prednisone 59 mg", as_of=1, weight=None)) == []


def test_other_steroids_count_by_their_equivalence() -> None:
    # methylprednisolone 56 mg * 1.25 = 70 mg prednisone; dexamethasone 10.5 mg / 0.75 * 5 = 70 mg
    assert t0s(judged("hour | given\n0 | methylprednisolone 56 mg", as_of=1)) == [at(0)]
    assert t0s(judged("hour | given\n0 | dexamethasone 10.6 mg", as_of=1)) == [at(0)]
    assert t0s(judged("hour | given\n0 | dexamethasone 10.2 mg", as_of=1)) == []


def test_hydrocortisone_for_shock_starts_nothing() -> None:
    told = judged("hour | given\n0 | hydrocortisone 400 mg", as_of=1)
    assert t0s(told) == []
    assert line(told)["line"] == "none"


def test_divided_doses_count_together_from_the_first_of_them() -> None:
    course = "hour | given\n0 | prednisone 25 mg\n8 | prednisone 25 mg\n16 | prednisone 25 mg"
    assert t0s(judged(course, as_of=15)) == []
    assert t0s(judged(course, as_of=16)) == [at(0)]


def test_a_home_dose_of_the_morning_does_not_move_the_start() -> None:
    course = "hour | given\n0 | prednisone 10 mg\n5 | methylprednisolone 1000 mg"
    assert t0s(judged(course, as_of=6)) == [at(5)]


def test_doses_a_day_apart_do_not_add_up() -> None:
    assert t0s(judged("hour | given\n0 | prednisone 40 mg\n24 | prednisone 40 mg", as_of=25)) == []
    assert t0s(judged("hour | given\n0 | prednisone 40 mg\n23:59 | prednisone 40 mg", as_of=25)) == [at(0)]


def test_a_new_course_begins_after_seventy_two_hours_below_the_high_dose() -> None:
    # the first high day ends at hour 24; 72 h below it end at hour 96
    within = "hour | given\n0 | methylprednisolone 1000 mg\n95:59 | methylprednisolone 1000 mg"
    after = "hour | given\n0 | methylprednisolone 1000 mg\n96 | methylprednisolone 1000 mg"
    assert t0s(judged(within, as_of=100)) == [at(0)]
    assert t0s(judged(after, as_of=100)) == [at(0), at(96)]


def test_a_running_daily_course_counts_every_day() -> None:
    told = judged("hour | given\n0 | methylprednisolone 600 mg/day", as_of=60)
    assert t0s(told) == [at(0)]
    assert line(told)["hours_on_line"] == 60.0


def test_per_kilogram_needs_no_weight() -> None:
    assert t0s(judged("hour | given\n0 | methylprednisolone 2 mg/kg", as_of=1, weight=None)) == [at(0)]


def test_doses_stand_against_the_cited_range() -> None:
    told = line(judged("hour | given\n0 | anakinra 100 mg", as_of=1))
    stands = {
        source: r["stands"] for r in told["doses"][0]["ranges"] if r["unit"] == "mg/kg/day" for source in r["source"]
    }
    assert (stands["S1"], stands["S2"]) == ("below", "below")  # 100 mg in 70 kg is 1.4 mg/kg, both documents begin at 2
