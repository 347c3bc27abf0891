"""Tables of other people's formats: columns with Arrow types, and parts streamed into one Parquet file each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

MOMENT = pa.timestamp("us", tz="UTC")
WALL = pa.timestamp("us")  # UTC too, for formats whose times carry no zone
KINDS = {
    "text": pa.string(),
    "number": pa.float64(),
    "whole": pa.int64(),
    "moment": MOMENT,
    "wall": WALL,
    "day": pa.date32(),
}


def schema(columns: str) -> pa.Schema:
    """ "patient_id text, birth_date day" as a schema."""
    pairs = [one.split() for one in columns.split(",")]
    return pa.schema([pa.field(name, KINDS[kind]) for name, kind in pairs])


def write_tables(
    parts: Iterable[Mapping[str, pd.DataFrame]], schemas: Mapping[str, pa.Schema], folder: Path
) -> dict[str, int]:
    """`<name>.parquet` for each schema; a column that a part lacks is missing. Rows by table."""
    rows: Counter[str] = Counter(dict.fromkeys(schemas, 0))
    with ExitStack() as files:
        writers = {
            name: files.enter_context(pq.ParquetWriter(folder / f"{name}.parquet", one, compression="zstd"))
            for name, one in schemas.items()
        }
        for frames in parts:
            for name, writer in writers.items():
                writer.write_table(_table(frames[name], schemas[name]))
                rows[name] += len(frames[name])
    return dict(rows)


def _table(frame: pd.DataFrame, told: pa.Schema) -> pa.Table:
    arrays = [_array(frame, field) for field in told]
    return pa.Table.from_arrays(arrays, schema=told)


def _array(frame: pd.DataFrame, field: pa.Field) -> pa.Array:
    if field.name not in frame:
        return pa.nulls(len(frame), field.type)
    column: Any = frame[field.name]
    if field.type in (WALL, pa.date32()) and isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)
    if field.type == pa.string():
        column = column.astype("str")
    return pa.Array.from_pandas(column, safe=False).cast(field.type, safe=False)
