"""The clock on the wall, for the edges alone: what judges is told its moment. Loads nothing, so that commands start."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    return datetime.now(UTC)
