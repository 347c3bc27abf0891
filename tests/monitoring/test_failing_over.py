"""Several schedulers on one server: one works, and when it dies or the server goes away, nothing is lost or doubled."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from monitoring.catalog import load_catalog
from monitoring.cycle import Site
from monitoring.lease import NAME, SECONDS
from monitoring.schedule import Rota
from storage import queries
from storage.engine import Store, open_store, upgrade
from storage.schema import WRITER_KEY
from tests.monitoring.small_ward import FACTS, NOON, HandClock, drop, fill, site_settings
from tests.servers import Server, on_server, running_server

pytestmark = pytest.mark.postgresql
PATIENCE = 300.0  # so long only where the machine has much else to do
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
LABS = 6  # of the small ward, that are known


def until(come: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def scheduler(folder: Path, config: Path, behind: float = 0) -> subprocess.Popen[bytes]:
    """A process with a data folder of its own, as on another machine; its clock is so many seconds `behind`."""
    command = [sys.executable, "-m", "tests.monitoring.scheduling", str(config), str(folder), str(behind)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, env=os.environ | {"MASWATCH_WARD__TIMEZONE": "Europe/Berlin"}
    )


def here(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has begun; waited for."""
    return process.stdout is not None and process.stdout.readline() == b"here\n"


def cycles(store: Store) -> list[str]:
    """What became of each, the oldest first."""
    runs = queries.runs(store)
    return runs[runs["kind"] == "cycle"].sort_values("started_at")["outcome"].tolist()


@contextmanager
def ended() -> Iterator[list[subprocess.Popen[bytes]]]:
    """What is started inside is gone behind it."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


@pytest.fixture
def config(tmp_path: Path, server_url: str) -> Path:
    folder = fill(tmp_path / "in")
    source = f'name = "lab"\nkind = "csv"\npath = "{folder}"\nsettle_seconds = 0\n'
    told = f'database_url = "{server_url}"\n[[source]]\n{source}'
    file = tmp_path / "maswatch.toml"
    file.write_text(told, encoding="utf-8")
    return file


@pytest.fixture
def shared(server_url: str) -> Iterator[Store]:
    upgrade(server_url)
    with closing(open_store(server_url)) as opened:
        yield opened


def test_a_scheduler_killed_in_the_middle_of_its_cycle_is_followed_by_the_other_one(
    tmp_path: Path, server_url: str, config: Path, shared: Store
) -> None:
    engine = create_engine(server_url)
    with ended() as started, closing(engine.connect()) as held:
        held.exec_driver_sql(f"SELECT pg_advisory_lock({WRITER_KEY})")  # whoever takes in waits here with the lease
        started.append(scheduler(tmp_path / "first", config, behind=SECONDS - 8))
        until(lambda: queries.lease_until(shared, NAME) is not None and held.exec_driver_sql(WAITING).scalar_one())
        started.append(scheduler(tmp_path / "second", config))
        assert here(started[1])
        started[0].kill()
        assert "ok" not in cycles(shared)
        held.exec_driver_sql(f"SELECT pg_advisory_unlock({WRITER_KEY})")
        until(lambda: "ok" in cycles(shared))
    engine.dispose()
    assert cycles(shared).count("ok") == 1
    assert len(queries.observations(shared, as_of=queries.newest_received(shared))) == LABS
    changes = queries.flag_changes(shared, as_of=queries.newest_received(shared))
    assert not changes.duplicated(["patient_id", "flag", "seq"]).any()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """One that may be stopped, since nobody else works with it."""
    with running_server() as running:
        on_server(running.url, "CREATE DATABASE ward")
        yield running


def test_a_server_that_is_gone_for_a_while_costs_no_facts_and_no_restart(tmp_path: Path, own_server: Server) -> None:
    url, clock = own_server.url.format(database="ward"), HandClock()
    upgrade(url)
    with closing(open_store(url)) as store:
        settings = site_settings(tmp_path, drop("lab", fill(tmp_path / "in")))
        rota = Rota(Site(settings, store, load_catalog(), clock))
        rota.scheduler.start(paused=True)
        try:
            own_server.stops()
            rota.alive()
            rota.arrivals()
            assert rota.cycle([]) is None
            assert rota.scheduler.get_job("retry") is not None
            own_server.starts()
            assert (rota.cycle() or {})["lab"]["new"] == FACTS
        finally:
            rota.scheduler.shutdown()
        assert cycles(store) == ["ok"]
        assert queries.last_success(store) == NOON
