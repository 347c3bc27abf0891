"""
Whether a store is still the one that something was kept of: nobody was erased since, and what had arrived last is
there. Where it is not, the store is another one, or an older one of itself that was put back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from storage.tables import METADATA

ARRIVAL, ERASURE = (METADATA.tables[name] for name in ("arrival", "erasure"))
KEY = tuple(ARRIVAL.primary_key.columns)


@dataclass(frozen=True)
class Seal:
    """How many erasures there were, and the newest arrival."""

    erased: int
    arrived: tuple[Any, ...] | None


def seal(connection: Connection) -> Seal:
    newest = connection.execute(select(*KEY).order_by(KEY[0].desc()).limit(1)).first()
    return Seal(_erased(connection), tuple(newest) if newest else None)


def holds(connection: Connection, before: Seal) -> bool:
    """Not of a store in which nothing had arrived: it cannot be told from any other."""
    if before.arrived is None or _erased(connection) != before.erased:
        return False
    this = (column == value for column, value in zip(KEY, before.arrived, strict=True))
    return connection.execute(select(KEY[0]).where(*this)).first() is not None


def _erased(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(ERASURE)).scalar_one())
