"""From the lines of a table to the score: lowest and highest sum, and whether it is positive either way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitoring.analysis.scores.items import Answer, meets
from monitoring.score_terms import Chances, Score


@dataclass(frozen=True)
class Total:
    """An entry a patient; `positive` is None where the interval straddles the cut-off."""

    low: np.ndarray
    high: np.ndarray
    positive: list[bool | None]


def total(score: Score, needed: list[Answer], added: list[Answer]) -> Total:
    low, high = (np.sum([getattr(one, end) for one in added], axis=0) for end in ("low", "high"))
    surely = _positive(score, needed, added, low, "low")
    possibly = _positive(score, needed, added, high, "high")
    told = [True if sure else None if maybe else False for sure, maybe in zip(surely, possibly, strict=True)]
    return Total(low, high, told)


def _positive(score: Score, needed: list[Answer], added: list[Answer], sums: np.ndarray, end: str) -> np.ndarray:
    """Whether it is positive when every open line turns out at this end."""
    told = meets(sums, score.cutoff.when, score.cutoff.value)
    for one in needed:
        told = told & (getattr(one, end) > 0)
    if score.subtotal:
        some = [one for item, one in zip(score.items, added, strict=True) if item.code in score.subtotal.items]
        part = np.sum([getattr(one, end) for one in some], axis=0)
        told = told & meets(part, score.subtotal.when, score.subtotal.value)
    return told


def chances(table: Chances, sums: np.ndarray) -> list[str]:
    """The published bin each sum lies in."""
    highest = [highest for highest, _ in table.bins]
    places = np.minimum(np.searchsorted(highest, sums, side="left"), len(highest) - 1)
    return [table.bins[place][1] for place in places]
