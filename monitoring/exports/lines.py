"""Columns of Arrow as lines of CSV: moments as ISO 8601 in UTC, texts in quotes, what is missing empty."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from monitoring.exports.coded import Coded, Columns, coded, taken
from monitoring.exports.marking import bare


@dataclass(frozen=True)
class Lines:
    """Rows as they stand in the file, piece by piece as buffers of bytes to be gone through once; and how many."""

    pieces: Iterable[Any]
    count: int

    def __len__(self) -> int:
        return self.count


ROWS = 1 << 14  # joined at once: they stay in the processor's cache, and no text grows beyond what Arrow can hold


Write = Callable[[Any, str], Any]  # values and what follows each of them -> texts, none of them missing


def csv_lines(columns: Columns, write: Write | None = None) -> Lines:
    """
    What is the same in many rows is written once, and what stands side by side in all of them as one text. No piece is
    made before it is asked for: all together are the most that a reading process would hold.

    `write`: how a value is spelt; None: as described above.
    """
    pieces = _pieces(columns, write or _written)
    count = len(pieces[0])
    return Lines((_joined(pieces, first) for first in range(0, count, ROWS)), count)


def _pieces(columns: Columns, write: Write) -> list[Any]:
    """The texts of the columns as they stand in the file, neighbours as one where they share their codes."""
    *others, last = columns.values()
    seen: dict[int, Coded] = {}  # by the array: two columns may be the same
    pieces: list[Any] = []
    for one, end in (*((one, "") for one in others), (last, "\n")):
        piece = _piece(one, end, seen, write)
        if isinstance(piece, Coded) and _beside(pieces, piece):
            piece = _two(pieces.pop(), piece)
        pieces.append(piece)
    return pieces


def _piece(one: Any, end: str, seen: dict[int, Coded], write: Write) -> Any:
    if not isinstance(one, Coded) and pa.types.is_string(one.type):  # another in each row
        return write(one, end)
    told = one if isinstance(one, Coded) else seen.setdefault(id(one), coded(one))
    return Coded(told.codes, write(told.values, end))


def _beside(pieces: list[Any], one: Coded) -> bool:
    """Whether it can be written together with the last one: of the same codes, or the same in all rows."""
    if not pieces or not isinstance(pieces[-1], Coded):
        return False
    return pieces[-1].codes is one.codes or len(one.values) == 1


def _two(left: Coded, right: Coded) -> Coded:
    beside = right.values if left.codes is right.codes else right.values[0]
    return Coded(left.codes, pc.binary_join_element_wise(left.values, beside, ","))


def _joined(pieces: list[Any], first: int) -> memoryview:
    lines = pc.binary_join_element_wise(*(_some(one, first) for one in pieces), ",")
    _, ends, signs = lines.buffers()
    whole = int(np.frombuffer(ends, dtype=np.int32)[len(lines)])
    return memoryview(signs)[:whole]


def _some(piece: Any, first: int) -> Any:
    if isinstance(piece, Coded):
        return taken(piece.values, piece.codes.slice(first, ROWS))
    return piece.slice(first, ROWS)


def _written(values: Any, end: str) -> Any:
    """Texts in quotes, moments as ISO 8601 with microseconds only where there are any, numbers as they are."""
    texts = _spelt(values, end)
    return pc.fill_null(texts, end) if texts.null_count else texts


def _spelt(values: Any, end: str) -> Any:
    if pa.types.is_timestamp(values.type):
        return _moments(values.cast(pa.timestamp("us")), end)
    if not pa.types.is_string(values.type):
        texts = _numbers(values)
        return pc.binary_join_element_wise(texts, end, "") if end else texts
    if _may_hold(values, b'"'):
        values = pc.replace_substring(values, '"', '""')
    quoted = pc.binary_join_element_wise('"', values, f'"{end}', "")
    if not _may_hold(values, b"'"):
        return quoted
    return pc.if_else(bare(values), pc.binary_join_element_wise(values, end, ""), quoted)


def _may_hold(values: Any, sign: bytes) -> bool:
    """A look at all their signs at once: mostly there is none, and a look at each text takes longer than its line."""
    signs = values.buffers()[2]
    return signs is not None and re.search(sign, signs) is not None


def _numbers(values: Any) -> Any:
    """A whole one of numbers that may be broken has a point too: some readers take the first rows for all."""
    texts = values.cast(pa.string())
    if not pa.types.is_floating(values.type):
        return texts
    return pc.if_else(pc.match_substring_regex(texts, r"^-?\d+$"), pc.binary_join_element_wise(texts, ".0", ""), texts)


def _moments(plain: Any, end: str) -> Any:
    seconds = plain.cast(pa.timestamp("s"), safe=False)
    whole = pc.equal(seconds.cast(pa.timestamp("us")), plain)
    texts = _iso(seconds, end)
    return texts if pc.all(whole).as_py() else pc.if_else(whole, texts, _iso(plain, end))


def _iso(plain: Any, end: str) -> Any:
    texts = pc.binary_replace_slice(plain.cast(pa.string()).cast(pa.binary()), 10, 11, b"T").cast(pa.string())
    return pc.binary_join_element_wise('"', texts, f'+00:00"{end}', "")
