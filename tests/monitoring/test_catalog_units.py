"""Units as laboratories write them, and what they mean for each analyte."""

from __future__ import annotations

import pytest

from monitoring.catalog import load_catalog, normal_unit
from monitoring.lookup import conversion, identify

CATALOG = load_catalog()


@pytest.mark.parametrize(
    "text",
    [
        "10*9/L",
        "10^9/L",
        "10**9/L",
        "10E9/L",
        "10e9/L",
        "x10E9/L",
        "10E+09/L",
        "×10^9/L",
        "x 10^9/L",
        "*10^9/L",
        "10⁹/L",
        "10⁹ L⁻¹",
        "10 9/L",
        "109/L",
        "x109/L",
        "10(9)/L",
        "10 x 9/L",
        "10exp9/L",
        " 10*9 / L ",
        "10*9{cells}/L",
        "10^9 cells/L",
        "１０^９/L",
    ],
)
def test_every_way_to_write_ten_to_the_nine_is_one_unit(text: str) -> None:
    assert normal_unit(text) == "10*9/L"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Tsd./µl", "Tsd/ul"),
        ("10³/µL", "10*3/uL"),
        ("10³/μL", "10*3/uL"),
        ("103/uL", "10*3/uL"),
        ("x10(3)/mcL", "10*3/uL"),
        ("1000/uL", "1000/uL"),
        ("x1000/mm³", "1000/mm3"),
        ("K/cumm", "K/mm3"),
        ("k/cu mm", "k/mm3"),
        ("cells/mm^3", "/mm3"),
        ("Zellen/µl", "/ul"),
        ("G/L", "G/L"),
        ("g/L", "g/L"),
        ("mcg/L", "ug/L"),
        ("mg·dL⁻¹", "mg/dL"),
        ("U.L-1", "U/L"),
        ("ng/mL{FEU}", "ng/mL{FEU}"),
        ("ng{FEU}/mL", "ng/mL{FEU}"),
        ("ng FEU/mL", "ng/mL{FEU}"),
        ("µg/mL (FEU)", "ug/mL{FEU}"),
        ("mg/L feu", "mg/L{FEU}"),
        ("ng/mL D-DU", "ng/mL{DDU}"),
        ("℃", "°C"),
        ("{INR}", ""),
        ("", ""),
        ("mm/h", "mm/h"),
    ],
)
def test_a_unit_is_written_in_one_way(text: str, normal: str) -> None:
    assert normal_unit(text) == normal


def test_every_unit_of_the_catalog_is_already_in_its_one_spelling() -> None:
    written = {unit for analyte in CATALOG.analytes.values() for unit in analyte.units}
    assert {unit for unit in written if normal_unit(unit) != unit} == set()


def ours(analyte: str, value: float, unit: str) -> float:
    found = conversion(CATALOG.analytes[analyte], unit)
    assert found is not None, f"{analyte} is not known in {unit}"
    return value * found[0] + found[1]


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "expected"),
    [
        ("ferritin", 684, "ng/mL", 684),
        ("ferritin", 1123.5, "pmol/L", 500),  # 500 × 2.247: the MSD page prints this number as ng/mL
        ("ferritin", 2.247, "nmol/L", 1000),
        ("ferritin", 12.5, "mg/L", 12_500),
        ("fibrinogen", 360, "mg/dL", 3.6),
        ("fibrinogen", 10.584, "µmol/L", 3.6),  # 3.6 × 2.94: the MSD page prints this number as g/L
        ("fibrinogen", 1500, "mg/L", 1.5),
        ("platelets", 110, "G/L", 110),
        ("platelets", 110, "Tsd./µl", 110),
        ("platelets", 110, "K/mcL", 110),
        ("platelets", 110, "/nL", 110),
        ("platelets", 110_000, "/µL", 110),
        ("platelets", 110_000, "cells/mm³", 110),
        ("platelets", 11, "x10⁴/µL", 110),
        ("platelets", 1.1, "lakhs/cumm", 110),
        ("hemoglobin", 9.2, "g/dL", 92),
        ("hemoglobin", 5.70952, "mmol/L", 92),  # 9.2 × 0.6206
        ("triglycerides", 265.71, "mg/dL", 3.0),  # 3 × 88.57
        ("triglycerides", 2.6571, "g/L", 3.0),
        ("crp", 1.2, "mg/dL", 12),
        ("crp", 9.524, "nmol/L", 1),
        ("ast", 0.5, "µkat/L", 30),
        ("alt", 500, "nkat/L", 30),
        ("ldh", 567, "IU/L", 567),
        ("bilirubin", 2, "mg/dL", 34.2),
        ("creatinine", 1.5, "mg/dL", 132.6),
        ("creatinine", 0.09, "mmol/L", 90),
        ("albumin", 3.5, "g/dL", 35),
        ("lactate", 18.02, "mg/dL", 2),
        ("sodium", 140, "mEq/L", 140),
        ("temperature", 101.3, "°F", 38.5),
        ("temperature", 38.5, "℃", 38.5),
        ("weight", 100, "lbs", 45.359237),
        ("height", 70, "[in_i]", 177.8),
        ("inr", 1.4, "", 1.4),
        ("inr", 1.4, "{INR}", 1.4),
        ("d_dimer_feu", 0.5, "mg/L FEU", 500),
        ("sil2r_mass", 1.5, "ng/mL", 1500),
        ("procalcitonin", 0.5, "ng/mL", 0.5),
    ],
)
def test_a_value_is_turned_into_ours(analyte: str, value: float, unit: str, expected: float) -> None:
    assert ours(analyte, value, unit) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("analyte", "unit"),
    [
        ("ferritin", "NG/ML"),
        ("fibrinogen", "g/l"),
        ("platelets", "g/l"),
        ("platelets", "10^9/l"),
        ("ast", "u/l"),
        ("crp", "MG/L"),
        ("temperature", "cel"),
    ],
)
def test_a_feed_in_other_case_is_still_read(analyte: str, unit: str) -> None:
    assert ours(analyte, 7, unit) == 7


@pytest.mark.parametrize(
    ("analyte", "unit"),
    [
        ("ferritin", ""),
        ("ferritin", "U/L"),
        ("ferritin", "g/L"),
        ("platelets", "mg/dL"),
        ("platelets", "10*12/L"),
        ("platelets", "%"),
        ("ldh", "mmol/L"),
        ("fibrinogen", "U/L"),
        ("fibrinogen", "mg/L FEU"),
        ("hemoglobin", "mg/dL"),
        ("pt", "%"),
        ("d_dimer", "ng/mL FEU"),
        ("platelets", "furlong"),
    ],
)
def test_a_unit_that_is_not_listed_is_never_guessed(analyte: str, unit: str) -> None:
    assert conversion(CATALOG.analytes[analyte], unit) is None


def test_g_per_litre_is_grams_for_a_protein_and_giga_for_a_count() -> None:
    assert ours("fibrinogen", 3, "G/L") == 3
    assert ours("hemoglobin", 90, "G/L") == 90
    assert ours("neutrophils", 1.2, "G/L") == 1.2


@pytest.mark.parametrize(
    ("candidates", "unit", "expected"),
    [
        (("d_dimer_feu", "d_dimer_ddu", "d_dimer"), "ng/mL{FEU}", "d_dimer_feu"),
        (("d_dimer_feu", "d_dimer_ddu", "d_dimer"), "ng/mL DDU", "d_dimer_ddu"),
        (("d_dimer_feu", "d_dimer_ddu", "d_dimer"), "ng/mL", "d_dimer"),
        (("sil2r_mass", "sil2r_units"), "pg/mL", "sil2r_mass"),
        (("sil2r_mass", "sil2r_units"), "U/mL", "sil2r_units"),
        (("neutrophils", "neutrophils_pct"), "%", "neutrophils_pct"),
        (("neutrophils", "neutrophils_pct"), "/µL", "neutrophils"),
    ],
)
def test_the_unit_tells_which_of_several_analytes_is_meant(
    candidates: tuple[str, ...], unit: str, expected: str
) -> None:
    found = identify(CATALOG, candidates, unit)
    assert found is not None
    assert found[0] == expected


def test_a_d_dimer_named_with_its_basis_need_not_repeat_it_in_the_unit() -> None:
    assert identify(CATALOG, ("d_dimer_feu",), "mg/L") == ("d_dimer_feu", (1000.0, 0.0))


def test_no_candidate_fits_a_unit_of_another_quantity() -> None:
    assert identify(CATALOG, ("neutrophils", "neutrophils_pct"), "mg/dL") is None
    assert identify(CATALOG, ("ferritin",), "pg/mL") is None
