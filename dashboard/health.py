"""Is what is shown fresh? What /healthz answers, the strip above every page says, and the banners complain about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import pandas as pd

from monitoring import wall_times
from monitoring.settings import Settings
from storage import queries
from storage.engine import Store

Status = Literal["ok", "degraded", "failing"]
RUNS_SEEN: Final = 50


@dataclass(frozen=True)
class Health:
    """`failures`: (source, sentence) of the newest run of each source that failed. `store`: "ok" or why it is not."""

    status: Status
    store: str
    last_success_at: datetime | None
    next_run_at: datetime
    overdue: bool
    missed_at: datetime
    newest_received_at: datetime | None = None
    failures: tuple[tuple[str, str], ...] = ()

    def shape(self) -> dict[str, Any]:
        """As INTERFACE gives it."""
        return {
            "status": self.status,
            "last_success_at": self.last_success_at.isoformat() if self.last_success_at else None,
            "next_run_at": self.next_run_at.isoformat(),
            "ingest_overdue": self.overdue,
            "store": self.store,
        }


def unreadable(settings: Settings, sentence: str, *, now: datetime) -> Health:
    """How the feed stands when the store cannot be read: `failing`, with the sentence that says why."""
    at, zone = settings.schedule.at, settings.zone
    missed_at = wall_times.last_due(at, zone, now)
    return Health("failing", sentence, None, wall_times.next_run(at, zone, now), True, missed_at)


def health(store: Store, settings: Settings, *, now: datetime) -> Health:
    """What the store says of the feed. Raises StoreError when it cannot be read."""
    at, zone = settings.schedule.at, settings.zone
    last = queries.last_success(store)
    overdue = wall_times.overdue(last, at, zone, now)
    failures = _failures(queries.runs(store, limit=RUNS_SEEN))
    return Health(
        status="degraded" if overdue or failures else "ok",
        store="ok",
        last_success_at=last,
        next_run_at=wall_times.next_run(at, zone, now),
        overdue=overdue,
        missed_at=wall_times.last_due(at, zone, now),
        newest_received_at=queries.newest_received(store),
        failures=failures,
    )


def _failures(runs: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    newest = runs.sort_values("started_at").drop_duplicates("source", keep="last")
    failed = newest[newest["outcome"].eq("failed")]
    return tuple(zip(failed["source"], failed["error"], strict=True))
