"""
Which research database a folder holds, and its tables in parts of some patients each.

A table is one Parquet or CSV file, or a folder of Parquet files. It is read in pieces and never as a whole; what is
kept of it in memory is whose each row is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from monitoring.errors import SourceError

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset  # type: ignore[import-untyped]

ROWS_AT_ONCE = 500_000
FORMATS = {".parquet": "parquet", ".csv": "csv"}


@dataclass(frozen=True)
class Database:
    """`form`: "clif" or "meds". `tables`: name -> files. `keys`: name -> the column that says whose a row is."""

    form: str
    folder: Path
    tables: Mapping[str, tuple[Path, ...]]
    keys: Mapping[str, str]

    def has(self, table: str) -> bool:
        return table in self.tables

    def check(self, table: str, needed: Collection[str]) -> None:
        """Raises SourceError where the table has not these columns."""
        with self._readable(table):
            there = _dataset(self.tables[table]).schema.names
        if missing := sorted(set(needed) - set(there)):
            raise SourceError(f"{self.folder}: the table {table} has no column {' and no column '.join(missing)}.")

    @contextmanager
    def _readable(self, table: str) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowInvalid, OSError):
            raise SourceError(f"{self.folder}: the table {table} cannot be read; it may be cut off.") from None

    def frame(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """All rows, with these columns, of which a missing one is blank, or with those that it has."""
        pieces = [piece.replace_schema_metadata(None) for piece in self.pieces(table, columns)]
        found = pa.concat_tables(pieces).to_pandas() if pieces else pd.DataFrame(columns=self._names(table))
        return found if columns is None else found.reindex(columns=list(columns))

    def _names(self, table: str) -> list[str]:
        with self._readable(table):
            return list(_dataset(self.tables[table]).schema.names)

    def pieces(self, table: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Raises SourceError where a file is none."""
        with self._readable(table):
            told = _dataset(self.tables[table])
            wanted = None if columns is None else [name for name in columns if name in told.schema.names]
            for batch in told.to_batches(columns=wanted, batch_size=ROWS_AT_ONCE, batch_readahead=2):
                if batch.num_rows:
                    yield pa.Table.from_batches([batch])

    def copied(self, table: str, part_of: pd.Series, places: Sequence[Path]) -> None:
        """
        The table's rows into one folder a part, in their order. `part_of`: key, as text -> number of the part; rows
        of a key that is not there go to the first.
        """
        from pyarrow import parquet as pq

        for number, piece in enumerate(self.pieces(table)):
            keys = piece.column(self.keys[table]).cast(pa.string()).to_pandas()
            part = np.nan_to_num(keys.map(part_of).to_numpy("float64")).astype("int64")
            order = np.argsort(part, kind="stable")
            edges = np.searchsorted(part[order], np.arange(len(places) + 1))
            sorted_rows = piece.take(pa.array(order))
            for place in np.unique(part).tolist():
                rows = sorted_rows.slice(edges[place], edges[place + 1] - edges[place])
                aim = places[place] / table
                aim.mkdir(exist_ok=True)
                pq.write_table(rows.replace_schema_metadata(None), aim / f"{number:06d}.parquet")


def _dataset(files: Sequence[Path]) -> Dataset:
    """
    One schema for all files: a column may be empty in one and text in another. A CSV file is text throughout, since a
    number that names somebody may begin with 0.
    """
    from pyarrow import dataset as ds  # only here: every folder is asked whether it is a research database

    form = FORMATS[files[0].suffix.casefold()]
    schemas = [ds.dataset(str(file), format=form).schema.remove_metadata() for file in files]
    if form == "csv":
        schemas = [pa.schema([(name, pa.string()) for name in one.names]) for one in schemas]
    names = [str(file) for file in files]
    return ds.dataset(names, format=form, schema=pa.unify_schemas(schemas, promote_options="permissive"))


def files_of(path: Path) -> tuple[Path, ...]:
    """A table's files, in order."""
    if path.is_file():
        return (path,)
    return tuple(sorted(file for file in path.rglob("*.parquet") if file.is_file()))


def rows_in(files: Sequence[Path]) -> int:
    """0 where they cannot be read: nobody needs them."""
    try:
        return int(_dataset(files).count_rows())
    except (pa.ArrowInvalid, OSError):
        return 0


def distinct(database: Database, table: str) -> list[str]:
    """The keys that stand in a table, as text."""
    found: set[str] = set()
    for piece in database.pieces(table, [database.keys[table]]):
        keys = pc.unique(piece.column(0).cast(pa.string())).to_pylist()
        found.update(key for key in keys if key)
    return sorted(found)
