"""What /metrics counts of runs, queues and pages, from a store and from pages that were drawn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from dashboard import page_time
from dashboard.health import Health
from dashboard.metrics import Gauges, lasted, text
from storage import frames, outbox
from storage.engine import Store, open_store

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FEED = Health("ok", "ok", NOW, NOW, False, NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/maswatch.db")
    yield opened
    opened.close()


def runs(*told: tuple[str, datetime, datetime | None]) -> pd.DataFrame:
    rows = pd.DataFrame(told, columns=["source", "started_at", "finished_at"])
    times = {name: frames.RUNS[name] for name in ("started_at", "finished_at")}
    return rows.astype(times)


def counted(gauges: Gauges) -> dict[str, float]:
    lines = [line for line in text(gauges).decode().splitlines() if not line.startswith("#")]
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


def test_the_newest_run_that_ended_tells_how_long_runs_take() -> None:
    told = runs(
        ("cycle", NOW - 60 * MINUTE, NOW - 59 * MINUTE),
        ("cycle", NOW - 30 * MINUTE, NOW - 28 * MINUTE),  # 120 s, the newest that ended
        ("cycle", NOW - MINUTE, None),
        ("lis", NOW - 10 * MINUTE, NOW - 10 * MINUTE + timedelta(seconds=1.5)),
    )
    assert lasted(told) == {"cycle": 120.0, "lis": 1.5}
    assert lasted(told.iloc[:0]) == {}


def test_messages_count_as_failing_while_they_are_tried_again(store: Store) -> None:
    rows = [("duty", f"P-{n}", "ferritin_rising", 1, 0, NOW - n * 10 * MINUTE) for n in range(3)]
    owed = pd.DataFrame(rows, columns=[*outbox.NAMES, "due_at"])
    outbox.owe(store, owed)
    since = NOW - timedelta(days=1)
    assert outbox.failing(store, since=since) == 0
    outbox.note_failed(store, owed, error="the channel does not answer")
    assert outbox.failing(store, since=since) == 3
    outbox.note_sent(store, owed.iloc[:1], at=NOW)
    assert outbox.failing(store, since=since) == 2
    assert outbox.failing(store, since=NOW - 15 * MINUTE) == 1


def test_lag_runs_reasons_and_queues_are_told_each_under_its_name() -> None:
    told = counted(
        Gauges(
            FEED,
            NOW,
            run_seconds={"cycle": 2.5},
            set_aside_for={"no_time": 4},
            lag={"lis": 0.5},
            messages=2,
            unwritten=7,
        )
    )
    assert told['maswatch_run_seconds{source="cycle"}'] == 2.5
    assert told['maswatch_set_aside_for{reason="no_time"}'] == 4
    assert told['maswatch_ingest_lag_seconds{source="lis"}'] == 1800
    assert told["maswatch_messages_failing"] == 2
    assert told["maswatch_access_log_waiting"] == 7
    assert told["maswatch_scheduler_silent"] == 0


def test_a_page_is_timed_each_time_it_is_drawn_and_counted_when_it_fails() -> None:
    page = "only-of-this-test"

    def draw(words: str) -> str:
        return words.upper()

    timed = page_time.timed(page, draw)
    assert counted(Gauges(FEED, NOW))[f'maswatch_page_failures_total{{page="{page}"}}'] == 0
    assert timed("drawn") == "DRAWN"
    page_time.failed(page)
    told = counted(Gauges(FEED, NOW))
    assert told[f'maswatch_page_seconds_count{{page="{page}"}}'] == 1
    assert told[f'maswatch_page_failures_total{{page="{page}"}}'] == 1
