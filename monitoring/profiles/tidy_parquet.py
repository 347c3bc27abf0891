"""One Parquet file a table, a row group a part: typed, so that nothing needs to be told to whoever reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]

from monitoring.exports.about import About
from monitoring.exports.fields import arrow_schema, as_arrow
from monitoring.exports.package import write_dictionary, write_package
from monitoring.exports.tables import Frames

NAME = "parquet"
COMPRESSION = "zstd"


def write(parts: Iterable[Frames], folder: Path, about: About) -> dict[str, int]:
    rows: Counter[str] = Counter({table.name: 0 for table in about.tables})
    with ExitStack() as open_files:
        writers = {
            table.name: open_files.enter_context(
                pq.ParquetWriter(folder / f"{table.name}.parquet", arrow_schema(table), compression=COMPRESSION)
            )
            for table in about.tables
        }
        for frames in parts:
            for table in about.tables:
                writers[table.name].write_table(as_arrow(frames[table.name], table).cast(arrow_schema(table)))
                rows[table.name] += len(frames[table.name])
    write_dictionary(about, folder)
    write_package(about, folder, {f"{table.name}.parquet": table for table in about.tables})
    return dict(rows)
