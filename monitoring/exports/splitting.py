"""The Parquet files of one table: a single one, or one for each bucket of patients or year, written side by side."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from monitoring.exports.fields import Table, arrow_schema

BUCKET, YEAR = "patient-bucket", "year"
PARTITIONS = (BUCKET, YEAR)
BUCKETS = 16
COMPRESSION = "zstd"
ALWAYS_OTHER = ("value_id", "dose_id", "finding_id")
SIDE_BY_SIDE = "DELTA_LENGTH_BYTE_ARRAY"  # the lengths of texts before the texts, which are then coded twice as fast
UNDATED: Final = "__HIVE_DEFAULT_PARTITION__"  # how Hive, Spark and DuckDB name what has no value to be split by
# By whose year a row goes: the moment that it speaks of.
DATED = {
    "patients": "first_result_at", "labs": "collected_at", "treatments": "started_at", "lines": "since",
    "findings": "observed_at", "flags": "began_at", "flag_changes": "began_at", "responses": "t0",
    "response_markers": "t0", "panel": "at", "labs_versions": "collected_at", "treatments_versions": "started_at",
    "findings_versions": "observed_at",
}  # fmt: skip


class Files:
    """`paths`: of the files of `table`, below the folder of the export. To be closed: a file is whole only then."""

    def __init__(self, table: Table, folder: Path, partition: str) -> None:
        self.table, self._folder, self._schema = table, folder, arrow_schema(table)
        self._split = {BUCKET: _buckets, YEAR: self._years}.get(partition)
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.paths: list[str] = []

    def __enter__(self) -> Files:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None and not self._writers:  # nobody in it: one empty file still tells the columns
            self._writer(self._path(UNDATED), self._schema)
        for writer in self._writers.values():
            writer.close()

    def write(self, told: pa.Table) -> None:
        """Texts may come as dictionaries; all parts of a table come alike."""
        if self._split is None:
            self._writer(self._path(""), told.schema).write_table(told)
            return
        told = told.cast(self._schema)
        keys = self._split(told)
        for key in sorted(set(keys.tolist())):
            self._writer(self._path(key), self._schema).write_table(told.filter(pa.array(keys == key)))

    def _path(self, key: str) -> str:
        if self._split is None:
            return f"{self.table.name}.parquet"
        return f"{self.table.name}/{_named(self._split)}={key}/0.parquet"

    def _writer(self, path: str, schema: pa.Schema) -> pq.ParquetWriter:
        if path not in self._writers:
            (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
            self._writers[path] = _opened(self._folder / path, schema, self._schema)
            self.paths.append(path)
        return self._writers[path]

    def _years(self, told: pa.Table) -> np.ndarray:
        if self.table.name not in DATED:
            return np.full(len(told), UNDATED, dtype=object)
        years = pc.year(told[DATED[self.table.name]]).cast(pa.string())
        return np.asarray(pc.fill_null(years, UNDATED).to_pylist(), dtype=object)


def _opened(path: Path, written: pa.Schema, meant: pa.Schema) -> pq.ParquetWriter:
    """
    `written`: the types that come; `meant`: those that readers are told. Limits of what a part holds are of use for
    numbers and moments alone. A text that is another in each row gains nothing by a dictionary, and moments that stand
    in their order are shorter without.
    """
    other = [one.name for one in meant if one.name in ALWAYS_OTHER]
    writer = pq.ParquetWriter(
        path, written, compression=COMPRESSION, store_schema=False,
        use_dictionary=[one.name for one in meant if one.name not in other and not pa.types.is_timestamp(one.type)],
        column_encoding=dict.fromkeys(other, SIDE_BY_SIDE),
        write_statistics=[one.name for one in meant if not pa.types.is_string(one.type)],
    )  # fmt: skip
    writer.add_key_value_metadata({"ARROW:schema": base64.b64encode(meant.serialize()).decode()})
    return writer


def _named(split: Any) -> str:
    return "bucket" if split is _buckets else "year"


def _buckets(told: pa.Table) -> np.ndarray:
    """The same bucket for a patient in every table and every export."""
    codes = pc.dictionary_encode(told["patient_id"]).combine_chunks()
    own = [f"{zlib.crc32(name.encode()) % BUCKETS:02d}" for name in codes.dictionary.to_pylist()]
    return np.array(own, dtype=object)[np.asarray(codes.indices)] if own else np.zeros(0, dtype=object)
