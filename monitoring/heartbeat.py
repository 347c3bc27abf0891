"""
The scheduler's sign of life, kept in the store, so that a page can say within a minute that nobody fetches any more.

Nothing is said where none was ever given: a site may run `schedule --once` from a clock of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from monitoring.lease import NAME, SECONDS
from storage.engine import Store
from storage.marks import marked_at, set_marks
from storage.queries import last_success, lease_until

SCHEDULER: Final = "(scheduler)"
ALIVE: Final = "alive"
EVERY_SECONDS: Final = 10
SILENT: Final = timedelta(seconds=28)  # two signs missed; with a page's refresh of 30 s still under a minute


def beat(store: Store, *, at: datetime) -> None:
    set_marks(store, SCHEDULER, {ALIVE: "yes"}, at=at)


def stopped_since(store: Store, *, now: datetime) -> datetime | None:
    """
    When a scheduler was last heard of, if it has been silent since; None while it lives, or when none ever was.

    A cycle that holds its lease is a sign of life too, and so is a run that somebody else made since.
    """
    heard_at = marked_at(store, SCHEDULER, ALIVE)
    if heard_at is None or now - heard_at <= SILENT:
        return None
    until, ran_at = lease_until(store, NAME), last_success(store)
    renewed = until is not None and now - (until - timedelta(seconds=SECONDS)) <= SILENT
    return None if renewed or (ran_at is not None and ran_at - heard_at > SILENT) else heard_at
