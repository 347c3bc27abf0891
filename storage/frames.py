"""The shapes that reads promise, also when there is nothing. Cast once, here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import pandas as pd

TIME = "datetime64[us, UTC]"
TEXT: Final = "str"
NUMBER = "float64"
WHOLE = "int64"
# a name is looked up anew at each comparison, which a small ward's judgement does some thousand times
TYPES = {kind: pd.api.types.pandas_dtype(kind) for kind in (TIME, TEXT, NUMBER, WHOLE)}

OBSERVATIONS: dict[str, str] = {
    "patient_id": TEXT, "analyte": TEXT, "collected_at": TIME, "value": NUMBER, "comparator": TEXT, "unit": TEXT,
    "value_text": TEXT, "unit_text": TEXT, "loinc": TEXT, "method": TEXT, "specimen": TEXT, "reference_low": NUMBER,
    "reference_high": NUMBER, "resulted_at": TIME, "received_at": TIME, "status": TEXT, "source": TEXT,
    "source_id": TEXT, "origin": TEXT, "ref": WHOLE, "version": WHOLE,
}  # fmt: skip
DOSES: dict[str, str] = {
    "patient_id": TEXT, "given": TEXT, "started_at": TIME, "ended_at": TIME, "amount": NUMBER, "unit": TEXT,
    "amount_text": TEXT, "unit_text": TEXT, "name_text": TEXT, "route": TEXT, "received_at": TIME, "status": TEXT,
    "source": TEXT, "source_id": TEXT, "origin": TEXT, "ref": WHOLE, "version": WHOLE,
}  # fmt: skip
FINDINGS: dict[str, str] = {
    "patient_id": TEXT, "finding": TEXT, "value": TEXT, "observed_at": TIME, "by": TEXT, "received_at": TIME,
    "status": TEXT, "source": TEXT, "source_id": TEXT, "origin": TEXT, "ref": WHOLE, "version": WHOLE,
}  # fmt: skip
PATIENTS: dict[str, str] = {
    "patient_id": TEXT, "birth_date": TEXT, "sex": TEXT, "weight_kg": NUMBER, "height_cm": NUMBER, "context": TEXT,
    "ward": TEXT, "bed": TEXT, "admitted_at": TIME, "discharged_at": TIME, "received_at": TIME,
}  # fmt: skip
RUNS: dict[str, str] = {
    "run_id": TEXT, "source": TEXT, "kind": TEXT, "started_at": TIME, "finished_at": TIME, "read": WHOLE, "new": WHOLE,
    "unchanged": WHOLE, "corrected": WHOLE, "set_aside": WHOLE, "assessed": WHOLE, "outcome": TEXT, "error": TEXT,
}  # fmt: skip
SET_ASIDE: dict[str, str] = {
    "id": TEXT, "source": TEXT, "kind": TEXT, "origin": TEXT, "patient_id": TEXT, "code": TEXT, "reason": TEXT,
    "sentence": TEXT, "raw": TEXT, "fields": TEXT, "received_at": TIME, "delivery": TEXT,
}  # fmt: skip
DELIVERIES: dict[str, str] = {
    "id": TEXT, "source": TEXT, "name": TEXT, "size": WHOLE, "received_at": TIME, "read_at": TIME, "there": WHOLE,
}  # fmt: skip
IDENTIFIERS: dict[str, str] = {"number": TEXT, "authority": TEXT, "patient_id": TEXT}
MERGES: dict[str, str] = {
    "patient_id": TEXT, "into": TEXT, "received_at": TIME, "by": TEXT, "reason": TEXT, "source": TEXT,
}  # fmt: skip
MARKS: dict[str, str] = {"source": TEXT, "name": TEXT, "value": TEXT, "at": TIME}
CODE_MEANINGS: dict[str, str] = {
    "source": TEXT, "code": TEXT, "at": TIME, "analyte": TEXT, "unit": TEXT, "by": TEXT,
}  # fmt: skip
ARRIVALS: dict[str, str] = {"source": TEXT, "received_at": TIME, "added": WHOLE}
ASIDE_GROUPS: dict[str, str] = {
    "source": TEXT, "reason": TEXT, "code": TEXT, "count": WHOLE, "patients": WHOLE, "first_at": TIME, "last_at": TIME,
    "id": TEXT, "sentence": TEXT,
}  # fmt: skip
ASIDE_EXAMPLES: dict[str, str] = {"source": TEXT, "code": TEXT, "id": TEXT, "fields": TEXT, "received_at": TIME}
FLAG_CHANGES: dict[str, str] = {
    "patient_id": TEXT, "flag": TEXT, "seq": WHOLE, "change": TEXT, "severity": TEXT, "began_at": TIME,
    "changed_at": TIME, "recorded_at": TIME, "rule_version": TEXT, "sentence": TEXT, "reason": TEXT, "evidence": TEXT,
    "confounders": TEXT, "run_id": TEXT,
}  # fmt: skip
ACKNOWLEDGEMENTS: dict[str, str] = {
    "patient_id": TEXT, "flag": TEXT, "seq": WHOLE, "at": TIME, "by": TEXT, "reason": TEXT,
}  # fmt: skip
SNOOZES: dict[str, str] = {
    "patient_id": TEXT, "flag": TEXT, "seq": WHOLE, "at": TIME, "until": TIME, "by": TEXT, "reason": TEXT,
}  # fmt: skip
ANSWER_ENDS: dict[str, str] = {
    "patient_id": TEXT, "flag": TEXT, "seq": WHOLE, "answer": TEXT, "at": TIME, "by": TEXT, "reason": TEXT,
}  # fmt: skip
FLAG_COMMENTS: dict[str, str] = {
    "patient_id": TEXT, "flag": TEXT, "seq": WHOLE, "at": TIME, "by": TEXT, "text": TEXT,
}  # fmt: skip
FLAG_ASSIGNMENTS: dict[str, str] = {
    "patient_id": TEXT, "flag": TEXT, "seq": WHOLE, "at": TIME, "to": TEXT, "by": TEXT,
}  # fmt: skip
MESSAGES: dict[str, str] = {
    "channel": TEXT, "patient_id": TEXT, "flag": TEXT, "seq": WHOLE, "step": WHOLE, "due_at": TIME, "sent_at": TIME,
    "tries": WHOLE, "error": TEXT,
}  # fmt: skip

ROUNDS: dict[str, str] = {
    "patient_id": TEXT, "at": TIME, "by": TEXT, "done": WHOLE, "note": TEXT, "ends": TIME,
}  # fmt: skip

PEOPLE: dict[str, str] = {"subject": TEXT, "at": TIME, "name": TEXT, "role": TEXT, "by": TEXT}

ACCESSES: dict[str, str] = {"at": TIME, "who": TEXT, "what": TEXT, "patient_id": TEXT}
ERASURES: dict[str, str] = {"token": TEXT, "at": TIME, "by": TEXT, "reason": TEXT, "counts": TEXT}


def shaped(frame: pd.DataFrame, shape: Mapping[str, str]) -> pd.DataFrame:
    """`frame` with exactly the columns of `shape`, in that order and of those types; columns it lacks are empty."""
    if not len(frame):
        return _empty(tuple(shape.items())).copy(deep=False)
    have = {*frame.columns}
    told = {name: _column(frame[name], kind) if name in have else _blank(frame, kind) for name, kind in shape.items()}
    return pd.DataFrame(told, index=frame.index)


def empty(shape: Mapping[str, str]) -> pd.DataFrame:
    return shaped(pd.DataFrame(), shape)


@cache
def _empty(shape: tuple[tuple[str, Any], ...]) -> pd.DataFrame:
    nothing = pd.DataFrame(index=pd.RangeIndex(0))
    return pd.DataFrame({name: _blank(nothing, kind) for name, kind in shape}, index=nothing.index)


def _column(column: pd.Series, kind: Any) -> pd.Series:
    if column.dtype == TYPES[kind] and (kind != TEXT or not column.hasnans):
        return column
    if kind == TEXT:
        return column.where(column.notna(), "").astype(TEXT)
    if kind == TIME:
        return _moments(column)
    return column.astype(kind)


def _moments(column: pd.Series) -> pd.Series:
    """Whole microseconds (SQLite) or aware datetimes (PostgreSQL, pandas) as UTC."""
    whole = pd.api.types.is_numeric_dtype(column)
    moments = pd.to_datetime(column, unit="us", utc=True) if whole else pd.to_datetime(column, utc=True)
    return pd.Series(pd.DatetimeIndex(moments).as_unit("us"), index=column.index)


def _blank(frame: pd.DataFrame, kind: Any) -> pd.Series:
    nothing: object = {TEXT: "", WHOLE: 0, NUMBER: float("nan"), TIME: pd.NaT}[kind]
    return pd.Series([nothing] * len(frame), index=frame.index, dtype=TYPES[kind])
