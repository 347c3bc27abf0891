"""
How a series may have gone, case by case: turned or not, with its company or alone; and what all of them say together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr

from monitoring.analysis.belief import Belief

SMALL = 1e-12
NEVER = -np.inf


@dataclass(frozen=True)
class Case:
    """
    One turn (or none) with one pair of priors. Of each asked value: log weight when it moves `with_` its company and
    `alone`, that of the company moving by itself (`others`), and the slope now with its variance for the first two.
    """

    rows: np.ndarray
    with_: np.ndarray
    alone: np.ndarray
    others: np.ndarray
    slope_with: np.ndarray
    spread_with: np.ndarray
    slope_alone: np.ndarray
    spread_alone: np.ndarray


class Cases:
    """All cases of all asked values, laid side by side until every one has been weighed."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.found: list[Case] = []

    def add(self, case: Case) -> None:
        self.found.append(case)

    def told(self, belief: Belief) -> np.ndarray:
        """Rows of probability, relevant, alone, rate and its standard deviation."""
        with_, alone, others = (self._total(name) for name in ("with_", "alone", "others"))
        company = np.logaddexp(np.log1p(-belief.without), np.log(belief.without) + others)
        both = np.log(belief.along) + with_, np.log1p(-belief.along) + alone + company
        share = np.exp(both[0] - np.logaddexp(*both)) if belief.company else np.zeros(self.size)
        one, two = self._slopes("with_", with_, belief), self._slopes("alone", alone, belief)
        share = share * _allowed(one["least"], two["least"], share, belief.most)
        mix = {name: share * one[name] + (1.0 - share) * two[name] for name in one}
        error = np.sqrt(np.maximum(mix["square"] - mix["rate"] ** 2, 0.0))
        return np.column_stack([mix["least"], mix["relevant"], two["least"], mix["rate"], error])

    def _total(self, name: str) -> np.ndarray:
        most = np.full(self.size, NEVER)
        for case in self.found:
            most[case.rows] = np.maximum(most[case.rows], getattr(case, name))
        total = np.zeros(self.size)
        for case in self.found:
            total[case.rows] += np.exp(getattr(case, name) - most[case.rows])
        return most + np.log(total)

    def _slopes(self, name: str, total: np.ndarray, belief: Belief) -> dict[str, np.ndarray]:
        """Probabilities of a slope beyond `least` and `relevant`, mean slope and mean square of it."""
        told = {one: np.zeros(self.size) for one in ("least", "relevant", "rate", "square")}
        ends = ("slope_with", "spread_with") if name == "with_" else ("slope_alone", "spread_alone")
        for case in self.found:
            weight = np.exp(getattr(case, name) - total[case.rows])
            slope, spread = (getattr(case, end) for end in ends)
            toward, error = belief.way * slope, np.sqrt(spread)
            for limit in ("least", "relevant"):
                told[limit][case.rows] += weight * ndtr((toward - abs(getattr(belief, limit))) / error)
            told["rate"][case.rows] += weight * slope
            told["square"][case.rows] += weight * (slope**2 + spread)
        return told


def _allowed(along: np.ndarray, alone: np.ndarray, share: np.ndarray, most: float) -> np.ndarray:
    """
    The part of `share`, the weight of going along, that keeps what the company adds to the log odds within `most`:
    the probability is share * along + (1 - share) * alone, and may be no more than odds * e^most of `alone`.
    """
    if not np.isfinite(most):
        return np.ones(len(share))
    limit = expit(logit(np.clip(alone, SMALL, 1.0 - SMALL)) + most)
    gain = share * (along - alone)
    return np.where(gain > limit - alone, (limit - alone) / np.maximum(gain, SMALL), 1.0)
