"""Columns of an export as pandas and Arrow type them, and frames cast to the tables of monitoring.exports.layouts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from monitoring.exports.layouts import Field, Layout, Table, layout, parse

__all__ = ["ARROW", "Field", "Layout", "Table", "arrow_schema", "as_arrow", "cast", "layout", "parse"]

DTYPES = {"string": "str", "number": "float64", "integer": "Int64", "boolean": "boolean"}
MOMENT = "datetime64[us, UTC]"
ARROW: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "datetime": pa.timestamp("us", tz="UTC"),
}


def cast(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The columns of the table, in order, typed; a text that is absent is missing."""
    return pd.DataFrame({one.name: _column(frame, one) for one in table.fields}, index=frame.index)


def _column(frame: pd.DataFrame, one: Field) -> pd.Series:
    if one.name not in frame:
        return pd.Series(pd.array([None], dtype=_dtype(one)).take(np.zeros(len(frame), dtype=int)), index=frame.index)
    column: pd.Series = frame[one.name]
    if one.type == "datetime":
        return pd.Series(pd.DatetimeIndex(pd.to_datetime(column, utc=True)).as_unit("us"), index=frame.index)
    if one.type == "string":
        return _without_empty(column.astype("str"))
    return column.astype(_dtype(one))


def _without_empty(column: pd.Series) -> pd.Series:
    told = pa.array(column.array)
    empty = pc.equal(pc.binary_length(told), 0)
    if not pc.any(empty).as_py():
        return column
    return pd.Series(pd.array(pc.if_else(empty, None, told), dtype="str"), index=column.index)


def _dtype(one: Field) -> Any:
    return MOMENT if one.type == "datetime" else DTYPES[one.type]


def arrow_schema(table: Table) -> pa.Schema:
    return pa.schema([pa.field(one.name, ARROW[one.type], metadata=_words(one)) for one in table.fields])


def _words(one: Field) -> dict[str, str]:
    words = {"title": one.title, "description": one.description, "unit": one.unit}
    return {key: text for key, text in words.items() if text}


def as_arrow(frame: pd.DataFrame | pa.Table, table: Table) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    return pa.Table.from_pandas(frame, schema=arrow_schema(table), preserve_index=False).replace_schema_metadata(None)
