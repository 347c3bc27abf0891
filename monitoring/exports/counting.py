"""
Which rows of the store's laboratory values count: of every version the current one, of a draw the value received last.

Runs in a process of its own, and so imports no pandas: several are open at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from storage.facts import Facts

ABSENT = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Column:
    """A field of the export: its name, type and hiding, see monitoring.exports.fields.Field."""

    name: str
    type: str
    hiding: str
    pattern: str


@dataclass(frozen=True)
class Plan:
    """What is the same for all parts. Moments in microseconds since 1970; no `key`: identified."""

    columns: tuple[Column, ...]
    known: frozenset[str]
    withdrawn: frozenset[str]
    analytes: frozenset[str]
    as_of: int
    bulk_days: int
    start: int | None = None
    end: int | None = None
    key: bytes | None = field(default=None, repr=False)
    marked: bool = False  # for CSV: a text taken for a formula gets an apostrophe, one taken for a number its unit

    def column(self, name: str) -> Column:
        return next(one for one in self.columns if one.name == name)


@dataclass(frozen=True)
class Part:
    """
    Some patients, in the order of the export: how each is shown, moved, when the first temperature was written down
    (ABSENT: never) and the last known day of the stay. `names`: all identifiers, each of the patient `owners` says.
    """

    shown: tuple[str, ...]
    names: tuple[str, ...]
    owners: np.ndarray
    moved: np.ndarray
    early: np.ndarray
    stay: np.ndarray
    leads: bool = False  # the first of an export: see monitoring.exports.leading


@dataclass(frozen=True)
class Drawn:
    """Of each patient the first and last moment a specimen was drawn (ABSENT: never), and how many values there are."""

    first: np.ndarray
    last: np.ndarray
    count: np.ndarray


def whole(column: Any) -> np.ndarray:
    """Whole numbers; ABSENT where there is none."""
    return np.asarray(pc.fill_null(column, int(ABSENT)))


def counting(told: Facts, part: Part, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Current versions with a value, one a draw: which, by patient, moment, analyte, method and number; and whose."""
    rows, kind = told.rows, np.asarray(told.rows["kind"])
    owner = part.owners[np.asarray(rows["patient"])]
    draw = (owner, whole(rows["collected_at"]), _rank(told.kinds)[kind])
    order = _order(draw, whole(rows["ref"]))
    current = _latest(owner, told) & ~among(told.kinds["status"], plan.withdrawn)[kind]
    order = order[current[order]]
    order = order[_last_of_draw(rows, [key[order] for key in draw], order)]
    fit = among(told.kinds["analyte"], plan.known)[kind] & np.isfinite(np.asarray(rows["value"], dtype=float))
    order = order[fit[order]]
    return order, owner[order]


def _order(draw: tuple[np.ndarray, ...], ref: np.ndarray) -> np.ndarray:
    """By owner, moment, rank and number. Rows mostly come in this order but for the rank: a stable sort is short."""
    owner, at, rank = draw
    order = np.arange(len(ref)) if _sorted(owner, at, ref) else np.lexsort((ref, at, owner))
    changed = np.r_[True, (np.diff(owner[order]) != 0) | (np.diff(at[order]) != 0)][: len(order)]
    place = np.cumsum(changed) * (rank.max(initial=0) + 1) + rank[order]
    return order[np.argsort(place, kind="stable")]


def _sorted(*keys: np.ndarray) -> bool:
    """Compared and not subtracted: the difference of two numbers of 64 bits may have no place in 64."""
    rises = np.ones(max(len(keys[0]) - 1, 0), dtype=bool)
    for key in reversed(keys):
        rises = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & rises)
    return bool(rises.all())


def _latest(owner: np.ndarray, told: Facts) -> np.ndarray:
    """A first version alone replaces nothing."""
    versions, latest = whole(told.kinds["version"]), np.ones(len(owner), dtype=bool)
    if not (versions > 1).any():
        return latest
    version, ref = versions[np.asarray(told.rows["kind"])], whole(told.rows["ref"])
    order = np.lexsort((version, ref, owner))
    same = (np.diff(owner[order]) == 0) & (np.diff(ref[order]) == 0)
    latest[order[:-1][same]] = False
    return latest


def _last_of_draw(table: pa.Table, draw: list[np.ndarray], order: np.ndarray) -> np.ndarray:
    """Of several values of one draw the one received last; see storage.versions.one_per_draw."""
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for key in draw:
        same &= np.diff(key) == 0
    places = np.arange(len(order))
    if not same.any():
        return places
    group = np.cumsum(np.r_[True, ~same])
    times = [whole(table[name])[order] for name in ("ref", "resulted_at", "received_at")]
    ranked = np.lexsort((*times, group))
    last = np.sort(ranked[np.r_[np.diff(group[ranked]) != 0, True]])
    return places[last]


def chosen(told: Facts, plan: Plan) -> np.ndarray | None:
    """Of all rows those asked for; None: all."""
    taken, kind = whole(told.rows["collected_at"]), np.asarray(told.rows["kind"])
    tests = [
        *([among(told.kinds["analyte"], plan.analytes)[kind]] if plan.analytes else []),
        *([taken >= plan.start] if plan.start is not None else []),
        *([taken <= plan.end] if plan.end is not None else []),
    ]
    return np.logical_and.reduce(tests) if tests else None


def among(column: Any, wanted: frozenset[str]) -> np.ndarray:
    """Whether each text is one of these."""
    return np.asarray(pc.is_in(column, value_set=pa.array(sorted(wanted), pa.string())))


def _rank(kinds: pa.Table) -> np.ndarray:
    """The place of each kind's analyte and method among all, in the order of their texts."""
    pairs = list(zip(kinds["analyte"].to_pylist(), kinds["method"].to_pylist(), strict=True))
    place = {pair: number for number, pair in enumerate(sorted(set(pairs)))}
    return np.array([place[pair] for pair in pairs], dtype=np.int64)


def drawn(patient: np.ndarray, at: np.ndarray, patients: int) -> Drawn:
    """Rows stand patient by patient, in order of time."""
    count = np.bincount(patient, minlength=patients)
    ends = np.cumsum(count)
    first, last = np.full(patients, ABSENT), np.full(patients, ABSENT)
    there = count > 0
    first[there], last[there] = at[ends[there] - count[there]], at[ends[there] - 1]
    return Drawn(first, last, count)
