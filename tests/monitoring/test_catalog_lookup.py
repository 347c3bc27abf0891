"""What feeds call things, and what the catalog makes of it."""

from __future__ import annotations

import pytest

from monitoring import lookup
from monitoring.catalog import load_catalog

CATALOG = load_catalog()
ANALYTES = lookup.analyte_names(CATALOG)
GIVEN = lookup.given_names(CATALOG)
LOINC = lookup.loinc_codes(CATALOG)


def pairs(table: dict[str, str]) -> list[tuple[str, str]]:
    """Every spelling with the code it stands for."""
    return [(spelling, code) for code, spellings in table.items() for spelling in spellings.split(" | ")]


NAMES = {
    "ferritin": "Ferritin | FERR | ferritine",
    "fibrinogen": "FIB | Fibrinogène | Fibrinogen, Functional",
    "platelets": "PLT | Platelet  Count | Thrombozyten | Plaquettes",
    "hemoglobin": "Hb | HGB | Haemoglobin | Hämoglobin",
    "wbc": "WBC | Leukozyten",
    "crp": "CRP | C-reaktives Protein",
    "ldh": "LDH",
    "ast": "GOT | ASAT | Asparate Aminotransferase (AST)",
    "alt": "GPT | ALAT",
    "triglycerides": "Triglyzeride",
    "sodium": "Natrium",
    "creatinine": "Kreatinin",
    "inr": "INR(PT)",
    "aptt": "PTT",
    "bilirubin": "bilirubin_total",
    "esr": "BSG",
    "temperature": "Temperature Fahrenheit",
    "weight": "Körpergewicht",
    "neutrophils_pct": "neutrophils_pct",
}


@pytest.mark.parametrize(("name", "analyte"), pairs(NAMES))
def test_a_laboratory_name_finds_its_analyte(name: str, analyte: str) -> None:
    assert ANALYTES[lookup.plain_name(name)] == (analyte,)


@pytest.mark.parametrize(
    ("name", "analytes"),
    [
        ("sIL-2R", {"sil2r_mass", "sil2r_units"}),
        ("D-dimer", {"d_dimer", "d_dimer_feu", "d_dimer_ddu"}),
        ("neutrophils", {"neutrophils", "neutrophils_pct"}),
    ],
)
def test_a_name_shared_by_several_analytes_keeps_them_all(name: str, analytes: set[str]) -> None:
    assert set(ANALYTES[lookup.plain_name(name)]) == analytes


CODES = {
    "ferritin": "2276-4 | 20567-4 | 14723-1",
    "fibrinogen": "3255-7",
    "platelets": "777-3 | 26515-7",
    "hemoglobin": "718-7",
    "wbc": "6690-2",
    "neutrophils": "751-8",
    "neutrophils_pct": "770-8",
    "ast": "1920-8",
    "alt": "1742-6",
    "ldh": "2532-0",
    "crp": "1988-5",
    "triglycerides": "2571-8",
    "d_dimer_feu": "48065-7",
    "d_dimer_ddu": "48066-5",
    "d_dimer": "7799-0",
    "sil2r_mass": "76039-7",
    "sil2r_units": "43171-8",
    "temperature": "8332-9",
}


@pytest.mark.parametrize(("code", "analyte"), pairs(CODES))
def test_a_loinc_code_finds_its_analyte(code: str, analyte: str) -> None:
    assert LOINC[code] == analyte


@pytest.mark.parametrize(
    "code",
    [
        "33186-8",  # body weight growth percentile, once listed as a receptor
        "30902-1",  # fibrinogen by heat: no Clauss value
        "5894-1",  # prothrombin time in percent of normal
        "34408-5",  # a receptor code whose unit nobody has seen
        "8332-3",  # no LOINC code at all
    ],
)
def test_a_code_of_another_quantity_finds_nothing(code: str) -> None:
    assert code not in LOINC


SUBSTANCES = {
    "methylprednisolone": "Solu-Medrol | Urbason | mPSL | Methylprednisolone Pulse",
    "prednisone": "Decortin",
    "prednisolone": "Decortin H",
    "dexamethasone": "Dexa",
    "dexamethasone_palmitate": "Limethason",
    "hydrocortisone": "Solu-Cortef",
    "ciclosporin": "cyclosporine A | CsA | Sandimmun",
    "anakinra": "Kineret | 72435",
    "tocilizumab": "RoActemra | L04AC07",
    "emapalumab": "Gamifant",
    "ruxolitinib": "Jakavi",
    "etoposide": "VePesid",
    "ivig": "Privigen",
    "fibrinogen_concentrate": "Haemocomplettan | RiaSTAP",
    "cryoprecipitate": "cryo",
    "plasma": "fresh frozen plasma | FFP",
    "red_cells": "PRBC",
    "platelets_product": "platelet transfusion",
    "plasma_exchange": "TPE | plasmapheresis | 19647005",
    "g_csf": "filgrastim | 68442",
    "lipid_emulsion": "Intralipid",
    "asparaginase": "Oncaspar",
    "heparin": "unfractionated heparin",
    "basiliximab": "Simulect",
}


@pytest.mark.parametrize(("name", "code"), pairs(SUBSTANCES))
def test_what_was_given_is_found_by_name_brand_or_code(name: str, code: str) -> None:
    assert GIVEN[lookup.plain_name(name)] == code


@pytest.mark.parametrize("name", ["dex", "MP", "SIL", "ASP", "TAC", "CAN", "CPA", "PE", "4850", "42386", "2107301"])
def test_an_abbreviation_or_code_that_may_be_another_substance_finds_nothing(name: str) -> None:
    assert lookup.plain_name(name) not in GIVEN


def test_a_pulse_by_name_is_a_high_dose() -> None:
    assert lookup.high_dose_names(CATALOG)["solu-medrol pulse"] == "methylprednisolone"
    assert "solu-medrol" not in lookup.high_dose_names(CATALOG)


@pytest.mark.parametrize(
    ("text", "specimen"),
    [
        ("Serum", "serum"),
        ("SER", "serum"),
        ("Ser/Plas", "serum"),
        ("PPP", "plasma"),
        ("Citrat-Plasma", "plasma"),
        ("citrated plasma", "plasma"),
        ("EDTA-Blut", "blood"),
        ("whole blood", "blood"),
        ("Urine", "urine"),
        ("Pleural fluid", "pleural_fluid"),
        ("ascites", "ascites"),
        ("CSF", "csf"),
        ("synovial fluid", "joint_fluid"),
        ("119364003", "serum"),
        ("moon dust", None),
    ],
)
def test_a_specimen_is_known_by_its_spellings(text: str, specimen: str | None) -> None:
    assert lookup.specimen(CATALOG, text) == specimen


def test_ferritin_of_urine_or_pleura_is_not_ferritin_of_blood() -> None:
    accepted = CATALOG.analytes["ferritin"].specimens
    assert "serum" in accepted
    assert not {"urine", "pleural_fluid", "ascites", "csf", "joint_fluid"} & set(accepted)


def test_names_are_compared_without_case_width_or_stray_spaces() -> None:
    assert lookup.plain_name("  Ｆerritin \t i.S. ") == "ferritin i.s."
