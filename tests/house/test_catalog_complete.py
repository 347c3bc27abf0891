"""The catalog holds what the specification names, and its numbers fit one another."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from monitoring.catalog import KNOWLEDGE, load_catalog, normal_unit
from monitoring.terms import Analyte, Cited, Rule

CATALOG = load_catalog()

UNITS = {
    "ferritin": "ug/L",
    "fibrinogen": "g/L",
    "platelets": "10*9/L",
    "hemoglobin": "g/L",
    "wbc": "10*9/L",
    "neutrophils": "10*9/L",
    "neutrophils_pct": "%",
    "lymphocytes": "10*9/L",
    "ast": "U/L",
    "alt": "U/L",
    "ggt": "U/L",
    "ldh": "U/L",
    "bilirubin": "umol/L",
    "crp": "mg/L",
    "esr": "mm/h",
    "procalcitonin": "ug/L",
    "triglycerides": "mmol/L",
    "albumin": "g/L",
    "sodium": "mmol/L",
    "creatinine": "umol/L",
    "pt": "s",
    "inr": "1",
    "aptt": "s",
    "d_dimer_feu": "ug/L FEU",
    "d_dimer_ddu": "ug/L DDU",
    "d_dimer": "ug/L",
    "sil2r_mass": "pg/mL",
    "sil2r_units": "U/mL",
    "il18": "pg/mL",
    "cxcl9": "pg/mL",
    "il6": "pg/mL",
    "lactate": "mmol/L",
    "temperature": "Cel",
    "weight": "kg",
    "height": "cm",
}

LINES = {
    "first": {
        "methylprednisolone",
        "prednisone",
        "prednisolone",
        "dexamethasone",
        "dexamethasone_palmitate",
        "betamethasone",
    },
    "second": {"ciclosporin", "tacrolimus", "anakinra", "canakinumab", "rilonacept"},
    "refractory": {
        "tocilizumab",
        "sarilumab",
        "siltuximab",
        "emapalumab",
        "ruxolitinib",
        "etoposide",
        "ivig",
        "alemtuzumab",
        "rituximab",
        "antithymocyte_globulin",
        "cyclophosphamide",
    },
    "none": {"hydrocortisone", "cortisone"},
}

CRP_AND_FEVER = {("crp", "any"), ("temperature", "any")}
EFFECTS = {  # CLINICAL.md section 9, row by row
    "fibrinogen_concentrate": {("fibrinogen", "up")},
    "cryoprecipitate": {("fibrinogen", "up")},
    "plasma": {("fibrinogen", "up"), ("inr", "down")},
    "platelets_product": {("platelets", "up")},
    "red_cells": {("hemoglobin", "up")},
    "tocilizumab": CRP_AND_FEVER
    | {("ferritin", "down"), ("fibrinogen", "down"), ("platelets", "down"), ("triglycerides", "down")},
    "sarilumab": CRP_AND_FEVER | {("fibrinogen", "down"), ("platelets", "down")},
    "siltuximab": CRP_AND_FEVER | {("fibrinogen", "down"), ("platelets", "down")},
    "anakinra": CRP_AND_FEVER,
    "canakinumab": CRP_AND_FEVER,
    "ivig": {("esr", "up")},
    "emapalumab": {("cxcl9", "down")},
    "etoposide": {("platelets", "down"), ("neutrophils", "down")},
    "g_csf": {("neutrophils", "up"), ("wbc", "up")},
    "asparaginase": {("fibrinogen", "down"), ("triglycerides", "up")},
    "plasma_exchange": {("fibrinogen", "down"), ("ferritin", "down")},
    "heparin": {("aptt", "up")},
    "propofol": {("triglycerides", "up")},
    "lipid_emulsion": {("triglycerides", "up")},
    "hydrocortisone": {("neutrophils", "up"), ("temperature", "down")},
    "methylprednisolone": {("neutrophils", "up"), ("wbc", "up")},
    "fluid": {("hemoglobin", "down"), ("platelets", "down"), ("fibrinogen", "down"), ("albumin", "down")},
    "crrt_ecmo": {("platelets", "down"), ("fibrinogen", "down")},
    "basiliximab": {("sil2r_mass", "any"), ("sil2r_units", "any")},
}

RULES = {
    "ferritin_rising",
    "ferritin_extreme",
    "fibrinogen_falling",
    "fibrinogen_low",
    "platelets_falling",
    "steroid_response",
    "steroid_early_worsening",
    "steroid_nonresponse",
    "labs_overdue",
    "ferritin_hook_suspected",
    "method_changed",
    "dilution_suspected",
    "cytopenia",
}


@pytest.mark.parametrize(("code", "unit"), UNITS.items())
def test_every_analyte_of_the_contract_is_there_in_its_unit(code: str, unit: str) -> None:
    assert CATALOG.analytes[code].unit == unit


@pytest.mark.parametrize(("line", "drugs"), LINES.items())
def test_every_drug_is_there_and_counts_to_its_line(line: str, drugs: set[str]) -> None:
    assert {code for code, drug in CATALOG.drugs.items() if drug.line == line} == drugs


@pytest.mark.parametrize(("product", "moved"), EFFECTS.items())
def test_every_product_moves_what_the_literature_says_it_moves(product: str, moved: set[tuple[str, str]]) -> None:
    assert moved <= {(effect.analyte, effect.direction) for effect in CATALOG.products[product].effects}


def test_every_rule_of_the_contract_is_there() -> None:
    assert set(CATALOG.rules) >= RULES


def test_findings_and_contexts_are_those_of_the_csv_contract() -> None:
    assert set(CATALOG.findings) == {
        "temperature_c",
        "splenomegaly",
        "hepatomegaly",
        "lymphadenopathy",
        "rash",
        "cns",
        "haemorrhage",
        "arthritis",
        "haemophagocytosis",
        "immunosuppression",
        "nk_activity_low",
        "infection",
    }
    assert CATALOG.contexts == (
        "sJIA",
        "AOSD",
        "SLE",
        "Kawasaki",
        "infection",
        "malignancy",
        "CAR-T",
        "primary-HLH",
        "unknown",
    )


def test_after_steroid_alone_the_options_are_il1_block_ciclosporin_and_interferon_block() -> None:
    offered = sorted((d for d in CATALOG.drugs.values() if "first" in d.option_after), key=lambda d: d.option_order)
    assert [d.code for d in offered] == ["anakinra", "ciclosporin", "emapalumab"]


def test_every_option_has_a_place_of_its_own_a_dose_and_a_caution() -> None:
    offered = [d for d in CATALOG.drugs.values() if d.option_after]
    assert len({d.option_order for d in offered}) == len(offered)
    assert all(d.doses and d.caution for d in offered)


def test_the_six_that_are_drawn_every_12_hours_rest_on_the_founding_document() -> None:
    every_12 = {code: a.due_source for code, a in CATALOG.analytes.items() if a.due_hours == 12}
    assert every_12 == dict.fromkeys(("ferritin", "fibrinogen", "platelets", "crp", "ast", "ldh"), Cited(("S1",), "S1"))
    assert all(CATALOG.analytes[code].due_hours for code in CATALOG.rules["labs_overdue"].parameters["analytes"])


def test_the_screen_order_begins_as_the_patient_view_is_read() -> None:
    ordered = sorted(CATALOG.analytes.values(), key=lambda a: a.order)
    assert [a.code for a in ordered][:9] == [
        "ferritin",
        "fibrinogen",
        "platelets",
        "crp",
        "ast",
        "ldh",
        "triglycerides",
        "hemoglobin",
        "neutrophils",
    ]
    assert len({a.order for a in ordered}) == len(ordered)


@pytest.mark.parametrize(
    "analyte",
    ["ferritin", "crp", "ast", "alt", "ldh", "triglycerides", "sil2r_mass", "sil2r_units", "d_dimer", "d_dimer_feu"],
)
def test_what_moves_by_factors_is_drawn_on_a_log_axis(analyte: str) -> None:
    assert CATALOG.analytes[analyte].axis == "log"


@pytest.mark.parametrize("analyte", CATALOG.analytes.values(), ids=lambda a: a.code)
def test_an_analyte_can_be_found_read_and_shown(analyte: Analyte) -> None:
    assert analyte.loinc
    assert analyte.aliases
    assert analyte.units[normal_unit(analyte.unit)] == (1.0, 0.0)
    assert analyte.si_factor > 0


def test_the_words_of_every_flag_fit_a_glance_when_filled_in() -> None:
    filler = dict.fromkeys(
        ("value", "doubling", "halving", "change", "rate", "hours", "improved", "unchanged", "worse", "more", "before",
         "after", "what", "jumped", "compared", "lines", "markers"), "12,345"
    )  # fmt: skip
    for rule in CATALOG.rules.values():
        for template in rule.sentences.values():
            assert len(template.format(label="Ferritin", unit="ug/L", **filler).split()) < 10


def test_the_response_windows_are_24_48_and_72_hours() -> None:
    response = CATALOG.rules["steroid_response"].parameters
    assert response["windows"] == (24, 48, 72)
    assert (
        response["high_dose_mg_kg"],
        response["high_dose_mg_day"],
        response["trial_mg_kg"],
        response["new_course_after_hours"],
    ) == (1, 60, 2, 72)
    assert CATALOG.rules["steroid_early_worsening"].parameters["hours"] == (24,)
    assert CATALOG.rules["steroid_nonresponse"].parameters["hours"] == (48, 72)


@pytest.mark.parametrize(
    "rule", [rule for rule in CATALOG.rules.values() if rule.kind == "trend"], ids=lambda r: r.code
)
def test_a_trend_is_weighed_with_markers_whose_noise_is_known(rule: Rule) -> None:
    company = rule.parameters["company"]
    assert rule.analyte not in company
    assert len(set(company)) == len(company)
    assert all(CATALOG.analytes[name].variation for name in (rule.analyte, *company))


def test_every_number_of_a_rule_says_where_it_comes_from_and_why() -> None:
    for rule in CATALOG.rules.values():
        assert set(rule.parameters) == set(rule.sources) == set(rule.reasons)
        assert all(rule.reasons.values())
        assert rule.version


def cites(table: Any) -> Iterator[str]:
    if isinstance(table, dict):
        yield from table.get("cite", [])
        table = table.values()
    elif not isinstance(table, list):
        return
    for inner in table:
        yield from cites(inner)


def test_no_source_is_listed_that_nothing_rests_on() -> None:
    files = [tomllib.loads(path.read_text(encoding="utf-8")) for path in KNOWLEDGE.glob("*.toml")]
    used = {key for file in files for key in cites(file)} | {"site"}
    assert set(CATALOG.references) - used == set()


def test_nobody_can_change_what_was_loaded() -> None:
    with pytest.raises(TypeError):
        CATALOG.analytes["ferritin"] = CATALOG.analytes["crp"]  # type: ignore[index]
    with pytest.raises(TypeError):
        CATALOG.rules["ferritin_rising"].parameters["p_raise"] = 0  # type: ignore[index]
    with pytest.raises(TypeError):
        CATALOG.analytes["ferritin"].units["stone"] = (1, 0)  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        CATALOG.analytes["ferritin"].unit = "stone"  # type: ignore[misc]


def test_loading_takes_a_tenth_of_a_second_at_most() -> None:
    taken = []
    for _ in range(5):
        began = time.process_time()
        load_catalog()
        taken.append(time.process_time() - began)
    assert min(taken) < 0.1


def test_the_basis_of_a_d_dimer_stands_in_its_label_since_units_are_printed_without_it() -> None:
    for analyte in CATALOG.analytes.values():
        assert [basis in analyte.unit for basis in ("FEU", "DDU")] == [
            f"({basis})" in analyte.label for basis in ("FEU", "DDU")
        ], analyte.code
