"""What the feed view shows, from the store that `reading` opens; what takes looking at results is shared a while."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import reading
from dashboard.feed_sheet import FeedTold
from monitoring import set_aside
from monitoring.cycle import Site
from monitoring.errors import CatalogError
from monitoring.feed_health import feed_health
from monitoring.feed_seen import lag_hours, seen
from monitoring.site_map import Word, in_force, said
from storage import deliveries, feeds, newest, queries
from storage.engine import Store

RUNS_SHOWN: Final = 12
DELIVERIES_SHOWN: Final = 20


def site() -> Site:
    """What a person's word on a code is carried out on."""
    return Site(reading.settings(), reading.store(), reading.catalog())


def feed_told(now: datetime) -> FeedTold:
    store, settings, catalog = reading.store(), reading.settings(), reading.catalog()
    key = (settings.database_url, newest.mark(store), reading.EVERYONE)
    known = seen(store, settings, catalog, now=now, lag=_lag(*key, store, now))
    groups, examples = _aside(*key, store)
    words, fault = _words()
    return FeedTold(
        sources=feed_health(known, settings, catalog.settings, as_of=now),
        runs=queries.runs(store, limit=RUNS_SHOWN),
        groups=groups,
        examples=examples,
        deliveries=deliveries.listed(store, limit=DELIVERIES_SHOWN),
        words=words,
        map_fault=fault,
    )


def original(name: str) -> dict[str, Any]:
    """One item set aside, whole. Raises IntakeError where it is not there."""
    return set_aside.shown(reading.store(), name)


def _words() -> tuple[list[Word], str]:
    """What the codes mean; a fault in the site's file in its own sentence, and then what people said alone."""
    try:
        return in_force(reading.store(), reading.settings(), reading.catalog()), ""
    except CatalogError as error:
        return said(reading.store(), reading.catalog()), str(error)


@st.cache_resource(ttl=300, max_entries=4, show_spinner=False)
def _lag(url: str, mark: str, scope: str, _store: Store, _now: datetime) -> dict[str, float]:
    return lag_hours(_store, now=_now)


@st.cache_resource(ttl=300, max_entries=4, show_spinner=False)
def _aside(url: str, mark: str, scope: str, _store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    return feeds.aside_groups(_store), feeds.aside_examples(_store, "unknown_analyte")
