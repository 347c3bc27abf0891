"""The 12-hour job: when it runs, that it runs once, and that it tries again."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.catalog import load_catalog
from monitoring.clock import wall_clock
from monitoring.cycle import Site
from monitoring.lease import NAME
from monitoring.schedule import Rota, WallTimes
from monitoring.settings import Settings
from monitoring.state import Judged, judged
from monitoring.terms import Catalog
from storage import queries
from storage.engine import Store, open_store
from storage.leases import release_lease, take_lease
from tests.monitoring.small_ward import FACTS, NOON, HandClock, drop, fill, site_settings

Rotas = Callable[..., Rota]
PATIENCE = 300.0  # seconds; so long only where the machine has much else to do
SIX_IN_THE_EVENING = datetime(2026, 6, 3, 16, tzinfo=UTC)  # 18:00 in Berlin


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/ward.db")
    yield opened
    opened.close()


@pytest.fixture
def rota(catalog: Catalog) -> Iterator[Callable[..., Rota]]:
    """Makes rotas whose scheduler keeps its plan without acting on it: the jobs are called by the test."""
    made: list[Rota] = []

    def make(settings: Settings, store: Store, clock: Any) -> Rota:
        made.append(Rota(Site(settings, store, catalog, clock)))
        made[-1].scheduler.start(paused=True)
        return made[-1]

    yield make
    for one in made:
        one.scheduler.shutdown()


def planned(rota: Rota) -> tuple[datetime, list[str] | None]:
    """When the retry is planned, and of which sources."""
    job = rota.scheduler.get_job("retry")
    return job.trigger.run_date.astimezone(UTC), job.args[0]


def cycles(store: Store) -> int:
    return int(queries.runs(store)["kind"].eq("cycle").sum())


def test_a_cycle_that_is_due_runs_and_is_not_run_again_before_the_next_time(
    tmp_path: Path, store: Store, rota: Rotas
) -> None:
    clock = HandClock()
    job = rota(site_settings(tmp_path, drop("lab", fill(tmp_path / "in"))), store, clock)
    assert job.missed()
    assert (job.cycle() or {})["lab"]["new"] == FACTS
    clock.now = SIX_IN_THE_EVENING - timedelta(seconds=1)
    assert job.cycle() is None
    clock.now = SIX_IN_THE_EVENING
    assert job.cycle() is not None
    assert cycles(store) == 2


def test_two_schedulers_that_wake_together_run_one_cycle(tmp_path: Path, store: Store, rota: Rotas) -> None:
    folder = fill(tmp_path / "in")
    jobs = [rota(site_settings(tmp_path / name, drop("lab", folder)), store, HandClock()) for name in ("a", "b")]
    threads = [threading.Thread(target=job.cycle) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for job in jobs:  # whoever was kept out looks again, and finds it done
        job.cycle()
    assert cycles(store) == 1


def test_a_job_that_another_holds_is_looked_at_again_in_five_seconds(tmp_path: Path, store: Store, rota: Rotas) -> None:
    clock = HandClock()
    job = rota(site_settings(tmp_path), store, clock)
    take_lease(store, NAME, "another machine", now=clock(), seconds=90)
    assert job.cycle() is None
    assert planned(job) == (NOON + timedelta(seconds=5), None)
    release_lease(store, NAME, "another machine")
    assert job.cycle() == {"assessed": 0}
    assert job.scheduler.get_job("retry") is None


def test_what_failed_and_nothing_else_is_tried_again_with_growing_waits(
    tmp_path: Path, store: Store, rota: Rotas
) -> None:
    clock = HandClock()
    sources = [drop("gone", tmp_path / "late"), drop("lab", fill(tmp_path / "in"))]
    job = rota(site_settings(tmp_path, *sources, retry_minutes=[2, 5]), store, clock)
    job.cycle()
    assert planned(job) == (NOON + timedelta(minutes=2), ["gone"])
    for minutes in (5, 5):
        job.cycle(["gone"])
        assert planned(job) == (NOON + timedelta(minutes=minutes), ["gone"])
    fill(tmp_path / "late")
    told = job.cycle(["gone"]) or {}
    assert set(told) == {"gone", "assessed"}
    assert job.scheduler.get_job("retry") is None
    assert not job.missed()


@pytest.mark.sqlite  # its file is taken away; of a server that is gone tests/monitoring/test_failing_over.py tells
def test_a_store_that_cannot_be_written_is_tried_again_whole(tmp_path: Path, rota: Rotas) -> None:
    url = f"sqlite:///{tmp_path}/ward.db"
    store = open_store(url)
    job = rota(site_settings(tmp_path, drop("lab", fill(tmp_path / "in"))), store, HandClock())
    store.close()
    kept = (tmp_path / "ward.db").rename(tmp_path / "kept.db")
    (tmp_path / "ward.db").write_text("no store at all" * 100, encoding="utf-8")
    assert job.cycle() is None
    assert planned(job) == (NOON + timedelta(minutes=2), None)
    kept.rename(tmp_path / "ward.db")
    assert (job.cycle() or {})["lab"]["new"] == FACTS
    store.close()


@pytest.mark.parametrize(
    ("zone", "at", "start", "utc"),
    [
        ("Europe/Berlin", "02:30", "2026-03-28T12:00", ["29 01:30", "30 00:30", "31 00:30"]),
        ("Europe/Berlin", "02:30", "2026-10-24T12:00", ["25 00:30", "26 01:30", "27 01:30"]),
        ("America/New_York", "02:30", "2027-03-13T12:00", ["14 07:30", "15 06:30", "16 06:30"]),
        ("America/New_York", "01:30", "2027-11-06T12:00", ["07 05:30", "08 06:30", "09 06:30"]),
    ],
)
def test_the_trigger_fires_once_a_night_through_both_changes_of_the_clock(
    zone: str, at: str, start: str, utc: list[str]
) -> None:
    settings = Settings.model_validate({"ward": {"timezone": zone}, "schedule": {"at": [at]}})
    trigger, fired = WallTimes(settings), []
    previous, now = None, datetime.fromisoformat(start).replace(tzinfo=UTC)
    for _ in range(3):
        previous = now = trigger.get_next_fire_time(previous, now)
        fired.append(f"{now.astimezone(UTC):%d %H:%M}")
    assert fired == utc


def test_started_late_it_runs_at_once_and_takes_in_what_arrives_between_cycles(
    tmp_path: Path, store: Store, catalog: Catalog
) -> None:
    folder = fill(tmp_path / "in")
    at = [f"{datetime.now(UTC) + timedelta(hours=12):%H:%M}"]  # no second time comes while this runs
    settings = site_settings(tmp_path, drop("lab", folder), tick_minutes=1 / 120, at=at)
    job, stop = Rota(Site(settings, store, catalog, wall_clock)), threading.Event()
    running = threading.Thread(target=job.run, args=(stop,))
    running.start()
    try:
        assert _soon(lambda: queries.last_success(store) is not None)
        (folder / "more.csv").write_text(
            "patient_id,analyte,value,unit,collected_at\nP2,ferritin,90,ug/L,2026-06-03T11:00Z\n", encoding="utf-8"
        )
        assert _soon(lambda: bool(queries.runs(store)["kind"].eq("arrival").any()))
    finally:
        stop.set()
        running.join(timeout=PATIENCE)
    assert cycles(store) == 1
    assert job.scheduler.get_job("cycle") is None or not job.scheduler.running


def test_who_is_stopped_while_a_cycle_runs_ends_as_soon_as_it_is_done(
    tmp_path: Path, store: Store, catalog: Catalog
) -> None:
    begun, stop = threading.Event(), threading.Event()

    def slowly(*told: Any, **named: Any) -> Judged:
        begun.set()
        stop.wait(PATIENCE)
        time.sleep(0.2)  # until then whoever stops has begun to
        return judged(*told, **named)

    settings = site_settings(tmp_path, drop("lab", fill(tmp_path / "in")))
    running = threading.Thread(target=Rota(Site(settings, store, catalog, judge=slowly)).run, args=(stop,), daemon=True)
    running.start()
    assert begun.wait(PATIENCE)
    stop.set()
    running.join(timeout=PATIENCE)
    assert not running.is_alive()


def _soon(true: Any, seconds: float = PATIENCE) -> bool:
    waited = threading.Event()
    for _ in range(int(seconds / 0.1)):
        if true():
            return True
        waited.wait(0.1)
    return False
