"""IEC-HS by hand. A woman of 46: ferritin to 175 ug/L, AST to 40 U/L, ALT to 45 U/L, fibrinogen from 2.0 g/L."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.spec.scoring import course, labs, score, scored_ahead

WOMAN = {"birth_date": "1980-01-01", "sex": "female", "context": "CAR-T"}
BLAND = {"ferritin": 5000, "ast": 30, "alt": 30, "fibrinogen": 3, "hemoglobin": 110, "platelets": 200, "neutrophils": 3}
FEATURES = [
    ("ferritin", {"ferritin": 351}, 1),
    ("ferritin", {"ferritin": 350}, None),  # twice its baseline it may still be
    ("transaminases", {"ast": 200}, 0),
    ("transaminases", {"ast": 201}, 1),
    ("transaminases", {"alt": 225}, 0),
    ("transaminases", {"alt": 226}, 1),
    ("fibrinogen", {"fibrinogen": 2.0}, 0),
    ("fibrinogen", {"fibrinogen": 1.99}, 1),
    ("cytopenia", {"neutrophils": 1.0}, 0),
    ("cytopenia", {"neutrophils": 0.9}, 1),
]


def iec_hs(**values: object) -> pd.Series:
    return score("iec_hs", labs(**BLAND | values), findings={"haemophagocytosis": "no"}, **WOMAN)


@pytest.fixture(scope="module", autouse=True)
def _all_in_one_go() -> None:
    seen = {"haemophagocytosis": "no"}
    scored_ahead(course(labs(**BLAND | values), findings=seen, **WOMAN) for _, values, _ in FEATURES)


@pytest.mark.parametrize(("item", "values", "points"), FEATURES)
def test_each_feature_stands_where_the_definition_has_it(
    item: str, values: dict[str, float], points: int | None
) -> None:
    assert iec_hs(**values)["points"][item] == points


def test_ferritin_and_two_common_features_are_positive() -> None:
    told = iec_hs(ast=500, fibrinogen=1.2)
    assert (told["low"], told["high"], told["positive"], told["missing"]) == (2, 2, True, [])
    assert iec_hs(ast=500)["positive"] is False
    assert iec_hs(ast=500, fibrinogen=1.2, ferritin=300)["positive"] is None


def test_the_limit_of_a_patient_of_unknown_sex_lies_between_both() -> None:
    # ferritin of a man from 18: 409, of a woman to 50: 175; 600 is more than twice 175 and less than twice 409
    told = score("iec_hs", labs(ferritin=600), birth_date="1980-01-01", context="CAR-T")
    assert told["points"]["ferritin"] is None
    assert score("iec_hs", labs(ferritin=819), birth_date="1980-01-01")["points"]["ferritin"] == 1


def test_without_effector_cells_it_says_so() -> None:
    assert "Made for CAR-T, not for AOSD." in score("iec_hs", context="AOSD")["scope"]
    assert "Made for" not in iec_hs()["scope"]
