"""What is given, administration by administration."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields

import numpy as np

from monitoring.simulation.cohort import Cohort
from monitoring.simulation.numbers import Numbers
from monitoring.simulation.terms import Given


@dataclass(frozen=True)
class Administrations:
    """One entry an administration: `patient` is the place in the cohort, `at` hours, `amount` in `unit`."""

    patient: np.ndarray
    at: np.ndarray
    code: np.ndarray
    name: np.ndarray
    amount: np.ndarray
    unit: np.ndarray
    route: np.ndarray

    def taken(self, rows: np.ndarray) -> Administrations:
        return Administrations(*(getattr(self, field.name)[rows] for field in fields(self)))

    def chosen(self, codes: Collection[str]) -> Administrations:
        return self.taken(np.isin(self.code, list(codes)))


NOTHING = Administrations(
    np.zeros(0, dtype=int), np.zeros(0), np.zeros(0, dtype="<U1"), np.zeros(0, dtype="<U1"), np.zeros(0),
    np.zeros(0, dtype="<U1"), np.zeros(0, dtype="<U1"),
)  # fmt: skip


def administrations(numbers: Numbers, cohort: Cohort) -> Administrations:
    """All that is given during the stays, in the order of time."""
    names = np.array([variant.protocol for variant in cohort.variants])
    parts = [
        series(given, np.flatnonzero(names == name), cohort)
        for name, protocol in numbers.protocols.items()
        for given in protocol.given
    ]
    whole = joined([NOTHING, *parts])
    during = (whole.at >= cohort.admitted[whole.patient]) & (whole.at <= cohort.hours)
    kept = whole.taken(during)
    return kept.taken(np.lexsort((kept.code, kept.patient, kept.at)))


def series(given: Given, rows: np.ndarray, cohort: Cohort) -> Administrations:
    turn = np.arange(given.times)
    at = cohort.turns[rows][:, None] + given.from_hours + given.every_hours * turn
    amounts = rounded(full(given, rows, cohort)[:, None] * given.factor**turn, given.round_to)
    count = at.size
    return Administrations(
        patient=np.repeat(rows, given.times),
        at=at.ravel(),
        code=np.full(count, given.code),
        name=np.full(count, given.name),
        amount=amounts.ravel(),
        unit=np.full(count, given.unit),
        route=np.full(count, given.route),
    )


def full(given: Given, rows: np.ndarray, cohort: Cohort) -> np.ndarray:
    """The first amount for each patient: by weight, surface or fixed, never above the maximum."""
    weights, surfaces = cohort.people.weights[rows], cohort.people.surfaces[rows]
    per_kg = np.where(weights < given.lighter_than_kg, given.lighter_per_kg, given.per_kg)
    return np.minimum(per_kg * weights + given.per_m2 * surfaces + given.amount, given.maximum)


def rounded(amounts: np.ndarray, step: float) -> np.ndarray:
    return np.maximum(np.round(amounts / step), 1) * step


def joined(parts: list[Administrations]) -> Administrations:
    return Administrations(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Administrations))
    )
