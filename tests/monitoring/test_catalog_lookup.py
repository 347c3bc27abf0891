"""What feeds call things, and what the catalog makes of it."""

from __future__ import annotations

import pytest

from monitoring import lookup
from monitoring.catalog import load_catalog

CATALOG = load_catalog()
ANALYTES = lookup.analyte_names(CATALOG)
GIVEN = lookup.given_names(CATALOG)
LOINC = lookup.loinc_codes(CATALOG)


@pytest.mark.parametrize(
    ("name", "analyte"),
    [
        ("Ferritin", "ferritin"), ("FERR", "ferritin"), (" ferritine ", "ferritin"), ("FIB", "fibrinogen"), ("Fibrinogène", "fibrinogen"),
        ("Fibrinogen, Functional", "fibrinogen"), ("PLT", "platelets"), ("Platelet  Count", "platelets"), ("Thrombozyten", "platelets"),
        ("Plaquettes", "platelets"), ("Hb", "hemoglobin"), ("HGB", "hemoglobin"), ("Haemoglobin", "hemoglobin"), ("Hämoglobin", "hemoglobin"),
        ("WBC", "wbc"), ("Leukozyten", "wbc"), ("CRP", "crp"), ("C-reaktives Protein", "crp"), ("LDH", "ldh"), ("GOT", "ast"), ("ASAT", "ast"),
        ("Asparate Aminotransferase (AST)", "ast"), ("GPT", "alt"), ("ALAT", "alt"), ("Triglyzeride", "triglycerides"), ("Natrium", "sodium"),
        ("Kreatinin", "creatinine"), ("INR(PT)", "inr"), ("PTT", "aptt"), ("bilirubin_total", "bilirubin"), ("BSG", "esr"),
        ("Temperature Fahrenheit", "temperature"), ("Körpergewicht", "weight"), ("neutrophils_pct", "neutrophils_pct"),
    ],
)  # fmt: skip
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


@pytest.mark.parametrize(
    ("code", "analyte"),
    [
        ("2276-4", "ferritin"), ("20567-4", "ferritin"), ("14723-1", "ferritin"), ("3255-7", "fibrinogen"), ("777-3", "platelets"),
        ("26515-7", "platelets"), ("718-7", "hemoglobin"), ("6690-2", "wbc"), ("751-8", "neutrophils"), ("770-8", "neutrophils_pct"),
        ("1920-8", "ast"), ("1742-6", "alt"), ("2532-0", "ldh"), ("1988-5", "crp"), ("2571-8", "triglycerides"), ("48065-7", "d_dimer_feu"),
        ("48066-5", "d_dimer_ddu"), ("7799-0", "d_dimer"), ("76039-7", "sil2r_mass"), ("43171-8", "sil2r_units"), ("8332-9", "temperature"),
    ],
)  # fmt: skip
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


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Solu-Medrol", "methylprednisolone"), ("Urbason", "methylprednisolone"), ("mPSL", "methylprednisolone"), ("Methylprednisolone Pulse", "methylprednisolone"),
        ("Decortin", "prednisone"), ("Decortin H", "prednisolone"), ("Dexa", "dexamethasone"), ("Limethason", "dexamethasone_palmitate"),
        ("Solu-Cortef", "hydrocortisone"), ("cyclosporine A", "ciclosporin"), ("CsA", "ciclosporin"), ("Sandimmun", "ciclosporin"), ("Kineret", "anakinra"),
        ("RoActemra", "tocilizumab"), ("Gamifant", "emapalumab"), ("Jakavi", "ruxolitinib"), ("VePesid", "etoposide"), ("Privigen", "ivig"),
        ("72435", "anakinra"), ("L04AC07", "tocilizumab"), ("Haemocomplettan", "fibrinogen_concentrate"), ("RiaSTAP", "fibrinogen_concentrate"),
        ("cryo", "cryoprecipitate"), ("fresh frozen plasma", "plasma"), ("FFP", "plasma"), ("PRBC", "red_cells"), ("platelet transfusion", "platelets_product"),
        ("TPE", "plasma_exchange"), ("plasmapheresis", "plasma_exchange"), ("filgrastim", "g_csf"), ("Intralipid", "lipid_emulsion"), ("68442", "g_csf"),
        ("19647005", "plasma_exchange"), ("Oncaspar", "asparaginase"), ("unfractionated heparin", "heparin"), ("Simulect", "basiliximab"),
    ],
)  # fmt: skip
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
        ("Serum", "serum"), ("SER", "serum"), ("Ser/Plas", "serum"), ("PPP", "plasma"), ("Citrat-Plasma", "plasma"), ("citrated plasma", "plasma"),
        ("EDTA-Blut", "blood"), ("whole blood", "blood"), ("Urine", "urine"), ("Pleural fluid", "pleural_fluid"), ("ascites", "ascites"),
        ("CSF", "csf"), ("synovial fluid", "joint_fluid"), ("119364003", "serum"), ("moon dust", None),
    ],
)  # fmt: skip
def test_a_specimen_is_known_by_its_spellings(text: str, specimen: str | None) -> None:
    assert lookup.specimen(CATALOG, text) == specimen


def test_ferritin_of_urine_or_pleura_is_not_ferritin_of_blood() -> None:
    accepted = CATALOG.analytes["ferritin"].specimens
    assert "serum" in accepted
    assert not {"urine", "pleural_fluid", "ascites", "csf", "joint_fluid"} & set(accepted)


def test_names_are_compared_without_case_width_or_stray_spaces() -> None:
    assert lookup.plain_name("  Ｆerritin \t i.S. ") == "ferritin i.s."
