"""The tools for systemic JIA by hand: 2016 criteria, MS score, ferritin over ESR."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from tests.spec.scoring import course, labs, score, scored_ahead

FEBRILE = {"temperature": 39.0, "ferritin": 3000}
BLAND = {"platelets": 300, "ast": 30, "triglycerides": 1.0, "fibrinogen": 4.5}
QUIET = dict.fromkeys(("cns", "haemorrhage", "arthritis"), "no")
CUT_OFFS = [
    ("platelets", 182, 0),
    ("platelets", 181, 1),
    ("ast", 48, 0),
    ("ast", 49, 1),
    ("triglycerides", 1.76, 0),
    ("triglycerides", 1.77, 1),
    ("fibrinogen", 3.61, 0),
    ("fibrinogen", 3.6, 1),
    ("ferritin", 684, 0),
    ("ferritin", 685, 1),
    ("temperature", 38.0, 0),
    ("temperature", 38.1, 1),
]


def mas(**values: object) -> pd.Series:
    return score("mas2016", labs(**FEBRILE | BLAND | values), context="sJIA")


@pytest.fixture(scope="module", autouse=True)
def _all_in_one_go() -> None:
    scored_ahead(course(labs(**FEBRILE | BLAND | {item: value}), context="sJIA") for item, value, _ in CUT_OFFS)


@pytest.mark.parametrize(("item", "value", "points"), CUT_OFFS)
def test_each_cut_off_of_the_2016_criteria_stands_where_they_have_it(item: str, value: float, points: int) -> None:
    assert mas(**{item: value})["points"]["fever" if item == "temperature" else item] == points


@pytest.mark.parametrize(("number", "points"), [(156, 0), (157, 1)])
def test_triglycerides_in_mg_dl_have_their_own_cut_off(number: int, points: int) -> None:
    # 156 mg/dL are 1.7613 mmol/L, which is above 1.76
    assert score("mas2016", reported=f"triglycerides {number} mg/dL")["points"]["triglycerides"] == points


def test_two_of_four_are_needed_and_ferritin_and_fever_do_not_count_as_one() -> None:
    assert (mas()["low"], mas()["positive"]) == (0, False)
    assert (mas(ast=200)["low"], mas(ast=200)["positive"]) == (1, False)
    two = mas(ast=200, platelets=150)
    assert (two["low"], two["high"], two["positive"], two["missing"]) == (2, 2, True, [])


def test_without_ferritin_or_fever_four_of_four_are_not_enough() -> None:
    four = {"ast": 200, "platelets": 90, "triglycerides": 3, "fibrinogen": 1.5}
    assert mas(**four)["positive"] is True
    assert mas(**four, ferritin=684)["positive"] is False
    assert mas(**four, temperature=37.0)["positive"] is False


def test_a_temperature_not_taken_leaves_it_open() -> None:
    told = score("mas2016", labs(ferritin=3000, ast=200, platelets=90, triglycerides=1, fibrinogen=4.5), context="sJIA")
    assert (told["low"], told["high"], told["positive"], told["missing"]) == (2, 2, None, ["temperature"])


def test_two_known_criteria_suffice_whatever_the_others_are() -> None:
    told = score("mas2016", labs(**FEBRILE, ast=200, platelets=90), context="sJIA")
    assert (told["low"], told["high"], told["positive"]) == (2, 4, True)
    assert told["missing"] == ["triglycerides", "fibrinogen"]


def test_misprint_fibrinogen_10_58_g_per_litre() -> None:
    """MSD Manual; 10.58 is 3.6 g/L in umol/L."""
    assert mas(fibrinogen=10.5)["points"]["fibrinogen"] == 0
    assert score("mas2016", reported="fibrinogen 10.58 umol/L")["points"]["fibrinogen"] == 1
    assert score("mas2016", reported="fibrinogen 360 mg/dL")["points"]["fibrinogen"] == 1
    assert score("mas2016", reported="fibrinogen 361 mg/dL")["points"]["fibrinogen"] == 0


def test_the_ms_score_of_a_sick_and_of_a_quiet_child() -> None:
    # 2.44 - 0.003 * 80 + 0.001 * 1500 - 0.004 * 150 + 0.0001 * 20000 = 2.44 - 0.24 + 1.5 - 0.6 + 2.0
    sick = score(
        "ms",
        labs(platelets=80, ldh=1500, fibrinogen=1.5, ferritin=20_000),
        findings=QUIET | {"cns": "yes"},
        context="sJIA",
    )
    assert (sick["low"], sick["high"], sick["positive"], sick["missing"]) == (5.1, 5.1, True, [])
    # -1.30 - 0.9 + 0.4 - 1.8 + 0.1
    quiet = score(
        "ms", labs(platelets=300, ldh=400, fibrinogen=4.5, ferritin=1000), findings=QUIET | {"arthritis": "yes"}
    )
    assert (quiet["low"], quiet["positive"]) == (-3.5, False)
    findings = {"cns": 0.0, "haemorrhage": 0.0, "arthritis": -1.3}
    assert quiet["points"] == findings | {"platelets": -0.9, "ldh": 0.4, "fibrinogen": -1.8, "ferritin": 0.1}


@pytest.mark.parametrize(("ldh", "value", "positive"), [(500, -2.1, True), (499, -2.101, False)])
def test_minus_2_1_itself_is_positive(ldh: int, value: float, positive: bool) -> None:
    # -0.003 * 400 + 0.001 * 500 - 0.004 * 400 + 0.0001 * 2000 = -1.2 + 0.5 - 1.6 + 0.2
    told = score("ms", labs(platelets=400, ldh=ldh, fibrinogen=4.0, ferritin=2000), findings=QUIET)
    assert (told["low"], told["positive"]) == (value, positive)


def test_the_ms_score_takes_fibrinogen_in_mg_dl_however_it_was_reported() -> None:
    for told in (score("ms", labs(fibrinogen=4.0)), score("ms", reported="fibrinogen 400 mg/dL")):
        assert told["points"]["fibrinogen"] == -1.6  # in g/L it would be -0.016, and every child positive
    assert score("ms", reported="ferritin 22470 pmol/L")["points"]["ferritin"] == 1.0  # 10,000 ng/mL


def test_the_ms_score_without_its_findings_lies_between_all_and_none_of_them() -> None:
    told = score("ms", labs(platelets=400, ldh=500, fibrinogen=4.0, ferritin=2000))
    # -2.1 and the three findings: - 1.30 at the least, + 2.44 + 1.54 at the most
    assert (told["low"], told["high"], told["positive"]) == (-3.4, 1.88, None)
    assert told["missing"] == ["cns", "haemorrhage", "arthritis"]


def test_ferritin_over_esr_at_its_cut_off() -> None:
    told = score("ferritin_esr", labs(ferritin=860, esr=40))
    assert (told["low"], told["high"], told["positive"], told["points"]) == (21.5, 21.5, True, {"ratio": 21.5})
    assert score("ferritin_esr", labs(ferritin=859, esr=40))["positive"] is False
    assert score("ferritin_esr", reported="ferritin 1932.42 pmol/L; esr 40 mm/h")["low"] == 21.5


def test_a_ratio_without_either_of_its_values_says_nothing() -> None:
    for values, missing in ((labs(ferritin=860), ["esr"]), (labs(esr=40), ["ferritin"])):
        told = score("ferritin_esr", values)
        assert math.isnan(told["low"])
        assert math.isnan(told["high"])
        assert (told["positive"], told["missing"]) == (None, missing)


def test_an_esr_printed_as_0_is_large_and_no_division_by_nothing() -> None:
    told = score("ferritin_esr", labs(ferritin=860, esr=0))
    # at most half a millimetre
    assert (told["low"], told["positive"]) == (1720, True)


@pytest.mark.parametrize("given", ["ivig 70 g", "tocilizumab 560 mg"])
def test_the_ratio_is_not_told_after_immunoglobulin_or_tocilizumab(given: str) -> None:
    told = score("ferritin_esr", f"hour | ferritin | esr | given\n-24 | | | {given}\n0 | 9000 | 40 |")
    assert math.isnan(told["low"])
    assert told["positive"] is None
    assert "esr" in told["missing"]
    assert told["reasons"]["esr"].startswith("moved by ")


@pytest.mark.parametrize("code", ["mas2016", "ms", "ferritin_esr"])
def test_in_another_disease_they_say_what_they_were_made_for(code: str) -> None:
    assert "Made for sJIA, not for SLE." in score(code, context="SLE")["scope"]
    assert "Made for" not in score(code, context="sJIA")["scope"]
