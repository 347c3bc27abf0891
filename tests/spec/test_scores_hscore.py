"""HScore by hand: the table of Fardet 2014, every edge, and the probability curves that are not to be copied."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.spec.scoring import course, labs, score, scored_ahead

NOTHING_THERE = dict.fromkeys(("immunosuppression", "splenomegaly", "hepatomegaly", "haemophagocytosis"), "no")
ALL_THERE = dict.fromkeys(NOTHING_THERE, "yes")
BLAND = {
    "temperature": 36.8,
    "hemoglobin": 130,
    "wbc": 9,
    "platelets": 250,
    "ferritin": 300,
    "triglycerides": 1.2,
    "fibrinogen": 3.5,
    "ast": 25,
}
CUT_OFFS = [
    ("temperature", 38.3, 0),
    ("temperature", 38.4, 33),
    ("temperature", 39.4, 33),
    ("temperature", 39.5, 49),
    ("ferritin", 1999, 0),
    ("ferritin", 2000, 35),
    ("ferritin", 6000, 35),
    ("ferritin", 6001, 50),
    ("triglycerides", 1.49, 0),
    ("triglycerides", 1.5, 44),
    ("triglycerides", 4.0, 44),
    ("triglycerides", 4.01, 64),
    ("fibrinogen", 2.51, 0),
    ("fibrinogen", 2.5, 30),
    ("ast", 29, 0),
    ("ast", 30, 19),
]
LINEAGES = [
    (93, 5.1, 111, 0),
    (92, 5.1, 111, 0),  # one lineage gives nothing
    (92, 5.0, 111, 24),
    (92, 5.1, 110, 24),
    (93, 5.0, 110, 24),
    (92, 5.0, 110, 34),
]
REPORTED = [
    ("triglycerides 132.7 mg/dL", "triglycerides", 44),  # 1.498 mmol/L, and met all the same
    ("triglycerides 132.6 mg/dL", "triglycerides", 0),
    ("triglycerides 354 mg/dL", "triglycerides", 44),
    ("triglycerides 354.2 mg/dL", "triglycerides", 64),  # 3.999 mmol/L
    ("temperature 101.1 °F", "temperature", 33),  # 38.39 °C
    ("temperature 102.9 °F", "temperature", 33),
    ("temperature 103.0 °F", "temperature", 49),
    ("fibrinogen 250 mg/dL", "fibrinogen", 30),
    ("fibrinogen 251 mg/dL", "fibrinogen", 0),
    ("ast 0.50 ukat/L", "ast", 19),
    ("ast 0.49 ukat/L", "ast", 0),
    ("ferritin 2000 ng/mL", "ferritin", 35),
    ("ferritin 13482 pmol/L", "ferritin", 35),  # 6,000 ng/mL
]


def hscore(findings: dict[str, str] | None = None, **values: object) -> pd.Series:
    return score("hscore", labs(**BLAND | values), findings=NOTHING_THERE | (findings or {}))


@pytest.fixture(scope="module", autouse=True)
def _all_in_one_go() -> None:
    lineages = ("hemoglobin", "wbc", "platelets")
    values = [{item: value} for item, value, _ in CUT_OFFS]
    values += [dict(zip(lineages, told, strict=True)) for *told, _ in LINEAGES]
    drawn = [course(labs(**BLAND | told), findings=NOTHING_THERE) for told in values]
    scored_ahead([*drawn, *(course(reported=reported) for reported, *_ in REPORTED)])


def test_everything_met_is_337() -> None:
    # 18 + 49 + 38 + 34 + 50 + 64 + 30 + 19 + 35
    told = score(
        "hscore",
        labs(
            temperature=39.5,
            hemoglobin=92,
            wbc=5,
            platelets=110,
            ferritin=6001,
            triglycerides=4.01,
            fibrinogen=2.5,
            ast=30,
        ),
        findings=ALL_THERE,
    )
    assert (told["low"], told["high"], told["positive"], told["missing"]) == (337, 337, True, [])
    assert told["points"] == {
        "immunosuppression": 18,
        "temperature": 49,
        "organomegaly": 38,
        "cytopenia": 34,
        "ferritin": 50,
        "triglycerides": 64,
        "fibrinogen": 30,
        "ast": 19,
        "haemophagocytosis": 35,
    }


def test_nothing_met_is_0_and_not_positive() -> None:
    told = hscore()
    assert (told["low"], told["high"], told["positive"], told["missing"]) == (0, 0, False, [])
    assert set(told["points"].values()) == {0}


@pytest.mark.parametrize(("item", "value", "points"), CUT_OFFS)
def test_each_cut_off_stands_where_the_paper_has_it(item: str, value: float, points: int) -> None:
    told = hscore(**{item: value})
    assert (told["low"], told["high"], told["points"][item]) == (points, points, points)


@pytest.mark.parametrize(("hemoglobin", "wbc", "platelets", "points"), LINEAGES)
def test_lineages_count_at_its_own_cut_offs_and_not_at_those_of_hlh_2004(
    hemoglobin: float, wbc: float, platelets: float, points: int
) -> None:
    assert hscore(hemoglobin=hemoglobin, wbc=wbc, platelets=platelets)["points"]["cytopenia"] == points


@pytest.mark.parametrize(
    ("spleen", "liver", "points"), [("no", "no", 0), ("yes", "no", 23), ("no", "4.0", 23), ("yes", "yes", 38)]
)
def test_one_organ_gives_23_and_both_38(spleen: str, liver: str, points: int) -> None:
    assert hscore({"splenomegaly": spleen, "hepatomegaly": liver})["low"] == points


def test_169_is_positive_and_168_is_not() -> None:
    # 33 temperature + 23 spleen + 34 three lineages + 35 ferritin + 44 triglycerides
    told = hscore(
        {"splenomegaly": "yes"}, temperature=38.4, hemoglobin=92, wbc=5, platelets=110, ferritin=2000, triglycerides=1.5
    )
    assert (told["low"], told["positive"]) == (169, True)
    # 50 ferritin + 64 triglycerides + 19 AST + 35 haemophagocytosis
    told = hscore({"haemophagocytosis": "yes"}, ferritin=6001, triglycerides=4.1, ast=30)
    assert (told["low"], told["positive"]) == (168, False)


def test_the_probability_is_the_published_bin_and_none_of_the_wrong_curves() -> None:
    # 169 is 40-54 %: not 93 % (which confuses sensitivity with probability)
    told = hscore(
        {"splenomegaly": "yes"}, temperature=38.4, hemoglobin=92, wbc=5, platelets=110, ferritin=2000, triglycerides=1.5
    )
    assert told["probability"] == {"low": "40-54 %", "high": "40-54 %", "note": "once, at diagnosis"}
    # 33 + 23 + 34 = 90 is below 1 %: not 17 % and not 4 %
    told = hscore({"splenomegaly": "yes"}, temperature=38.4, hemoglobin=92, wbc=5, platelets=110)
    assert (told["low"], told["probability"]["low"]) == (90, "<1 %")
    # 49 + 38 + 34 + 50 + 64 + 19 = 254 is above 99 %: not 96 %
    told = hscore(
        {"splenomegaly": "yes", "hepatomegaly": "yes"},
        temperature=39.5, hemoglobin=92, wbc=5, platelets=110, ferritin=6001, triglycerides=4.1, ast=30,
    )  # fmt: skip
    assert (told["low"], told["probability"]["low"]) == (254, ">99 %")


def test_what_is_not_known_gives_an_interval_and_both_bins() -> None:
    # known: 49 + 50 + 30 + 19 = 148; open: triglycerides 64, marrow 35
    values = {name: value for name, value in BLAND.items() if name != "triglycerides"}
    seen = {name: value for name, value in NOTHING_THERE.items() if name != "haemophagocytosis"}
    known = values | {"temperature": 39.5, "ferritin": 7000, "fibrinogen": 1.4, "ast": 90}
    told = score("hscore", labs(**known), findings=seen)
    assert (told["low"], told["high"], told["positive"]) == (148, 247, None)
    assert told["missing"] == ["triglycerides", "haemophagocytosis"]
    assert told["points"]["triglycerides"] is None
    assert told["probability"] == {"low": "16-25 %", "high": "99 to >99 %", "note": "once, at diagnosis"}


def test_a_patient_without_anything_lies_between_0_and_337() -> None:
    told = score("hscore")
    assert (told["low"], told["high"], told["positive"]) == (0, 337, None)
    assert told["ages"] == {}


def test_a_third_lineage_not_known_leaves_the_cytopenia_open() -> None:
    values = {name: value for name, value in BLAND.items() if name != "wbc"} | {"hemoglobin": 80, "platelets": 40}
    told = score("hscore", labs(**values), findings=NOTHING_THERE)
    assert (told["low"], told["high"], told["missing"]) == (24, 34, ["wbc"])


def test_two_lineages_that_are_fine_close_it_without_the_third() -> None:
    values = {name: value for name, value in BLAND.items() if name != "wbc"}
    told = score("hscore", labs(**values), findings=NOTHING_THERE)
    assert (told["low"], told["high"], told["missing"]) == (0, 0, [])


@pytest.mark.parametrize(("reported", "item", "points"), REPORTED)
def test_a_value_is_compared_as_its_own_unit_is_printed(reported: str, item: str, points: int) -> None:
    assert score("hscore", reported=reported)["points"][item] == points


def test_haemoglobin_in_mmol_per_litre_has_its_printed_cut_off() -> None:
    for mmol, points in ((5.71, 24), (5.72, 0)):
        told = score("hscore", labs(platelets=100, wbc=9), reported=f"hemoglobin {mmol} mmol/L")
        assert told["points"]["cytopenia"] == points


def test_it_says_that_it_is_for_adults_and_for_once() -> None:
    child = score("hscore", birth_date="2014-03-02")
    assert "once, at diagnosis" in child["scope"]
    assert "Made for 18 years and older; this patient is 12 years old." in child["scope"]
    assert "Made for" not in score("hscore", birth_date="1980-01-01")["scope"]
