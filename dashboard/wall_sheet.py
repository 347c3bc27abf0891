"""The ward for a screen on the wall: one phrase, the steroid clock, ferritin, fibrinogen and what falls due next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from dashboard import wording
from dashboard.bedside import Ward
from dashboard.markup import Markup, page
from dashboard.next_due import coming, due_words
from dashboard.selection import WardAsked
from dashboard.silence import fold, parted
from dashboard.ward_filters import hidden_words
from dashboard.ward_table import Cell, Row, chosen, main_analytes, rows, tiles
from monitoring.terms import Catalog

SHOWN: Final = ("ferritin", "fibrinogen")


@dataclass(frozen=True)
class WallRow:
    """A row of the board, cut down to what is read from across the room."""

    row: Row
    cells: tuple[Cell, ...]
    due: str
    due_tone: str

    @property
    def beyond(self) -> int:
        """How many phrases there are beside the first."""
        return len(self.row.phrases) + len(self.row.more) - 1


def wall_rows(shown: Sequence[Row], catalog: Catalog, zone: tzinfo) -> list[WallRow]:
    labels = {catalog.analytes[code].label for code in SHOWN if code in catalog.analytes}
    return [
        WallRow(
            row=row,
            cells=tuple(cell for cell in row.cells if cell.label in labels),
            due=due_words(row, catalog, zone),
            due_tone="watch" if row.concern.late else "quiet",
        )
        for row in shown
    ]


def next_due_words(shown: Sequence[Row], catalog: Catalog, zone: tzinfo) -> str:
    """Next: bed 3, 24 h labs at 14:00; the first of those that are neither due already nor late."""
    first = coming(shown, catalog, zone, most=1)
    return f"Next: {wording.running(first[0].title)}, {first[0].words}" if first else ""


def wall_html(ward: Ward, catalog: Catalog, asked: WardAsked, *, zone: tzinfo, next_run_at: datetime | None) -> Markup:
    everyone = rows(ward, catalog, zone=zone, units=asked.units)
    passing = chosen(everyone, asked, next_run_at=next_run_at)
    shown, silent = parted(passing)
    return page(
        "wall.html",
        rows=wall_rows(shown, catalog, zone),
        silent=fold(silent, catalog, zone),
        tiles=tiles(parted(everyone)[0], asked, next_run_at=next_run_at, zone=zone),
        heads=[analyte for analyte in main_analytes(catalog, asked.units) if analyte.code in SHOWN],
        next_due=next_due_words(shown, catalog, zone),
        hidden=hidden_words(everyone, passing, asked),
        place=asked.ward or "Ward",
        zone=wording.zone_name(ward.as_of.astimezone(zone)),
    )
