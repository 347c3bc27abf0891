"""Counts for a monitoring system, as Prometheus text: of patients, flags, set-aside items and runs; never a patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from dashboard import wording
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
    """`flags`: active ones by code. `runs`: by outcome, of those the store lists."""

    feed: Health
    now: datetime
    patients: int = 0
    flags: Mapping[str, int] | None = None
    runs: Mapping[str, int] | None = None
    set_aside: int = 0


def text(gauges: Gauges) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Collector(gauges))
    return generate_latest(registry)


class _Collector:
    def __init__(self, gauges: Gauges) -> None:
        self.gauges = gauges

    def collect(self) -> Iterable[GaugeMetricFamily]:
        said, feed = self.gauges, self.gauges.feed
        yield _one("maswatch_up", "1 while the store can be read", float(feed.status != "failing"))
        yield _one("maswatch_ingest_overdue", "1 when a scheduled intake has not happened", float(feed.overdue))
        if feed.status == "failing":
            return
        yield _one("maswatch_patients", "Patients known", said.patients)
        yield _many("maswatch_flags_active", "Active flags", "flag", said.flags or {})
        yield _many("maswatch_runs", "Runs listed, by outcome", "outcome", said.runs or {})
        yield _one("maswatch_set_aside_open", "Results set aside and not read yet", said.set_aside)
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
