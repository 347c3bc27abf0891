"""Ferritin's company where it moves without it, as in an infection: CRP most, enzymes little, platelets hardly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from monitoring.analysis.belief import Belief
from monitoring.analysis.turning import REMEMBERED, turning
from tests.spec.change_points import Course, as_points, belief, numbers

RISE, FALL = "ferritin_rising", "fibrinogen_falling"
HOURS = (0, 12, 24, 36, 48)
NOISE = {"ferritin": 0.137, "crp": 0.42, "ast": 0.1, "ldh": 0.06, "platelets": 0.076}
# A ferritin a quarter higher after a day: by itself as likely noise as the beginning of a rise.
FERRITIN = (5000, 5100, 4900, 5600, 6400)
INFECTION = {
    "crp": (40, 40, 75, 130, 200), "ast": (60, 60, 66, 74, 80), "ldh": (320, 320, 325, 330, 340),
    "platelets": (200, 200, 198, 196, 194),
}  # fmt: skip
# By the ratios of the rule: of 25 % more ferritin 8 % more LDH, 12 % AST, 13 % CRP, and 7.5 % fewer platelets.
DISEASE = {
    "crp": (40, 40, 40, 43, 45), "ast": (60, 60, 60, 63, 67), "ldh": (320, 320, 320, 333, 346),
    "platelets": (200, 200, 200, 192, 185),
}  # fmt: skip


def drawn(company: dict[str, tuple[int, ...]]) -> Course:
    values = {"ferritin": FERRITIN, **company}
    return {
        name: [(float(hour), float(value), NOISE[name]) for hour, value in zip(HOURS, course, strict=True)]
        for name, course in values.items()
    }


def probability(company: dict[str, tuple[int, ...]], held: Belief) -> float:
    REMEMBERED.forget()
    return float(numbers(turning(as_points(drawn(company)), "ferritin", held))[-1][0])


def lost(company: dict[str, tuple[int, ...]]) -> float:
    """How many log odds of a rise the ratios apart take away."""
    held = replace(belief(RISE), most=np.inf)
    return float(logit(probability(company, replace(held, apart=()))) - logit(probability(company, held)))


def test_what_moves_as_in_an_infection_speaks_less_for_a_rise_and_what_moves_as_in_disease_no_less() -> None:
    assert lost(INFECTION) > 0.02 > abs(lost(DISEASE))


def test_the_same_ratios_apart_as_along_change_nothing() -> None:
    held = belief(RISE)
    same = tuple((name, ratio) for name, ratio, _ in held.company)
    for company in (INFECTION, DISEASE):
        found = probability(company, replace(held, apart=same))
        assert found == pytest.approx(probability(company, replace(held, apart=())), abs=1e-12)


def test_each_marker_of_ferritins_company_has_a_ratio_apart_and_crp_the_largest() -> None:
    apart = dict(belief(RISE).apart)
    assert list(apart) == [name for name, _, _ in belief(RISE).company]
    assert max(apart, key=lambda name: abs(apart[name])) == "crp"
    assert belief(FALL).apart == ()
