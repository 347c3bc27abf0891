"""
Part of one table of a research database as a raw file: Parquet that says itself what it is a part of.

It holds the columns as the database has them, and beside them whose each row is.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from monitoring.errors import IntakeError
from monitoring.raw_files import RawFile

MARK = b"maswatch_slice"
WHOLE = "This is a table of Parquet by itself; name the folder of the CLIF or MEDS database that it is part of."


@dataclass(frozen=True)
class Slice:
    """
    `form`: "clif" or "meds". `table`: the table's name. `aside`: what was not cut out, as code -> number of rows.

    `words`: what the database says elsewhere of its own codes.
    """

    form: str
    table: str
    rows: pd.DataFrame
    aside: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, Any] = field(default_factory=dict)


def as_raw(name: str, cut: Slice) -> RawFile:
    from pyarrow import parquet as pq

    told = {"form": cut.form, "table": cut.table, "aside": dict(cut.aside), "words": dict(cut.words)}
    table = pa.Table.from_pandas(cut.rows, preserve_index=False)
    table = table.replace_schema_metadata({MARK: json.dumps(told, sort_keys=True).encode()})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return RawFile(name, sink.getvalue())


def as_slice(content: bytes) -> Slice:
    """Raises IntakeError where the bytes are no slice."""
    from pyarrow import parquet as pq

    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowInvalid, OSError):
        raise IntakeError("This begins like Parquet and cannot be read as such; it may be cut off.") from None
    told = (table.schema.metadata or {}).get(MARK)
    if told is None:
        raise IntakeError(WHOLE)
    said = json.loads(told)
    rows = table.replace_schema_metadata(None).to_pandas()
    return Slice(said["form"], said["table"], rows, said["aside"], said["words"])
