"""A folder of the CSV contract, told piece by piece as a hospital feed would have told it."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

# From which column a row's becoming known is taken, the first that has something.
KNOWN_FROM: Mapping[str, tuple[str, ...]] = {
    "patients.csv": ("admitted_at",),
    "treatments.csv": ("started_at",),
    "findings.csv": ("observed_at",),
    "labs.csv": ("resulted_at", "collected_at", "observed_at"),
}

Row = list[str]
Piece = dict[str, list[Row]]


def slices(
    folder: Path, *, every_hours: float, anchor: datetime | None = None
) -> Iterator[tuple[datetime, dict[str, bytes]]]:
    """
    (mark, file name -> content) in the order of time, for every mark at which something new was known.

    Marks lie `every_hours` apart and one of them on `anchor`, by default the moment when the last row became known.
    A row stands in the slice of the first mark at or after it became known, once, in its own order; a row without a
    readable time stands in the first slice. truth.csv is not told.
    """
    tables = {name: read(folder / name) for name in KNOWN_FROM if (folder / name).exists()}
    known = {name: moments(name, header, rows) for name, (header, rows) in tables.items()}
    readable = [moment for column in known.values() for moment in column if moment is not None]
    if not readable:
        return
    grid = Marks(anchor or max(readable), timedelta(hours=every_hours))
    first = grid.number(min(readable))
    pieces: dict[int, Piece] = defaultdict(lambda: defaultdict(list))
    for name, (_, rows) in tables.items():
        for row, moment in zip(rows, known[name], strict=True):
            pieces[grid.number(moment) if moment else first][name].append(row)
    for number in sorted(pieces):
        yield grid.mark(number), {name: content(tables[name][0], rows) for name, rows in pieces[number].items()}


class Marks:
    """Moments `step` apart, number 0 on the anchor."""

    def __init__(self, anchor: datetime, step: timedelta) -> None:
        self.anchor, self.step = anchor.astimezone(UTC), step

    def number(self, moment: datetime) -> int:
        return -((self.anchor - moment) // self.step)

    def mark(self, number: int) -> datetime:
        return self.anchor + number * self.step


def read(path: Path) -> tuple[Row, list[Row]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    return (rows[0], rows[1:]) if rows else ([], [])


def moments(name: str, header: Row, rows: Sequence[Row]) -> list[datetime | None]:
    places = [header.index(column) for column in KNOWN_FROM[name] if column in header]
    return [moment(next((row[place] for place in places if place < len(row) and row[place]), "")) for row in rows]


def moment(text: str) -> datetime | None:
    """None where it cannot be read. These folders are written with an offset; without one it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def content(header: Row, rows: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
