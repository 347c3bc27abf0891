"""
The laboratory values of some patients from the store's rows to a table of the export, column by column: no judgement.

The same rows, in the same order and as well hidden as monitoring.exports.tables and hiding make them; a test holds the
two side by side. Runs in a process of its own, and so imports no pandas: several are open at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from monitoring.csv_marks import FORMULA, NUMBER
from monitoring.exports.coded import Coded, Columns, coded
from monitoring.exports.covering import hexadecimal, keyed, signs
from storage.facts import COLUMNS, TEXTS, Facts

SECOND, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000  # in microseconds
ABSENT = np.iinfo(np.int64).min
NEEDED = {"value", "collected_at", "resulted_at", "received_at", "ref"}
RENAMED = {"value_reported": "value_text", "unit_reported": "unit_text", "value_id": "ref"}


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
    marked: bool = False  # texts that a spreadsheet would take for a formula get an apostrophe


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


@dataclass(frozen=True)
class Drawn:
    """Of each patient the first and last moment a specimen was drawn (ABSENT: never), and how many values there are."""

    first: np.ndarray
    last: np.ndarray
    count: np.ndarray


@dataclass(frozen=True)
class _Rows:
    """What was read, which of its rows count (`order`), of each of these patient and kind, and what all rest on."""

    told: Facts
    order: np.ndarray
    patient: np.ndarray
    kind: pa.Array
    part: Part
    drawn: Drawn
    plan: Plan

    def whole(self, name: str) -> np.ndarray:
        return whole(self.told.rows[name])[self.order]

    def column(self, name: str) -> Any:
        return self.told.rows[name].combine_chunks().take(pa.array(self.order))

    @cached_property
    def value(self) -> Any:
        return self.column("value")

    @property
    def by(self) -> np.ndarray:
        return self.part.moved[self.patient]


def wanted_columns(plan: Plan) -> list[str]:
    """Those of the store that an export needs beside the kinds."""
    hidden = {one.name for one in plan.columns if one.hiding == "left_out" and plan.key}
    asked = {RENAMED.get(one.name, one.name) for one in plan.columns if one.name not in hidden}
    return sorted(asked & set(COLUMNS.names) | NEEDED)


def values(told: Facts, part: Part, plan: Plan) -> tuple[Columns, Drawn]:
    """`told`: every version, as storage.facts reads them."""
    order, patient = _counting(told, part, plan)
    drawn = _drawn(patient, whole(told.rows["collected_at"])[order], len(part.shown))
    chosen = _chosen(told, plan)
    if chosen is not None:
        order, patient = order[chosen[order]], patient[chosen[order]]
    kind = pa.array(np.asarray(told.rows["kind"])[order], pa.int32())
    rows = _Rows(told, order, patient, kind, part, drawn, plan)
    return {one.name: _column(rows, one) for one in plan.columns}, drawn


def whole(column: Any) -> np.ndarray:
    """Whole numbers; ABSENT where there is none."""
    return np.asarray(pc.fill_null(column, int(ABSENT)))


def _counting(told: Facts, part: Part, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Current versions with a value, one a draw: which, by patient, moment, analyte, method and number; and whose."""
    rows, kind = told.rows, np.asarray(told.rows["kind"])
    owner = part.owners[np.asarray(rows["patient"])]
    draw = (owner, whole(rows["collected_at"]), _rank(told.kinds)[kind])
    order = _order(draw, whole(rows["ref"]))
    current = _latest(owner, told) & ~_in(told.kinds["status"], plan.withdrawn)[kind]
    order = order[current[order]]
    order = order[_last_of_draw(rows, [key[order] for key in draw], order)]
    fit = _in(told.kinds["analyte"], plan.known)[kind] & np.isfinite(np.asarray(rows["value"], dtype=float))
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


def _chosen(told: Facts, plan: Plan) -> np.ndarray | None:
    """Of all rows those asked for; None: all."""
    drawn, kind = whole(told.rows["collected_at"]), np.asarray(told.rows["kind"])
    tests = [
        *([_in(told.kinds["analyte"], plan.analytes)[kind]] if plan.analytes else []),
        *([drawn >= plan.start] if plan.start is not None else []),
        *([drawn <= plan.end] if plan.end is not None else []),
    ]
    return np.logical_and.reduce(tests) if tests else None


def _in(column: Any, wanted: frozenset[str]) -> np.ndarray:
    return np.asarray(pc.is_in(column, value_set=pa.array(sorted(wanted), pa.string())))


def _rank(kinds: pa.Table) -> np.ndarray:
    """The place of each kind's analyte and method among all, in the order of their texts."""
    pairs = list(zip(kinds["analyte"].to_pylist(), kinds["method"].to_pylist(), strict=True))
    place = {pair: number for number, pair in enumerate(sorted(set(pairs)))}
    return np.array([place[pair] for pair in pairs], dtype=np.int64)


def _drawn(patient: np.ndarray, at: np.ndarray, patients: int) -> Drawn:
    """Rows stand patient by patient, in order of time."""
    count = np.bincount(patient, minlength=patients)
    ends = np.cumsum(count)
    first, last = np.full(patients, ABSENT), np.full(patients, ABSENT)
    there = count > 0
    first[there], last[there] = at[ends[there] - count[there]], at[ends[there] - 1]
    return Drawn(first, last, count)


def _column(rows: _Rows, one: Column) -> Any:
    hiding = one.hiding if rows.plan.key else ""
    if hiding == "left_out":
        return Coded(rows.kind, pa.nulls(len(rows.told.kinds), pa.string()))
    if one.name in MADE:
        return MADE[one.name](rows)
    name = RENAMED.get(one.name, one.name)
    if one.type == "datetime":
        return _moment(rows, rows.whole(name), hiding)
    if one.type != "string":
        return rows.value if name == "value" else rows.column(name)
    if name in TEXTS:
        return Coded(rows.kind, _texts(rows.told.kinds[name].combine_chunks(), rows.plan, one))
    own = coded(rows.column(name))
    return Coded(own.codes, _texts(own.values, rows.plan, one))


def _moment(rows: _Rows, at: np.ndarray, hiding: str) -> Any:
    there = at != ABSENT
    if hiding == "ours":
        until = np.maximum(rows.part.stay, rows.drawn.last) + rows.plan.bulk_days * DAY
        there &= (at <= until[rows.patient]) & (at < rows.plan.as_of)
        at = at - at % MINUTE
    told = np.where(there, at + rows.by, 0)
    return pa.array(told, pa.int64(), mask=~there).cast(pa.timestamp("us", tz="UTC"))


def _texts(texts: Any, plan: Plan, one: Column) -> Any:
    """One that is empty is missing."""
    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    hiding = one.hiding if plan.key else ""
    if hiding == "pattern":
        fits = pc.match_substring_regex(texts, f"^(?:{one.pattern})$")
        texts = pc.if_else(fits, texts, None)
    if hiding == "number" and plan.key:
        make: Callable[[str], str] = partial(signs, plan.key, one.name)
        texts = pa.array([text and make(text) for text in texts.to_pylist()], pa.string())
    return _marked(texts, plan)


def _marked(texts: Any, plan: Plan) -> Any:
    """See monitoring.csv_marks.harmless."""
    if not plan.marked:
        return texts
    wild = pc.match_substring_regex(texts, f"^{FORMULA}")
    if not pc.any(wild).as_py():
        return texts
    wild = pc.and_not(wild, pc.match_substring_regex(texts, f"^{NUMBER}$"))
    return pc.if_else(wild, pc.binary_join_element_wise("'", texts, ""), texts)


def _patients(rows: _Rows) -> Coded:
    shown = pa.array(rows.part.shown, pa.string())
    return Coded(pa.array(rows.patient, pa.int32()), _marked(shown, rows.plan))


def _numbers(rows: _Rows) -> Any:
    refs, key = rows.whole("ref"), rows.plan.key
    return _ascii(hexadecimal(keyed(refs, key, "value_id") if key else refs.view("u8")))


def _ascii(texts: np.ndarray) -> Any:
    width = texts.dtype.itemsize
    ends = np.arange(0, (len(texts) + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(texts)))


def _since_first(rows: _Rows) -> Any:
    early = rows.part.early
    first = np.where((early != ABSENT) & (early < rows.drawn.first), early, rows.drawn.first)
    seconds = (rows.whole("collected_at") - first[rows.patient]) / SECOND
    return pa.array(np.round(seconds / 3600.0, 2))


def _low(rows: _Rows) -> Any:
    return _bound(rows, ("<", "<="), 0.0)


def _high(rows: _Rows) -> Any:
    return _bound(rows, (">", ">="), None)


def _bound(rows: _Rows, comparators: tuple[str, ...], beyond: float | None) -> Any:
    """The very same array where no value is such a bound."""
    own = _in(rows.told.kinds["comparator"], frozenset(comparators))
    return pc.if_else(pa.array(own).take(rows.kind), beyond, rows.value) if own.any() else rows.value


MADE: Mapping[str, Callable[[_Rows], Any]] = {
    "patient_id": _patients,
    "value_id": _numbers,
    "hours_since_first": _since_first,
    "value_low": _low,
    "value_high": _high,
}
