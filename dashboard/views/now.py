"""The wall clock of the views: everything below them is told the moment."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
