"""Counts for a monitoring system, as Prometheus text: of patients, flags, set-aside items and runs; never a patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pandas as pd
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily

from dashboard import page_time, wording
from dashboard.health import Health
from monitoring.feed_health import SourceHealth

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


SOURCES: Final[Mapping[str, tuple[str, Callable[[SourceHealth, datetime], float]]]] = {
    "failing": ("1 when the source cannot be reached or read", lambda source, now: source.state == "failing"),
    "silent": ("1 when the source has sent nothing new for too long", lambda source, now: source.state == "silent"),
    "last_success_age_seconds": (
        "Age of the source's last run that succeeded",
        lambda source, now: _seconds(source.last_success_at, now),
    ),
    "last_heard_age_seconds": (
        "Age of the last contact with the source",
        lambda source, now: _seconds(source.last_heard_at, now),
    ),
    "newest_age_seconds": (
        "Age of the newest thing the source sent",
        lambda source, now: _seconds(source.newest_at, now),
    ),
    "unread_deliveries": ("Deliveries kept and not read yet", lambda source, now: source.unread),
    "new_last_day": ("New facts of the last 24 hours", lambda source, now: source.new),
    "corrected_last_day": ("Corrections of the last 24 hours", lambda source, now: source.corrected),
    "set_aside_last_day": ("Set aside in the last 24 hours", lambda source, now: source.set_aside),
}


@dataclass(frozen=True)
class Gauges:
    """
    `flags`: active ones by code. `runs`: by outcome, of those the store lists. `run_seconds`: of each source's newest.
    `set_aside_for`: by reason. `lag`: of each source, hours from a result's issue to
    its coming here. `messages`: that failed to be sent. `unwritten`: entries that wait for the access log.
    """

    feed: Health
    now: datetime
    patients: int = 0
    flags: Mapping[str, int] | None = None
    runs: Mapping[str, int] | None = None
    set_aside: int = 0
    run_seconds: Mapping[str, float] | None = None
    set_aside_for: Mapping[str, int] | None = None
    lag: Mapping[str, float] | None = None
    messages: int = 0
    unwritten: int = 0


def lasted(runs: pd.DataFrame) -> dict[str, float]:
    """Of each source's newest run that ended, its seconds. `runs`: shape RUNS."""
    ended = runs[runs["finished_at"].notna()].sort_values("started_at").drop_duplicates("source", keep="last")
    seconds = (ended["finished_at"] - ended["started_at"]).dt.total_seconds()
    return dict(zip(ended["source"], seconds, strict=True))


def text(gauges: Gauges) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Collector(gauges))
    ProcessCollector(registry=registry)  # memory, open files and time of this process, where the platform tells
    for counted in (page_time.SECONDS, page_time.FAILURES):
        registry.register(counted)
    return generate_latest(registry)


class _Collector:
    def __init__(self, gauges: Gauges) -> None:
        self.gauges = gauges

    def collect(self) -> Iterable[GaugeMetricFamily]:
        said, feed = self.gauges, self.gauges.feed
        yield _one("maswatch_up", "1 while the store can be read", float(feed.status != "failing"))
        yield _one("maswatch_ingest_overdue", "1 when a scheduled intake has not happened", float(feed.overdue))
        yield _one("maswatch_access_log_waiting", "Entries the access log has not taken yet", said.unwritten)
        if feed.status == "failing":
            return
        silent = float(feed.stopped_at is not None)
        yield _one("maswatch_scheduler_silent", "1 when the 12-hour job gives no sign of life", silent)
        yield _one("maswatch_patients", "Patients known", said.patients)
        yield _many("maswatch_flags_active", "Active flags", "flag", said.flags or {})
        yield _many("maswatch_runs", "Runs listed, by outcome", "outcome", said.runs or {})
        yield _many("maswatch_run_seconds", "Duration of the newest run", "source", said.run_seconds or {})
        lag = {source: hours * 3600 for source, hours in (said.lag or {}).items()}
        yield _many("maswatch_ingest_lag_seconds", "From a result's issue to its coming here, median", "source", lag)
        yield _one("maswatch_messages_failing", "Messages of the last day that could not be sent yet", said.messages)
        yield _one("maswatch_set_aside_open", "Results set aside and not read yet", said.set_aside)
        yield _many("maswatch_set_aside_for", "The same, by reason", "reason", said.set_aside_for or {})
        yield _one(
            "maswatch_newest_result_age_seconds",
            "Age of the newest result received",
            _seconds(feed.newest_received_at, said.now),
        )
        yield _one(
            "maswatch_last_success_age_seconds",
            "Age of the last cycle that succeeded",
            _seconds(feed.last_success_at, said.now),
        )
        for name, (words, told) in SOURCES.items():
            of_each = {source.source: told(source, said.now) for source in feed.sources}
            yield _many(f"maswatch_source_{name}", words, "source", of_each)


def _seconds(moment: datetime | None, now: datetime) -> float:
    return wording.since(moment, now) * 3600


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)


def _many(name: str, words: str, label: str, counts: Mapping[str, Any]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label])
    for code, count in sorted(counts.items()):
        family.add_metric([code], count)
    return family
