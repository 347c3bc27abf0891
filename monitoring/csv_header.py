"""The header of a CSV file: where it stands, its delimiter, its columns, and so the kind of file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from monitoring import csv_columns
from monitoring.decoding import Decoded

DELIMITERS = (",", ";", "\t", "|")
SEPARATOR_LINE = "sep="  # Excel's own first line, no part of the table
MAGIC = {
    b"PK\x03\x04": "a zip or Excel file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip file",
}

Row = list[str]


class UnreadableError(Exception):
    """A file of which no row can be told; str() is the sentence."""


@dataclass(frozen=True)
class Head:
    """`line`: index of the header's line. `names`: trimmed, casefolded, aliases replaced."""

    line: int
    delimiter: str
    names: list[str]
    kind: str

    @property
    def contract(self) -> list[int]:
        known = csv_columns.COLUMNS[self.kind]
        return [place for place, name in enumerate(self.names) if name in known]


def header(content: bytes, decoded: Decoded) -> Head:
    """Raises UnreadableError where no line names the columns of a kind of file that is known here."""
    for start, what in MAGIC.items():
        if content.startswith(start):
            raise UnreadableError(f"This is {what}, not CSV text; export it as CSV.")
    told = ((place, text) for place, text in enumerate(decoded.lines) if text.strip())
    told = ((place, text) for place, text in told if not text.casefold().startswith(SEPARATOR_LINE))
    place, text = next(told, (-1, ""))
    if place < 0:
        raise UnreadableError("The file is empty.")
    delimiter = max(DELIMITERS, key=lambda mark: _known(_names(text, mark)))
    names = _names(text, delimiter)
    kind = csv_columns.kind_of(names)
    if not kind:
        raise UnreadableError("The first line does not name the columns of patients, labs, treatments or findings.")
    names = csv_columns.named(names, kind)
    if doubled := csv_columns.twice(names, kind):
        raise UnreadableError(f"The column {doubled[0]} stands in the header more than once.")
    return Head(place, delimiter, names, kind)


def _names(line: str, delimiter: str) -> list[str]:
    row = lonely(line, delimiter) or []
    return [name.strip().casefold().encode("utf-8", "replace").decode("utf-8") for name in row]


def _known(names: Sequence[str]) -> tuple[int, int]:
    return sum(name in csv_columns.KNOWN for name in names), len(names)


def lonely(line: str, delimiter: str) -> Row | None:
    """One line read by itself; None where its quotation marks are wrong."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None
