"""What is counted for a monitoring system, of the same readings that the pages show."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

import streamlit as st

from dashboard import reading
from dashboard.health import RUNS_SEEN
from dashboard.metrics import Gauges, lasted
from monitoring.feed_seen import lag_hours
from storage import outbox, queries
from storage.engine import Store

LAG_SECONDS: Final = 600
A_DAY: Final = timedelta(days=1)


def gauges(now: datetime, *, unwritten: int = 0) -> Gauges:
    """What /metrics counts; `unwritten`: entries that wait for the access log."""
    known = reading.feed(now)
    if known.status == "failing":
        return Gauges(known, now, unwritten=unwritten)
    sides = reading.ward(None, now=now).sides
    runs, aside = queries.runs(reading.store(), limit=RUNS_SEEN), queries.set_aside(reading.store())
    return Gauges(
        known,
        now,
        patients=len(sides),
        flags=Counter(row["flag"] for side in sides for row in side.flags if row["state"] == "active"),
        runs=Counter(runs["outcome"].tolist()),
        run_seconds=lasted(runs),
        set_aside=len(aside),
        set_aside_for=Counter(aside["reason"].tolist()),
        lag=_lag(reading.settings().database_url, reading.store(), now),
        messages=outbox.failing(reading.store(), since=now - A_DAY),
        unwritten=unwritten,
    )


@st.cache_resource(ttl=LAG_SECONDS, max_entries=2, show_spinner=False)
def _lag(url: str, _store: Store, _now: datetime) -> dict[str, float]:
    """Looks at all results of some days, so not at every look of a monitoring system."""
    return lag_hours(_store, now=_now)
