"""What storage.early brings, as the frames that storage.queries gives."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from storage.early import Told
from storage.frames import NUMBER, PATIENTS, TEXT, TIME, WHOLE, shaped
from storage.said import last_said

STORED = {TEXT: pa.large_string(), NUMBER: pa.float64(), WHOLE: pa.int64()}
MOMENT = pa.timestamp("us", tz="UTC")
SAID = PATIENTS | {"version": WHOLE, "source": TEXT, "source_id": TEXT}


def framed(told: Told, shape: Mapping[str, str]) -> pd.DataFrame:
    return shaped(_frame(told, shape), shape)


def people(told: Told) -> pd.DataFrame:
    """Of every version what was said last. Shape PATIENTS."""
    ordered = _frame(told, SAID).sort_values(["patient_id", "version"], kind="stable", ignore_index=True)
    return shaped(last_said(ordered), PATIENTS)


def _frame(told: Told, shape: Mapping[str, str]) -> pd.DataFrame:
    """Missing where the store has nothing."""
    columns = dict(zip(told.names, zip(*told.rows, strict=True), strict=True)) if told.rows else {}
    return pa.table({name: _array(columns.get(name, ()), kind) for name, kind in shape.items()}).to_pandas()


def _array(values: tuple[object, ...], kind: str) -> pa.Array:
    """A moment is a whole number of microseconds in one kind of store, and one that Python knows in the other."""
    if kind != TIME:
        return pa.array(values, STORED[kind])
    whole = any(isinstance(value, int) for value in values)
    return pa.array(values, pa.int64()).cast(MOMENT) if whole else pa.array(values, MOMENT)
