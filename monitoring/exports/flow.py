"""
The laboratory values of some patients from the store's rows to a table of the export, column by column: no judgement.

The same rows, in the same order and as well hidden as monitoring.exports.tables and hiding make them; a test holds the
two side by side. Runs in a process of its own, and so imports no pandas: several are open at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from monitoring.csv_marks import FORMULA, NUMBER
from monitoring.exports.covering import hexadecimal, keyed, signs

SECOND, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000  # in microseconds
ABSENT = np.iinfo(np.int64).min
NEEDED = {"patient_id", "analyte", "method", "status", "value", "comparator", "collected_at", "resulted_at",
          "received_at", "ref", "version"}  # fmt: skip
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
    """The stored columns, which of their rows count (`order`), the patient of each of these, and what all rest on."""

    table: pa.Table
    order: np.ndarray
    patient: np.ndarray
    part: Part
    drawn: Drawn
    plan: Plan

    def whole(self, name: str) -> np.ndarray:
        return whole(self.table[name])[self.order]

    @property
    def by(self) -> np.ndarray:
        return self.part.moved[self.patient]


def wanted_columns(plan: Plan) -> list[str]:
    """Those of the store that an export needs."""
    hidden = {one.name for one in plan.columns if one.hiding == "left_out" and plan.key}
    asked = {RENAMED.get(one.name, one.name) for one in plan.columns if one.name not in hidden}
    return sorted((asked - {"hours_since_first", "value_low", "value_high"}) | NEEDED)


def values(told: pa.Table, part: Part, plan: Plan) -> tuple[pa.Table, Drawn]:
    """`told`: every version, as storage.facts reads them."""
    order, patient = _counting(told, part, plan)
    drawn = _drawn(patient, whole(told["collected_at"])[order], len(part.shown))
    chosen = _chosen(told, plan)
    if chosen is not None:
        order, patient = order[chosen[order]], patient[chosen[order]]
    rows = _Rows(told, order, patient, part, drawn, plan)
    arrays = [_column(rows, one) for one in plan.columns]
    return pa.Table.from_arrays(arrays, names=[one.name for one in plan.columns]), drawn


def whole(column: Any) -> np.ndarray:
    """Whole numbers; ABSENT where there is none."""
    return np.asarray(pc.fill_null(column, int(ABSENT)))


def _counting(told: pa.Table, part: Part, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Current versions with a value, one a draw: which, by patient, moment, analyte, method and number; and whose."""
    owner = part.owners[np.asarray(pc.index_in(told["patient_id"], value_set=pa.array(part.names, pa.string())))]
    draw = (owner, whole(told["collected_at"]), _rank(told["analyte"]), _rank(told["method"]))
    order = np.lexsort((whole(told["ref"]), *draw[::-1]))
    current = _latest(owner, told) & ~_in(told["status"], plan.withdrawn)
    order = order[current[order]]
    order = order[_last_of_draw(told, [key[order] for key in draw], order)]
    fit = _in(told["analyte"], plan.known) & np.isfinite(np.asarray(told["value"], dtype=float))
    order = order[fit[order]]
    return order, owner[order]


def _latest(owner: np.ndarray, told: pa.Table) -> np.ndarray:
    """A first version alone replaces nothing."""
    version, latest = whole(told["version"]), np.ones(len(owner), dtype=bool)
    if not (version > 1).any():
        return latest
    ref = whole(told["ref"])
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


def _chosen(table: pa.Table, plan: Plan) -> np.ndarray | None:
    """Of all rows those asked for; None: all."""
    drawn = whole(table["collected_at"])
    tests = [
        *([_in(table["analyte"], plan.analytes)] if plan.analytes else []),
        *([drawn >= plan.start] if plan.start is not None else []),
        *([drawn <= plan.end] if plan.end is not None else []),
    ]
    return np.logical_and.reduce(tests) if tests else None


def _in(column: Any, wanted: frozenset[str]) -> np.ndarray:
    return np.asarray(pc.is_in(column, value_set=pa.array(sorted(wanted), pa.string())))


def _rank(column: Any) -> np.ndarray:
    """For each row the place of its text among the texts of the column, in their order."""
    told = _encoded(column)
    order = np.argsort(np.asarray(told.dictionary.to_pylist(), dtype=object), kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[np.asarray(told.indices)] if len(order) else np.zeros(len(column), dtype=np.int64)


def _encoded(column: Any) -> Any:
    return pc.dictionary_encode(column).combine_chunks()


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
        return pa.nulls(len(rows.order), pa.string())
    if one.name in MADE:
        return MADE[one.name](rows)
    name = RENAMED.get(one.name, one.name)
    if one.type == "datetime":
        return _moment(rows, rows.whole(name), hiding)
    return _text(rows.table[name], rows, one) if one.type == "string" else _number(rows, name)


def _number(rows: _Rows, name: str) -> Any:
    return rows.table[name].combine_chunks().take(pa.array(rows.order))


def _moment(rows: _Rows, at: np.ndarray, hiding: str) -> Any:
    there = at != ABSENT
    if hiding == "ours":
        until = np.maximum(rows.part.stay, rows.drawn.last) + rows.plan.bulk_days * DAY
        there &= (at <= until[rows.patient]) & (at < rows.plan.as_of)
        at = at - at % MINUTE
    told = np.where(there, at + rows.by, 0)
    return pa.array(told, pa.int64(), mask=~there).cast(pa.timestamp("us", tz="UTC"))


def _text(stored: Any, rows: _Rows, one: Column) -> Any:
    """Worked on once for each text there is; one that is empty is missing."""
    told = _encoded(stored)
    texts = pc.if_else(pc.equal(told.dictionary, ""), None, told.dictionary)
    hiding = one.hiding if rows.plan.key else ""
    if hiding == "pattern":
        fits = pc.match_substring_regex(texts, f"^(?:{one.pattern})$")
        texts = pc.if_else(fits, texts, None)
    if hiding == "number" and rows.plan.key:
        make: Callable[[str], str] = partial(signs, rows.plan.key, one.name)
        texts = pa.array([text and make(text) for text in texts.to_pylist()], pa.string())
    return _marked(texts, rows.plan).take(told.indices.take(pa.array(rows.order)))


def _marked(texts: Any, plan: Plan) -> Any:
    """See monitoring.csv_marks.harmless."""
    if not plan.marked:
        return texts
    wild = pc.and_not(pc.match_substring_regex(texts, f"^{FORMULA}"), pc.match_substring_regex(texts, f"^{NUMBER}$"))
    return pc.if_else(wild, pc.binary_join_element_wise("'", texts, ""), texts)


def _patients(rows: _Rows) -> Any:
    shown = pa.array(rows.part.shown, pa.string())
    return _marked(shown, rows.plan).take(pa.array(rows.patient))


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
    return pc.if_else(_signed(rows, ("<", "<=")), 0.0, _number(rows, "value"))


def _high(rows: _Rows) -> Any:
    return pc.if_else(_signed(rows, (">", ">=")), None, _number(rows, "value"))


def _signed(rows: _Rows, comparators: tuple[str, ...]) -> Any:
    return pa.array(_in(rows.table["comparator"], frozenset(comparators))[rows.order])


MADE: Mapping[str, Callable[[_Rows], Any]] = {
    "patient_id": _patients,
    "value_id": _numbers,
    "hours_since_first": _since_first,
    "value_low": _low,
    "value_high": _high,
}
