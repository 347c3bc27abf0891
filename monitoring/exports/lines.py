"""An Arrow table as lines of CSV: moments as ISO 8601 in UTC, texts in quotes, what is missing empty."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from pyarrow import csv


@dataclass(frozen=True)
class Lines:
    """Rows as they stand in the file, and how many they are."""

    text: bytes
    count: int

    def __len__(self) -> int:
        return self.count


PLAIN = csv.WriteOptions(include_header=False)


def csv_lines(table: pa.Table) -> Lines:
    arrays = [_written(column) if pa.types.is_timestamp(column.type) else column for column in table.columns]
    out = io.BytesIO()
    csv.write_csv(pa.Table.from_arrays(arrays, names=table.column_names), out, PLAIN)
    return Lines(out.getvalue(), len(table))


def header(names: list[str]) -> bytes:
    return (",".join(names) + "\n").encode()


def _written(moments: Any) -> Any:
    """With microseconds only where there are any. Each moment is written once: a draw has many values."""
    told = pc.dictionary_encode(moments).combine_chunks()
    plain = told.dictionary.cast(pa.timestamp("us"))
    texts = _iso(plain.cast(pa.timestamp("s"), safe=False))
    if not pc.all(pc.equal(pc.microsecond(plain), 0)).as_py() or not pc.all(pc.equal(pc.millisecond(plain), 0)).as_py():
        whole = pc.equal(plain.cast(pa.timestamp("s"), safe=False).cast(pa.timestamp("us")), plain)
        texts = pc.if_else(whole, texts, _iso(plain))
    return texts.take(told.indices)


def _iso(plain: Any) -> Any:
    texts = pc.binary_replace_slice(plain.cast(pa.string()).cast(pa.binary()), 10, 11, b"T").cast(pa.string())
    return pc.binary_join_element_wise(texts, "+00:00", "")


def csv_text(told: Any) -> bytes:
    """Rows of a frame, or lines that were made of them elsewhere."""
    if isinstance(told, Lines):
        return told.text
    from monitoring.exports.cells import as_text  # not where pandas is kept away

    text: str = as_text(told).to_csv(index=False, header=False, lineterminator="\n")
    return text.encode()
