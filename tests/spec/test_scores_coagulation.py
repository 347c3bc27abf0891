"""ISTH overt DIC and SIC by hand. Adults: prothrombin time to 13.5 s, D-dimer to 500 ug/L FEU."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.spec.scoring import course, labs, score, scored_ahead

ADULT = {"birth_date": "1980-01-01"}
BLAND = {"platelets": 250, "d_dimer_feu": 400, "pt": 12, "fibrinogen": 3}
CUT_OFFS = [
    ("platelets", "platelets", 100, 0),
    ("platelets", "platelets", 99, 1),
    ("platelets", "platelets", 50, 1),
    ("platelets", "platelets", 49, 2),
    ("d_dimer", "d_dimer_feu", 999, 0),
    ("d_dimer", "d_dimer_feu", 1000, 2),  # twice
    ("d_dimer", "d_dimer_feu", 2000, 2),  # four times
    ("d_dimer", "d_dimer_feu", 2001, 3),
    ("pt", "pt", 16.4, 0),
    ("pt", "pt", 16.5, 1),  # 3 s over; a much read table prints 2 points here
    ("pt", "pt", 19.4, 1),
    ("pt", "pt", 19.5, 2),
    ("fibrinogen", "fibrinogen", 1.0, 0),
    ("fibrinogen", "fibrinogen", 0.99, 1),
]


def dic(**values: object) -> pd.Series:
    return score("isth_dic", labs(**BLAND | values), **ADULT)


@pytest.fixture(scope="module", autouse=True)
def _all_in_one_go() -> None:
    scored_ahead(course(labs(**BLAND | {analyte: value}), **ADULT) for _, analyte, value, _ in CUT_OFFS)


def test_everything_is_8_and_nothing_0() -> None:
    told = dic(platelets=49, d_dimer_feu=5000, pt=20, fibrinogen=0.9)
    assert (told["low"], told["high"], told["positive"]) == (8, 8, True)
    told = dic()
    assert (told["low"], told["high"], told["positive"], told["missing"]) == (0, 0, False, [])


@pytest.mark.parametrize(("item", "analyte", "value", "points"), CUT_OFFS)
def test_each_cut_off_stands_where_the_table_has_it(item: str, analyte: str, value: float, points: int) -> None:
    assert dic(**{analyte: value})["points"][item] == points


def test_five_is_overt_and_four_is_not() -> None:
    assert (dic(platelets=40, d_dimer_feu=1000)["low"], dic(platelets=40, d_dimer_feu=1000)["positive"]) == (4, False)
    assert (dic(platelets=40, d_dimer_feu=2500)["low"], dic(platelets=40, d_dimer_feu=2500)["positive"]) == (5, True)


def test_each_basis_of_d_dimer_has_its_own_limit() -> None:
    # 600 is 1.2 times 500 FEU and 2.6 times 230 DDU
    bland = {name: value for name, value in BLAND.items() if name != "d_dimer_feu"}
    assert score("isth_dic", labs(**bland, d_dimer_feu=600), **ADULT)["points"]["d_dimer"] == 0
    assert score("isth_dic", labs(**bland, d_dimer_ddu=600), **ADULT)["points"]["d_dimer"] == 2
    told = score("isth_dic", labs(**bland, d_dimer=600), **ADULT)
    assert told["points"]["d_dimer"] is None
    assert told["reasons"]["d_dimer"] == "no reference limit to compare with"


def test_the_laboratorys_own_limit_wins() -> None:
    told = score(
        "isth_dic",
        labs(**BLAND | {"pt": 15, "d_dimer_feu": 600}),
        **ADULT,
        limits={"pt": (9, 11), "d_dimer_feu": (0, 250)},
    )
    assert (told["points"]["pt"], told["points"]["d_dimer"]) == (1, 2)  # 4 s over 11; 2.4 times 250


def test_a_prothrombin_time_without_a_limit_is_open() -> None:
    told = score("isth_dic", labs(**BLAND | {"pt": 15}), birth_date="2020-01-01")
    assert (told["low"], told["high"], told["points"]["pt"], told["missing"]) == (0, 2, None, ["pt"])


def test_missing_d_dimer_leaves_dic_open() -> None:
    told = score("isth_dic", labs(platelets=40, pt=20, fibrinogen=3), **ADULT)
    assert (told["low"], told["high"], told["positive"], told["missing"]) == (4, 7, None, ["d_dimer"])


@pytest.mark.parametrize(
    ("platelets", "inr", "low", "high", "positive"),
    [
        (150, 1.2, 0, 2, False),
        (149, 1.21, 2, 4, False),  # platelets and INR alone must come to more than 2
        (100, 1.4, 2, 4, False),
        (99, 1.4, 3, 5, None),  # SOFA decides, and is not recorded
        (149, 1.41, 3, 5, None),
        (99, 1.41, 4, 6, True),
    ],
)
def test_sic_is_an_interval_as_long_as_sofa_is_not_known(
    platelets: float, inr: float, low: int, high: int, positive: bool | None
) -> None:
    told = score("sic", labs(platelets=platelets, inr=inr))
    assert (told["low"], told["high"], told["positive"], told["missing"]) == (low, high, positive, ["sofa"])
    assert told["reasons"] == {"sofa": "not recorded here"}


def test_dic_says_that_it_needs_a_cause() -> None:
    assert "known to cause DIC" in dic()["scope"]
    assert "Made for infection, not for sJIA." in score("sic", context="sJIA")["scope"]
