"""What the store knows of the feeds, gathered for `feed_health`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from monitoring.feed_health import CONFIGURED, DAY, FeedSeen, SourceHealth, feed_health
from monitoring.settings import Settings
from monitoring.terms import Catalog
from storage import deliveries, feeds, frames, marks, queries
from storage.engine import Store

LOOKED_BACK: Final = 2 * DAY  # results older than this were not on their way, they are history that was sent along
KEPT: Final = frozenset(("source", "collected_at", "resulted_at", "received_at"))


def introduce(store: Store, settings: Settings, *, now: datetime) -> None:
    """Notes of each configured source when it was first seen: from then on it is expected to send something."""
    marks.mark_first(store, [source.name for source in settings.source], CONFIGURED, at=now)


def standing(store: Store, settings: Settings, catalog: Catalog, *, now: datetime) -> list[SourceHealth]:
    """How every source stands now; without its lag, which takes looking at results."""
    return feed_health(seen(store, settings, catalog, now=now), settings, catalog.settings, as_of=now)


def seen(
    store: Store, settings: Settings, catalog: Catalog, *, now: datetime, lag: Mapping[str, float] | None = None
) -> FeedSeen:
    since = now - timedelta(days=catalog.settings["feed_rhythm_days"])
    arrivals = feeds.arrivals(store, since)
    return FeedSeen(
        runs=feeds.runs_since(store, since),
        marks=marks.all_marks(store),
        arrivals=arrivals,
        newest=_newest(store, settings, arrivals),
        waiting=deliveries.waiting(store),
        lag=lag or {},
    )


def _newest(store: Store, settings: Settings, arrivals: pd.DataFrame) -> dict[str, datetime]:
    """Of the last days, and of a configured source that was quiet in them, whenever it was: a longer way to look."""
    found = {str(source): at.to_pydatetime() for source, at in arrivals.groupby("source")["received_at"].max().items()}
    quiet = [source.name for source in settings.source if source.name not in found]
    older = {name: feeds.newest_arrival(store, name) for name in quiet}
    return found | {name: at for name, at in older.items() if at is not None}


def lag_hours(store: Store, *, now: datetime) -> dict[str, float]:
    """Source -> median hours from a result being issued (else drawn) to being here, of what came in the last day."""
    unwanted = frames.OBSERVATIONS.keys() - KEPT
    labs = queries.observations(store, as_of=now, since=now - LOOKED_BACK, without=unwanted)
    labs = labs[labs["received_at"] > now - DAY]
    waited = labs["received_at"] - labs["resulted_at"].fillna(labs["collected_at"])
    hours = (waited.dt.total_seconds() / 3600).groupby(labs["source"]).median()
    return {str(source): float(value) for source, value in hours.items()}
