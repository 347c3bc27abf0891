"""Who is due next: what is awaited and when, of those who are neither due already nor late. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final

from dashboard import wording
from monitoring.terms import Catalog

if TYPE_CHECKING:
    from dashboard.ward_table import Row

MOST: Final = 3


@dataclass(frozen=True)
class Coming:
    """Bed 3, 24 h labs at 14:00; `href` leads to the patient."""

    title: str
    words: str
    href: str


def coming(shown: Sequence[Row], catalog: Catalog, zone: tzinfo, *, most: int = MOST) -> tuple[Coming, ...]:
    """The first `most` of those that something falls due for."""
    ahead = [(row.concern.due_at, place) for place, row in enumerate(shown) if row.concern.due_at and _ahead(row)]
    rows = [shown[place] for _, place in sorted(ahead)[:most]]
    return tuple(Coming(row.side.title, wording.running(due_words(row, catalog, zone)), row.href) for row in rows)


def overdue(shown: Sequence[Row]) -> tuple[Coming, ...]:
    """Those whose labs have not come in time, the most worrying first."""
    return tuple(Coming(row.side.title, "", row.href) for row in shown if row.concern.late)


def due_words(row: Row, catalog: Catalog, zone: tzinfo) -> str:
    """24 h labs at 14:00 · Ferritin at Sun 02:00 · Labs overdue · Labs due now · empty when nothing is awaited."""
    said = row.concern
    if said.late:
        return "Labs overdue"
    if said.due_now:
        return "Labs due now"
    return f"{_what(row, catalog)} at {_hour(row, said.due_at, zone)}" if said.due_at else ""


def _what(row: Row, catalog: Catalog) -> str:
    """What is awaited: a window's labs, one marker by its name, or several that fall due together."""
    said = row.concern
    known = catalog.analytes.get(said.due_what)
    if known is None:
        return said.due_what
    together = sum(entry["due_at"] == said.due_at for entry in row.side.awaited if not entry["overdue"])
    return known.label if together == 1 else "Labs"


def _ahead(row: Row) -> bool:
    return not (row.concern.late or row.concern.due_now)


def _hour(row: Row, moment: datetime, zone: tzinfo) -> str:
    return wording.hour_of_day(moment, zone, today=row.side.as_of)
