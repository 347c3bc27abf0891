"""Is what is shown fresh? What /healthz answers, the strip above every page says, and the banners complain about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import pandas as pd

from monitoring import wall_times
from monitoring.feed_health import SourceHealth
from monitoring.feed_seen import standing
from monitoring.heartbeat import stopped_since
from monitoring.settings import Settings
from monitoring.terms import Catalog
from storage import queries
from storage.engine import Store

Status = Literal["ok", "degraded", "failing"]
RUNS_SEEN: Final = 50


@dataclass(frozen=True)
class Health:
    """
    `failures`: (source, sentence) of what failed last time. `sources`: how each feed stands, see `feed_health`.

    `store`: "ok" or why it is not. `stopped_at`: when a scheduler that has fallen silent was last heard of.
    """

    status: Status
    store: str
    last_success_at: datetime | None
    next_run_at: datetime
    overdue: bool
    missed_at: datetime
    newest_received_at: datetime | None = None
    failures: tuple[tuple[str, str], ...] = ()
    sources: tuple[SourceHealth, ...] = ()
    stopped_at: datetime | None = None

    @property
    def silent(self) -> tuple[SourceHealth, ...]:
        return tuple(source for source in self.sources if source.state == "silent")

    def shape(self) -> dict[str, Any]:
        """As INTERFACE gives it, and the sources beside it."""
        return {
            "status": self.status,
            "last_success_at": _iso(self.last_success_at),
            "next_run_at": self.next_run_at.isoformat(),
            "ingest_overdue": self.overdue,
            "store": self.store,
            "sources": {source.source: _shape(source) for source in self.sources},
        }


def _shape(source: SourceHealth) -> dict[str, Any]:
    return {
        "state": source.state,
        "sentence": source.sentence,
        "last_success_at": _iso(source.last_success_at),
        "last_heard_at": _iso(source.last_heard_at),
        "newest_received_at": _iso(source.newest_at),
        "unread": source.unread,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def unreadable(settings: Settings, sentence: str, *, now: datetime) -> Health:
    """How the feed stands when the store cannot be read: `failing`, with the sentence that says why."""
    at, zone = settings.schedule.at, settings.zone
    missed_at = wall_times.last_due(at, zone, now)
    return Health("failing", sentence, None, wall_times.next_run(at, zone, now), True, missed_at)


def health(store: Store, settings: Settings, catalog: Catalog, *, now: datetime) -> Health:
    """What the store says of the feed. Raises StoreError when it cannot be read."""
    at, zone = settings.schedule.at, settings.zone
    last = queries.last_success(store)
    overdue = wall_times.overdue(last, at, zone, now)
    sources = tuple(standing(store, settings, catalog, now=now))
    stopped_at = stopped_since(store, now=now)
    failures = _failures(queries.runs(store, limit=RUNS_SEEN), sources)
    troubled = overdue or failures or stopped_at or any(source.in_trouble for source in sources)
    return Health(
        status="degraded" if troubled else "ok",
        store="ok",
        last_success_at=last,
        next_run_at=wall_times.next_run(at, zone, now),
        overdue=overdue,
        missed_at=wall_times.last_due(at, zone, now),
        newest_received_at=queries.newest_received(store),
        failures=failures,
        sources=sources,
        stopped_at=stopped_at,
    )


def _failures(runs: pd.DataFrame, sources: Collection[SourceHealth]) -> tuple[tuple[str, str], ...]:
    """Of a configured source what its health says; of anything else, the whole cycle too, what its newest run says."""
    newest = runs.sort_values("started_at").drop_duplicates("source", keep="last")
    judged = [source.source for source in sources if source.state != "by hand"]
    failed = newest[newest["outcome"].eq("failed") & ~newest["source"].isin(judged)]
    failing = [(source.source, source.sentence) for source in sources if source.state == "failing"]
    if failing:  # the cycle's own row says the same again, unless the judging failed too
        failed = failed[failed["source"].ne("cycle") | failed["error"].str.contains("judging: ", regex=False)]
    return (*failing, *zip(failed["source"], failed["error"], strict=True))
