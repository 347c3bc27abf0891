"""
The laboratory values of some patients from the store's rows to a table of the export, column by column: no judgement.

The same rows, in the same order and as well hidden as monitoring.exports.tables and hiding make them; a test holds the
two side by side. Runs in a process of its own, and so imports no pandas: several are open at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from monitoring.exports.coded import Coded, Columns, coded, taken
from monitoring.exports.counting import ABSENT, Column, Drawn, Part, Plan, among, chosen, counting, drawn, whole
from monitoring.exports.covering import hexadecimal, keyed, signs
from monitoring.exports.leading import leading
from monitoring.exports.marking import marked
from monitoring.exports.worded import UNIT_OF, worded
from storage.facts import COLUMNS, TEXTS, Facts

SECOND, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000  # in microseconds
NEEDED = {"value", "collected_at", "resulted_at", "received_at", "ref"}
RENAMED = {"value_reported": "value_text", "unit_reported": "unit_text", "value_id": "ref"}


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
        return taken(self.told.rows[name].combine_chunks(), self.place)

    @cached_property
    def place(self) -> pa.Array:
        return pa.array(self.order)

    @cached_property
    def value(self) -> Any:
        return self.column("value")

    @cached_property
    def by(self) -> np.ndarray:
        return self.part.moved[self.patient]


def wanted_columns(columns: Iterable[Any], key: bytes | None) -> list[str]:
    """Of the store, those that these of an export need beside the kinds."""
    hidden = {one.name for one in columns if one.hiding == "left_out" and key}
    asked = {RENAMED.get(one.name, one.name) for one in columns if one.name not in hidden}
    return sorted(asked & set(COLUMNS.names) | NEEDED)


def values(told: Facts, part: Part, plan: Plan) -> tuple[Columns, Drawn]:
    """`told`: every version, as storage.facts reads them."""
    order, patient = counting(told, part, plan)
    spans = drawn(patient, whole(told.rows["collected_at"])[order], len(part.shown))
    asked = chosen(told, plan)
    if asked is not None:
        order, patient = order[asked[order]], patient[asked[order]]
    columns = _columns(told, (order, patient), spans, part, plan)
    led = leading(patient, _filled(columns)) if part.leads and plan.marked else None
    if led is not None:
        columns = _columns(told, (order[led], patient[led]), spans, part, plan)
    return columns, spans


def _columns(told: Facts, which: tuple[np.ndarray, np.ndarray], spans: Drawn, part: Part, plan: Plan) -> Columns:
    """`which`: the rows that count, in order, and of each the patient."""
    kind = pa.array(np.asarray(told.rows["kind"])[which[0]], pa.int32())
    rows = _Rows(told, *which, kind, part, spans, plan)
    return {one.name: _column(rows, one) for one in plan.columns}


def _filled(columns: Columns) -> np.ndarray:
    """Rows by columns, of those that are no text."""
    typed = [one for one in columns.values() if not isinstance(one, Coded) and not pa.types.is_string(one.type)]
    return np.column_stack([np.asarray(one.is_valid()) for one in typed])


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
    told = _words(rows, one)
    if rows.plan.marked and one.name in UNIT_OF:
        told = worded(told, _words(rows, rows.plan.column(UNIT_OF[one.name])))
    return Coded(told.codes, _marked(told.values, rows.plan, one.name), told.first)


def _words(rows: _Rows, one: Column) -> Coded:
    name = RENAMED.get(one.name, one.name)
    own = Coded(rows.kind, rows.told.kinds[name].combine_chunks()) if name in TEXTS else coded(rows.column(name))
    return Coded(own.codes, _texts(own.values, rows.plan, one), own.first)


def _moment(rows: _Rows, at: np.ndarray, hiding: str) -> Any:
    there = at != ABSENT
    if hiding == "ours":
        until = np.maximum(rows.part.stay, rows.drawn.last) + rows.plan.bulk_days * DAY
        there &= (at <= until[rows.patient]) & (at < rows.plan.as_of)
        at = at - at % MINUTE
    told = np.where(there, at + rows.by, 0)
    return pa.array(told, pa.int64(), mask=None if there.all() else ~there).cast(pa.timestamp("us", tz="UTC"))


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
    return texts


def _marked(texts: Any, plan: Plan, column: str) -> Any:
    return marked(texts, column) if plan.marked else texts


def _patients(rows: _Rows) -> Coded:
    shown = pa.array(rows.part.shown, pa.string())
    return Coded(pa.array(rows.patient, pa.int32()), _marked(shown, rows.plan, "patient_id"))


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
    own = among(rows.told.kinds["comparator"], frozenset(comparators))
    return pc.if_else(taken(pa.array(own), rows.kind), beyond, rows.value) if own.any() else rows.value


MADE: Mapping[str, Callable[[_Rows], Any]] = {
    "patient_id": _patients,
    "value_id": _numbers,
    "hours_since_first": _since_first,
    "value_low": _low,
    "value_high": _high,
}
