from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.feed import complaints, strip
from dashboard.health import Health, health, unreadable
from dashboard.metrics import Gauges, text
from monitoring.intake import RawFile, take_in
from monitoring.settings import Settings, SourceSettings
from storage.engine import open_store
from storage.writes import record_run
from tests.dashboard.store_fixture import cycle, empty, known
from tests.dashboard.ward_fixture import NEXT_RUN, NOW, ZONE, ago


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return empty(tmp_path)


def after(settings: Settings, *runs: dict[str, Any], now: datetime = NOW) -> Health:
    """How the feed stands after these runs."""
    store = open_store(settings.database_url)
    try:
        for run in runs:
            record_run(store, run)
        return health(store, settings, known(), now=now)
    finally:
        store.close()


def banners(feed: Health, as_of: datetime | None = None) -> list[tuple[str, str]]:
    return [(told.tone, told.title) for told in complaints(feed, zone=ZONE, now=NOW, as_of=as_of)]


def test_a_cycle_that_succeeded_on_time_is_ok(settings: Settings) -> None:
    feed = after(settings, cycle(ago(8)))
    assert feed.shape() == {
        "status": "ok", "last_success_at": "2026-11-21T05:12:00+00:00", "next_run_at": "2026-11-21T17:00:00+00:00",
        "ingest_overdue": False, "store": "ok", "sources": {},
    }  # fmt: skip
    assert banners(feed) == []


def test_a_scheduled_time_that_passed_without_a_run_is_overdue(settings: Settings) -> None:
    feed = after(settings, cycle(ago(8.5)))  # 05:42 on the ward's clock; 06:00 was missed
    assert (feed.status, feed.overdue) == ("degraded", True)
    assert banners(feed) == [("watch", "The intake of 06:00 CET has not happened")]
    (told,) = complaints(feed, zone=ZONE, now=NOW, as_of=None)
    assert told.sentence.startswith("What is shown was taken in 8 h ago and may be out of date.")


def test_a_store_nothing_was_taken_into_says_what_to_do(settings: Settings) -> None:
    feed = after(settings)
    assert (feed.status, feed.last_success_at) == ("degraded", None)
    assert banners(feed) == [("watch", "The 12-hour intake has not run yet")]


def test_a_failed_source_is_named_with_its_reason(settings: Settings) -> None:
    failed = cycle(ago(7.9), source="lis", outcome="failed", error="The folder is gone.")
    feed = after(settings, cycle(ago(8)), failed)
    assert feed.failures == (("lis", "The folder is gone."),)
    assert banners(feed) == [("watch", "The source “lis” failed")]


def test_a_source_that_works_again_is_no_longer_named(settings: Settings) -> None:
    failed = cycle(ago(20), source="lis", outcome="failed", error="The folder is gone.")
    assert after(settings, failed, cycle(ago(8)), cycle(ago(7.9), source="lis")).failures == ()


def test_a_store_that_cannot_be_read_is_failing_and_says_why(settings: Settings) -> None:
    feed = unreadable(settings, "The store's file is damaged.", now=NOW)
    assert feed.status == "failing"
    assert banners(feed) == [("decision", "The store cannot be read")]
    told = str(strip(feed, zone=ZONE, now=NOW))
    assert "Store cannot be read" in told
    assert "No scheduled intake yet" not in told  # when the last one was is not known


def test_looking_back_is_said_on_the_page(settings: Settings) -> None:
    feed = after(settings, cycle(ago(8)))
    assert banners(feed, as_of=NOW - timedelta(days=1)) == [("note", "As it was known at Fri 20 Nov 14:12 CET")]


def test_the_strip_tells_age_next_run_and_the_wards_clock(settings: Settings) -> None:
    told = str(strip(after(settings, cycle(ago(8))), zone=ZONE, now=NOW))
    assert "Sources asked 8 h ago, no result yet" in told
    assert "next scheduled 18:00 CET" in told
    assert "Sat 21 Nov 14:12 CET" in told


def test_metrics_count_and_name_no_patient() -> None:
    feed = Health("ok", "ok", ago(8), NEXT_RUN, False, ago(8), newest_received_at=ago(2))
    told = text(Gauges(feed, NOW, 8, {"ferritin_rising": 2}, {"ok": 5}, 3)).decode()
    assert "maswatch_patients 8.0" in told
    assert 'maswatch_flags_active{flag="ferritin_rising"} 2.0' in told
    assert 'maswatch_runs{outcome="ok"} 5.0' in told
    assert "maswatch_set_aside_open 3.0" in told
    assert "maswatch_newest_result_age_seconds 7200.0" in told
    assert "maswatch_last_success_age_seconds 28800.0" in told
    assert "P-0" not in told


def test_metrics_of_a_store_that_cannot_be_read_say_so_and_count_nothing(settings: Settings) -> None:
    told = text(Gauges(unreadable(settings, "gone", now=NOW), NOW)).decode()
    assert "maswatch_up 0.0" in told
    assert "maswatch_patients" not in told


@pytest.mark.parametrize(
    ("asked", "newest", "told"),
    [
        (8, 2, "Sources asked 8 h ago, newest result 2 h ago"),
        (8, 0.01, "Sources asked 8 h ago, newest result just now"),
        (None, 2, "No scheduled intake yet, newest result 2 h ago"),
        (2, 8, "Labs taken in 2 h ago"),
        (2, 1.99, "Labs taken in 2 h ago"),  # came with what was asked for
        (0.01, 8, "Labs just taken in"),
        (2, None, "Sources asked 2 h ago, no result yet"),
        (0.01, None, "Sources asked just now, no result yet"),
    ],
)
def test_what_came_since_all_were_asked_is_told_beside_it(asked: float | None, newest: float | None, told: str) -> None:
    then = None if asked is None else ago(asked)
    feed = Health("ok", "ok", then, NEXT_RUN, False, ago(8), newest_received_at=None if newest is None else ago(newest))
    shown = re.sub("<[^>]*>", "", str(strip(feed, zone=ZONE, now=NOW)))
    assert told in [line.strip().lstrip("● ") for line in shown.splitlines()]


@pytest.mark.parametrize(("newest", "tone"), [(ago(8), "good"), (None, "watch")])
def test_a_store_to_which_nothing_ever_came_is_not_told_in_green(newest: datetime | None, tone: str) -> None:
    feed = Health("ok", "ok", ago(2), NEXT_RUN, False, ago(8), newest_received_at=newest)
    assert f'class="lamp {tone}"' in str(strip(feed, zone=ZONE, now=NOW))


def with_source(settings: Settings, **more: Any) -> Settings:
    source = SourceSettings(name="lis", kind="csv", path=settings.data_dir, **more)
    return settings.model_copy(update={"source": (source,)})


def came(settings: Settings, hours: float) -> None:
    """A result from the source "lis" so many hours ago."""
    at = ago(hours)
    row = f"patient_id,analyte,value,unit,collected_at\nP-1,CRP,8,mg/L,{at.isoformat()}\n"
    store = open_store(settings.database_url)
    try:
        take_in(store, known(), settings, [RawFile("labs.csv", row.encode())], source="lis", run_id="r", now=at)
    finally:
        store.close()


def test_a_silent_source_degrades_and_stands_on_every_page(settings: Settings) -> None:
    here = with_source(settings, silent_hours=4)
    came(here, 5)
    feed = after(here, cycle(ago(8)))
    assert feed.status == "degraded"
    told = feed.shape()["sources"]["lis"]
    assert (told["state"], told["newest_received_at"]) == ("silent", ago(5).isoformat())
    (banner,) = complaints(feed, zone=ZONE, now=NOW, as_of=None)
    assert (banner.tone, banner.title, banner.href) == ("watch", "The source “lis” is silent", "/feed")
    assert banner.sentence == "Nothing new for 5 h. No new result may reach this page from there."


def test_a_late_source_or_one_never_heard_is_no_alarm(settings: Settings) -> None:
    here = with_source(settings)
    assert after(here, cycle(ago(8))).status == "ok"
    came(here, 8)
    assert after(here, cycle(ago(8))).status == "ok"


def test_a_failing_source_is_said_once_and_the_cycles_own_row_not_again(settings: Settings) -> None:
    here = with_source(settings)
    words = "source lis: the folder /in does not exist; make it, or mend its path."
    both = [cycle(ago(7), source="lis", outcome="failed", error=words), cycle(ago(7), outcome="failed", error=words)]
    feed = after(here, cycle(ago(8)), *both)
    assert feed.failures == (("lis", "The folder /in does not exist; make it, or mend its path."),)


def test_metrics_tell_each_sources_state_and_ages(settings: Settings) -> None:
    here = with_source(settings, silent_hours=4)
    came(here, 5)
    told = text(Gauges(after(here, cycle(ago(8)), cycle(ago(2), source="lis", new=7)), NOW)).decode()
    for line in (
        'maswatch_source_silent{source="lis"} 1.0',
        'maswatch_source_failing{source="lis"} 0.0',
        'maswatch_source_newest_age_seconds{source="lis"} 18000.0',
        'maswatch_source_last_success_age_seconds{source="lis"} 7200.0',
        'maswatch_source_unread_deliveries{source="lis"} 0.0',
        'maswatch_source_new_last_day{source="lis"} 7.0',
    ):
        assert line in told
