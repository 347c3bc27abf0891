"""The catalog's numbers against those worked out by hand from their sources."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import pytest

from monitoring.catalog import load_catalog
from monitoring.terms import Analyte, Interval, Variation

CATALOG = load_catalog()


@pytest.mark.parametrize(
    ("drug", "source", "low", "high", "unit", "maximum"),
    [
        ("methylprednisolone", "S1", 1000, 1000, "mg/day", None),
        ("methylprednisolone", "S2", 30, 30, "mg/kg/day", 1000),
        ("methylprednisolone", "S2", 2, 3, "mg/kg/day", None),
        ("ciclosporin", "S1", 2, 7, "mg/kg/day", None),
        ("ciclosporin", "S2", 2, 7, "mg/kg/day", None),
        ("anakinra", "S1", 2, 6, "mg/kg/day", None),
        ("anakinra", "S2", 2, 10, "mg/kg/day", None),
        ("anakinra", "kineret_label", 1, 8, "mg/kg/day", None),
        ("etoposide", "S2", 150, 150, "mg/m2", None),
        ("ivig", "S2", 1, 2, "g/kg", None),
        ("tocilizumab", "tocilizumab_label", 8, 8, "mg/kg", 800),
        ("tocilizumab", "tocilizumab_label", 12, 12, "mg/kg", 800),
        ("canakinumab", "canakinumab_label", 4, 4, "mg/kg", 300),
        ("emapalumab", "emapalumab_label", 6, 6, "mg/kg", None),
        ("emapalumab", "emapalumab_trial", 3, 3, "mg/kg", None),
        ("dexamethasone", "henter2007", 10, 10, "mg/m2/day", None),
    ],
)
def test_a_dose_range_stands_with_its_own_source(
    drug: str, source: str, low: float, high: float, unit: str, maximum: float | None
) -> None:
    ranges = [(d.low, d.high, d.unit, d.maximum) for d in CATALOG.drugs[drug].doses if source in d.source.cite]
    assert (low, high, unit, maximum) in ranges


@pytest.mark.parametrize(
    ("drug", "mg", "prednisone_mg"),
    [
        ("methylprednisolone", 1000, 1250),
        ("prednisolone", 60, 60),
        ("dexamethasone", 0.75, 5),
        ("hydrocortisone", 200, 50),
        ("cortisone", 25, 5),
        ("betamethasone", 0.75, 5),
        ("dexamethasone_palmitate", 4, 2.5 / 0.75 * 5),
    ],
)
def test_steroids_are_counted_as_prednisone(drug: str, mg: float, prednisone_mg: float) -> None:
    factor = CATALOG.drugs[drug].prednisone_factor
    assert factor is not None
    assert mg * factor == pytest.approx(prednisone_mg)


def test_hydrocortisone_for_shock_starts_no_course_and_is_no_line() -> None:
    starts = {code for code, drug in CATALOG.drugs.items() if drug.starts_course}
    assert "methylprednisolone" in starts
    assert not {"hydrocortisone", "cortisone"} & starts
    assert CATALOG.drugs["hydrocortisone"].line == "none"


def rcv(variation: Variation | None, z: float, way: int) -> float:
    """Fokkema 2006, in percent, worked out here again."""
    assert variation is not None
    sigma = math.sqrt(math.log(1 + variation.analytical**2) + math.log(1 + variation.within_subject**2))
    return 100 * abs(math.exp(way * z * math.sqrt(2) * sigma) - 1)


@pytest.mark.parametrize(
    ("analyte", "z", "way", "percent"),
    [
        ("ferritin", 1.96, 1, 46),
        ("ferritin", 1.96, -1, 32),
        ("ferritin", 1.645, 1, 37),
        ("platelets", 1.96, 1, 24),
        ("platelets", 1.96, -1, 19),
        ("ast", 1.96, 1, 32),
        ("alt", 1.96, -1, 24),
        ("ldh", 1.96, 1, 18),
        ("ggt", 1.96, 1, 30),
        ("crp", 1.96, 1, 124),
        ("crp", 1.96, -1, 55),
        ("triglycerides", 1.96, 1, 73),
        ("albumin", 1.96, 1, 9),
        ("creatinine", 1.96, 1, 16),
        ("bilirubin", 1.96, 1, 79),
        ("hemoglobin", 1.96, 1, 8),
        ("pt", 1.96, 1, 10),
        ("neutrophils", 1.96, 1, 75),
        ("wbc", 1.96, 1, 43),
        ("d_dimer_feu", 1.96, 1, 85),
        ("sil2r_units", 1.96, 1, 79),
        ("fibrinogen", 1.645, -1, 22),
    ],
)
def test_the_variations_give_the_published_reference_changes(analyte: str, z: float, way: int, percent: float) -> None:
    assert rcv(CATALOG.analytes[analyte].variation, z, way) == pytest.approx(percent, abs=1.5)


@pytest.mark.parametrize(
    ("rule", "z", "way"),
    [("ferritin_rising", 1.645, 1), ("fibrinogen_falling", 1.645, -1), ("platelets_falling", 1.96, -1)],
)
def test_a_trend_rule_asks_for_at_least_the_reference_change(rule: str, z: float, way: int) -> None:
    asked = CATALOG.rules[rule].parameters["min_change_percent"]
    assert asked == pytest.approx(rcv(CATALOG.analytes[CATALOG.rules[rule].analyte].variation, z, way), abs=1)


def test_what_cannot_vary_in_percent_has_no_variation() -> None:
    assert CATALOG.analytes["esr"].variation is None
    assert CATALOG.analytes["temperature"].variation is None


@pytest.mark.parametrize(("analyte", "hours"), [("ferritin", 30), ("crp", 19), ("fibrinogen", 100)])
def test_a_half_life_stands_with_its_source(analyte: str, hours: float) -> None:
    found = CATALOG.analytes[analyte]
    assert found.half_life_hours == hours
    assert found.half_life_source is not None
    assert found.half_life_source.tag == "V"


@pytest.mark.parametrize(
    ("analyte", "cut_offs"),
    [
        ("ferritin", {684, 10_000, 500}),
        ("fibrinogen", {3.6, 1.5}),
        ("platelets", {181, 100}),
        ("ast", {48}),
        ("triglycerides", {1.76, 3.0}),
        ("hemoglobin", {90}),
        ("neutrophils", {1.0}),
        ("sil2r_units", {2400}),
    ],
)
def test_the_published_cut_offs_are_there_to_be_drawn(analyte: str, cut_offs: set[float]) -> None:
    assert {threshold.value for threshold in CATALOG.analytes[analyte].thresholds} == cut_offs


def overlapping(intervals: tuple[Interval, ...], sex: str) -> Iterator[tuple[Interval, Interval]]:
    mine = sorted((one for one in intervals if one.sex in ("", sex)), key=lambda one: one.from_years)
    yield from ((first, second) for first, second in pairwise(mine) if second.from_years < first.to_years)


@pytest.mark.parametrize("analyte", CATALOG.analytes.values(), ids=lambda a: a.code)
def test_one_age_and_sex_has_one_reference_interval_and_a_plausible_one(analyte: Analyte) -> None:
    assert [pair for sex in ("male", "female") for pair in overlapping(analyte.intervals, sex)] == []
    low, high = analyte.plausible
    assert all(low <= end <= high for one in analyte.intervals for end in (one.low, one.high) if end is not None)
