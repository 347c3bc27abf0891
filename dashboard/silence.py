"""
Patients of whom nothing comes any more though nobody recorded that they left. They sink below the board into a fold
that counts and names them, so that they neither crowd it nor vanish from it. Frames in, words out; no streamlit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Final, Protocol, TypeVar

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside
from dashboard.concern import Concern, Phrase
from monitoring.terms import Catalog

AFTER: Final = "silent_after_days"


class Standing(Protocol):
    """A row of the board, as far as its silence goes."""

    @property
    def side(self) -> Bedside: ...

    @property
    def concern(self) -> Concern: ...

    @property
    def href(self) -> str: ...

    @property
    def silent(self) -> bool: ...


R = TypeVar("R", bound=Standing)


@dataclass(frozen=True)
class Silent:
    """One of them, with since when and what was last said of them."""

    side: Bedside
    href: str
    words: str
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True)
class Fold:
    """`words` counts them, `urgent` those of them that need a decision; "" where none does."""

    words: str
    urgent: str
    rows: tuple[Silent, ...]


def silent_hours(side: Bedside) -> float:
    """Since the newest result or dose, since the admission where there is neither; NaN where that is unknown too."""
    drawn = [series.points[-1].at for series in side.series.values() if series.points]
    now = pd.Timestamp(side.as_of)  # an end still to come, or none, is no news
    given = [at for span in side.spans for at in (span["started_at"], span["ended_at"]) if at <= now]
    past = [-hours for hours in drawn if hours <= 0]
    if given:
        past.append(wording.since(max(given), side.as_of))
    return min(past) if past else wording.since(side.patient["admitted_at"], side.as_of)


def is_silent(side: Bedside, catalog: Catalog) -> bool:
    return silent_hours(side) >= 24 * float(catalog.settings[AFTER])


def parted(rows: Sequence[R]) -> tuple[list[R], list[R]]:
    """(those on the board, those in the fold), each in the same order."""
    return [row for row in rows if not row.silent], [row for row in rows if row.silent]


def fold(silent: Sequence[Standing], catalog: Catalog, zone: tzinfo) -> Fold | None:
    if not silent:
        return None
    urgent = sum(row.concern.tone == "decision" for row in silent)
    who = "1 patient" if len(silent) == 1 else f"{len(silent)} patients"
    return Fold(
        words=f"{who} without any result or dose for {float(catalog.settings[AFTER]):g} days or more",
        urgent=f"{urgent} of them {'needs' if urgent == 1 else 'need'} a decision" if urgent else "",
        rows=tuple(Silent(row.side, row.href, _since(row.side, zone), row.concern.phrases) for row in silent),
    )


def _since(side: Bedside, zone: tzinfo) -> str:
    """last result or dose Fri 6 Nov 14:12 CET, 15 d ago."""
    at = side.as_of - timedelta(hours=silent_hours(side))
    known = "last result or dose" if side.series or side.spans else "nothing since the admission,"
    return f"{known} {wording.told_at(at, zone, as_of=side.as_of)}"
