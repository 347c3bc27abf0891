"""What an export is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

GRID_HOURS = 12.0
CARRY_HOURS = 24.0


@dataclass(frozen=True)
class Wanted:
    """
    Empty tuples and None mean all; `key` None: identified; `align` "steroid": patients with one alone.

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
