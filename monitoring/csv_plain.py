"""
The quick way through a CSV file in which nothing needs thought: no quotation mark, no odd byte, every row whole.

Of any other file this tells nothing, and csv_reading goes through it row by row; both ways say the same of a file that
both can read. Parsing and telling distinct texts apart is pyarrow's.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import compute
from pyarrow import csv as arrow

from monitoring.cells import Cells, cells_of
from monitoring.csv_header import Head, UnreadableError, header
from monitoring.csv_marks import unmarked
from monitoring.decoding import LOST, decode, plain_utf8

HEAD_BYTES = 65536
LONGEST_FILE = 2**31 - 2**16  # what pyarrow takes in one piece
BLOCK_BYTES = 2**24  # each parsed by a thread of its own
ODD = (b'"', b"\0", LOST.encode())
DICTIONARY = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, eq=False)
class Lines(Sequence[str]):
    """The physical lines of a file with their line ends, told apart only when one is asked for."""

    content: bytes

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.flatnonzero(np.frombuffer(self.content, dtype="uint8") == ord("\n")) + 1

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        return self.content[self._start(place) : self._ends[place]].decode()

    def __iter__(self) -> Iterator[str]:
        return (self[place] for place in range(len(self)))

    def _start(self, place: int) -> int:
        place = range(len(self))[place]  # raises IndexError, as a list does
        return int(self._ends[place - 1]) if place else 0


def plain_columns(content: bytes, encoding: str) -> tuple[Head, dict[str, Cells], Lines] | None:
    """The head, the columns by name and the lines, of which every one behind the head's is a row; or None."""
    text = _plain_text(content, encoding)
    head = _head(text) if text is not None else None
    if text is None or head is None:
        return None
    lines = Lines(text)
    body = pa.py_buffer(text).slice(_end_of(text, head.line))
    if not (read := _parsed(body, head)):
        return None
    columns = {name: _unmarked(column) for name, column in zip(head.names, read, strict=True) if name}
    return None if _needs_thought(read) else (head, columns, lines)


def _plain_text(content: bytes, encoding: str) -> bytes | None:
    """The file in UTF-8, every line ended by one newline."""
    if len(content) > LONGEST_FILE or any(mark in content for mark in ODD) or not plain_utf8(content, encoding):
        return None
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content.removeprefix(b"\xef\xbb\xbf") if content.endswith(b"\n") else None


def _head(text: bytes) -> Head | None:
    start = text[: text.rfind(b"\n", 0, HEAD_BYTES) + 1]
    try:
        return header(start, decode(start))
    except UnreadableError:
        return None


def _end_of(text: bytes, line: int) -> int:
    """Where a line near the top ends; `Lines` would look for the ends of all."""
    end = 0
    for _ in range(line + 1):
        end = text.index(b"\n", end) + 1
    return end


def _parsed(body: pa.Buffer, head: Head) -> list[Cells]:
    names = [str(place) for place in range(len(head.names))]
    try:
        table = arrow.read_csv(
            pa.BufferReader(body),
            arrow.ReadOptions(column_names=names, block_size=BLOCK_BYTES),
            arrow.ParseOptions(delimiter=head.delimiter, quote_char=False, ignore_empty_lines=False),
            arrow.ConvertOptions(column_types=dict.fromkeys(names, DICTIONARY), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:  # a row with too many or too few fields, or no row
        return []
    return [_cells(column.combine_chunks()) for column in table.columns]


def _cells(column: pa.DictionaryArray) -> Cells:
    return Cells(column.dictionary.to_numpy(zero_copy_only=False), column.indices.to_numpy().astype(np.int64))


def _needs_thought(read: Sequence[Cells]) -> bool:
    """A row that may be blank, or a field longer than the csv module takes."""
    blank = any(not text.strip() for text in read[0].texts)
    limit = csv.field_size_limit()
    return blank or any(_longest(cells) > limit for cells in read)


def _longest(cells: Cells) -> int:
    return compute.max(compute.utf8_length(pa.array(cells.texts, pa.string()))).as_py() or 0


def _unmarked(cells: Cells) -> Cells:
    """An apostrophe before what a spreadsheet would take for a formula says "this is text", and is no part of it."""
    marked: bool = compute.any(compute.starts_with(pa.array(cells.texts, pa.string()), "'")).as_py()
    if not marked:
        return cells
    told = cells_of([unmarked(text) for text in cells.texts])  # two texts may mean one by now
    return Cells(told.texts, told.codes[cells.codes])
