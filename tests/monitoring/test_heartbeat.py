"""A scheduler that has fallen silent is known within a minute; one that never was is not missed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.heartbeat import beat, stopped_since
from monitoring.lease import NAME, SECONDS
from storage.engine import Store, open_store
from storage.leases import release_lease, take_lease
from storage.writes import record_run
from tests.dashboard.store_fixture import cycle

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/ward.db")
    yield opened
    opened.close()


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_nothing_is_said_where_no_scheduler_ever_ran(store: Store) -> None:
    assert stopped_since(store, now=NOON) is None


def test_silence_counts_from_the_twenty_ninth_second(store: Store) -> None:
    beat(store, at=after(-500))
    beat(store, at=NOON)
    assert stopped_since(store, now=after(28)) is None
    assert stopped_since(store, now=after(29)) == NOON


def test_a_cycle_that_renews_its_lease_is_a_sign_of_life(store: Store) -> None:
    beat(store, at=NOON)
    take_lease(store, NAME, "here", now=after(60), seconds=SECONDS)
    assert stopped_since(store, now=after(88)) is None
    assert stopped_since(store, now=after(89)) == NOON
    release_lease(store, NAME, "here")
    assert stopped_since(store, now=after(70)) == NOON


def test_a_site_that_went_over_to_a_clock_of_its_own_hears_no_more_of_it(store: Store) -> None:
    beat(store, at=NOON)
    record_run(store, cycle(after(20)))  # the scheduler's own last run
    assert stopped_since(store, now=after(120)) == NOON
    record_run(store, cycle(after(3600)))
    assert stopped_since(store, now=after(3700)) is None
