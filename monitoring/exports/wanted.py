"""What an export is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

GRID_HOURS = 12.0
CARRY_HOURS = 24.0


@dataclass(frozen=True)
class OfCohort:
    """A cohort as evaluated for an export: `steps` are each criterion in words and how many were left after it."""

    called: str
    title: str
    question: str
    patients: tuple[str, ...]
    steps: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Wanted:
    """
    Empty tuples and None mean all; `key` None: identified; `align`: what hour 0 is (monitoring.exports.alignment),
    and patients without it are left out.

    `facts`: what was reported and given alone, and nothing that rests on a judgement; then nothing is judged.
    The panel has a point every `grid_hours`, and at each the last value not older than `carry_hours`.
    """

    as_of: datetime
    patients: tuple[str, ...] = ()
    analytes: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    align: str = ""
    key: bytes | None = None
    grid_hours: float = GRID_HOURS
    carry_hours: float = CARRY_HOURS
    versions: bool = False
    facts: bool = False
    partition: str = ""
    cohort: OfCohort | None = None
