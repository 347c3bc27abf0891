"""
A CSV file as columns of text, each row with the physical line it begins on.

What a spreadsheet program quietly mends or swallows is told here instead: a stray quote that would join the rest of
the file into one cell, a row with too many or too few fields, a last line that was cut off.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitoring import csv_columns
from monitoring.csv_header import Head, Row, UnreadableError, header, lonely
from monitoring.csv_marks import unmarked
from monitoring.csv_plain import plain_columns
from monitoring.decoding import Decoded, decode, kept, unsound
from monitoring.memory import uncollected
from monitoring.numbers import decimal_mark


@dataclass(frozen=True)
class Fault:
    """A row that could not be split, or not be trusted. `fields` only where reading it again may help."""

    line: int
    reason: str
    sentence: str
    raw: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """
    The rows that could be split. `columns` by name, trimmed and casefolded, aliases replaced; all of one length.

    `first` and `last` are the indexes of each row's physical lines in `lines`; line numbers begin at 1.
    """

    kind: str
    columns: Mapping[str, Sequence[str]]
    decimal: str
    first: np.ndarray
    last: np.ndarray
    lines: Sequence[str]
    faults: list[Fault]

    def raw(self, place: int) -> str:
        return _joined(self.lines, self.first[place], self.last[place])


@dataclass(frozen=True)
class _Split:
    """Rows as the csv module gives them; None where it refuses. `first` to `last`: indexes of physical lines."""

    rows: list[Row | None]
    first: list[int]
    last: list[int]


def read_csv(content: bytes, encoding: str = "") -> Table:
    """Raises UnreadableError where not even a header line can be found."""
    return _read_quickly(content, encoding) or _read_carefully(content, encoding)


def _read_quickly(content: bytes, encoding: str) -> Table | None:
    plain = plain_columns(content, encoding)
    if plain is None:
        return None
    head, columns, lines = plain
    first = np.arange(head.line + 1, head.line + 1 + len(next(iter(columns.values()))))
    numbers = [columns[name].texts for name in csv_columns.NUMBERS[head.kind] if name in columns]
    return Table(head.kind, columns, decimal_mark(numbers, head.delimiter), first, first, lines, [])


def _read_carefully(content: bytes, encoding: str) -> Table:
    """Row by row, as the csv module tells them."""
    decoded = decode(content, encoding)
    head = header(content, decoded)
    with uncollected():  # a list for each row: the search took a third of the time
        split = _mended(_split(decoded.lines, head.line + 1, head.delimiter), decoded.lines, head)
        return _table(split, decoded.lines, head, _faults(split, decoded, head))


def kind_of(content: bytes, encoding: str = "") -> str:
    """The kind of file by its first lines; "" when it is none of ours."""
    try:
        return header(content, decode(content, encoding)).kind
    except UnreadableError:
        return ""


def _split(lines: Sequence[str], start: int, delimiter: str) -> _Split:
    """Strict, so that a quote in a wrong place is refused and not guessed around."""
    split = _Split([], [], [])
    reader = csv.reader(lines[start:], delimiter=delimiter, strict=True)
    ended = False
    while not ended:
        try:
            for row in reader:
                split.rows.append(row)
                split.last.append(reader.line_num + start - 1)
            ended = True
        except csv.Error:
            split.rows.append(None)
            split.last.append(reader.line_num + start - 1)
    split.first.extend([start, *(line + 1 for line in split.last[:-1])] if split.last else [])
    return split


def _mended(split: _Split, lines: Sequence[str], head: Head) -> _Split:
    """Rows that a stray quote joined are taken apart again, line by line."""
    places = range(len(split.rows))
    wrong = [place for place in places if split.first[place] != split.last[place] or split.rows[place] is None]
    wrong = [place for place in wrong if _swallowed(split, place, lines, head)]
    if not wrong:
        return split
    apart = set(wrong)
    mended = _Split([], [], [])
    for place, row in enumerate(split.rows):
        first, last = split.first[place], split.last[place]
        if place in apart:
            mended.rows.extend(lonely(line, head.delimiter) for line in lines[first : last + 1])
            mended.first.extend(range(first, last + 1))
            mended.last.extend(range(first, last + 1))
        else:
            mended.rows.append(row)
            mended.first.append(first)
            mended.last.append(last)
    return mended


def _swallowed(split: _Split, place: int, lines: Sequence[str], head: Head) -> bool:
    """Whether a row over several lines is several rows: a free text may hold line ends, a value may not."""
    row = split.rows[place]
    if row is None or len(row) != len(head.names) or any("\n" in row[column] for column in head.contract):
        return True
    inner = lines[split.first[place] + 1 : split.last[place] + 1]
    return any(len(lonely(line, head.delimiter) or ()) == len(row) for line in inner)


def _faults(split: _Split, decoded: Decoded, head: Head) -> dict[int, Fault | None]:
    """By place in `split`; None for a blank line, which is no row."""
    width = len(head.names)
    odd = [place for place, row in enumerate(split.rows) if row is None or len(row) != width or not row[0].strip()]
    odd = [place for place in odd if not _whole(split.rows[place], width)]
    found = {place: _misshapen(split.rows[place], width) for place in odd}
    if not decoded.sound:
        found |= dict.fromkeys(_unsound_places(split, decoded.lines), ENCODING)
    if not decoded.closed and _cut_short(split, head, found):
        found[len(split.rows) - 1] = TRUNCATED
    return {place: _fault(split, place, told, decoded, head) for place, told in found.items()}


Told = tuple[str, str]
NOTHING: Told = ("", "")
ENCODING: Told = ("bad_encoding", "The line holds bytes that are no text in this file's encoding.")
TRUNCATED: Told = ("truncated", "The file ends in the middle of this line, so its last value may be cut short.")
QUOTES: Told = ("bad_quotes", "A quotation mark in this line is not closed or stands in the wrong place.")


def _misshapen(row: Row | None, width: int) -> Told:
    if row is None:
        return QUOTES
    if not "".join(row).strip():
        return NOTHING
    return "wrong_field_count", f"The line has {len(row)} fields where the header has {width}."


def _whole(row: Row | None, width: int) -> bool:
    return row is not None and len(row) == width and any(cell.strip() for cell in row)


def _unsound_places(split: _Split, lines: Sequence[str]) -> Iterable[int]:
    for place, (first, last) in enumerate(zip(split.first, split.last, strict=True)):
        if unsound(_joined(lines, first, last)):
            yield place


def _cut_short(split: _Split, head: Head, found: Mapping[int, Told]) -> bool:
    """Whether the last line, which has no line end, looks unfinished: fewer fields, or the shortest end."""
    last = len(split.rows) - 1
    row, width = (split.rows[last], len(head.names)) if last >= 0 else ([], 0)
    if row is None or len(row) != width:
        return last >= 0 and found[last] != NOTHING and (row is None or len(row) < width)
    if last in found or head.names[-1] not in csv_columns.CUT_SHORT[head.kind]:
        return False
    others = [len(other[-1].strip()) for other in split.rows[:-1] if other is not None and len(other) == width]
    return bool(others) and len(row[-1].strip()) < min(others)


def _fault(split: _Split, place: int, told: Told, decoded: Decoded, head: Head) -> Fault | None:
    if told == NOTHING:
        return None
    row, first = split.rows[place], split.first[place]
    text = _joined(decoded.lines, first, split.last[place])
    whole = told == ENCODING and row is not None and len(row) == len(head.names)
    fields = dict(zip(head.names, row, strict=True)) if whole and row is not None else {}
    return Fault(first + 1, *told, kept(text, decoded.encoding), fields)


def _table(split: _Split, lines: list[str], head: Head, faults: Mapping[int, Fault | None]) -> Table:
    rows = [row for place, row in enumerate(split.rows) if place not in faults] if faults else split.rows
    good = np.setdiff1d(np.arange(len(split.rows)), list(faults)) if faults else np.arange(len(split.rows))
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(head.names)
    columns = {name: _unmarked(column) for name, column in zip(head.names, cells, strict=True) if name}
    numbers = [columns[name] for name in csv_columns.NUMBERS[head.kind] if name in columns]
    return Table(
        kind=head.kind,
        columns=columns,
        decimal=decimal_mark(numbers, head.delimiter),
        first=np.array(split.first, dtype="int64")[good],
        last=np.array(split.last, dtype="int64")[good],
        lines=lines,
        faults=[fault for place, fault in sorted(faults.items()) if fault is not None],
    )


def _unmarked(column: Sequence[str]) -> Sequence[str]:
    """An apostrophe before what a spreadsheet would take for a formula says "this is text", and is no part of it."""
    if not any(cell.startswith("'") for cell in column):
        return column
    return [unmarked(cell) for cell in column]


def _joined(lines: Sequence[str], first: int, last: int) -> str:
    return "".join(lines[first : last + 1]).removesuffix("\n")
