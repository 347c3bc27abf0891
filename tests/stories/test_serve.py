"""The dashboard and the 12-hour job under one command: started, watched, stopped, killed, started again."""

import os
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitoring.cli import cli
from monitoring.ending import ended
from storage import queries
from storage.engine import Store, open_store
from tests.monitoring.command_line import logging_as_before
from tests.monitoring.small_ward import FACTS, LATER, fill
from tests.stories.served import Served, until

SITE = """
data_dir = "site"
[ward]
timezone = "Europe/Berlin"
[schedule]
tick_minutes = 0.01
[[source]]
name = "lab"
kind = "csv"
path = "in"
settle_seconds = 0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "maswatch.toml").write_text(SITE, encoding="utf-8")
    fill(tmp_path / "in")
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{folder}/site/maswatch.db")
    yield opened
    opened.close()


def told(store: Store) -> dict[str, int]:
    """How many facts there are, but for the runs."""
    counts = queries.counts(store)
    return {name: counts[name] for name in ("observation", "dose", "set_aside", "flag_change")}


def test_serving_runs_what_is_overdue_takes_in_what_arrives_and_stops_as_one(folder: Path, store: Store) -> None:
    served = Served(folder)
    try:
        until(lambda: served.health()["last_success_at"], served.said)
        health = served.health()
        assert (health["status"], health["ingest_overdue"], health["store"]) == ("ok", False, "ok")
        assert datetime.fromisoformat(health["next_run_at"]) > datetime.now(UTC)
        with urllib.request.urlopen(served.address, timeout=10) as page:
            assert page.status == 200
        (folder / "in" / "later.csv").write_text(LATER, encoding="utf-8")
        until(lambda: queries.counts(store)["observation"] == 7, served.said)
        os.kill(served.children("scheduler")[0], signal.SIGKILL)
        until(lambda: len(served.children("scheduler")) == 2, served.said)
        assert served.health()["status"] == "ok"
    finally:
        code = served.end()
    assert code == 0, served.said()
    assert served.nobody_left()
    assert "Traceback" not in served.said()


def test_killed_at_any_moment_and_started_again_it_loses_and_doubles_nothing(folder: Path, store: Store) -> None:
    for seconds in (0.8, 2.5):
        served = Served(folder)
        time.sleep(seconds)
        served.end(signal.SIGKILL)
        until(served.nobody_left, served.said)
    served = Served(folder)
    try:
        until(lambda: queries.last_success(store), served.said)
    finally:
        served.end(signal.SIGINT)
    first = told(store)
    assert (first["observation"], first["dose"], first["set_aside"]) == (6, 3, 1)
    with logging_as_before():
        assert ended(cli, ["--config", str(folder / "maswatch.toml"), "schedule", "--once"]) == 0
    assert told(store) == first
    assert 2 + first["observation"] + first["dose"] == FACTS


def test_a_port_in_use_is_said_in_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, logging_as_before():
        port = str(taken.getsockname()[1])
        code = ended(cli, ["--config", str(folder / "maswatch.toml"), "serve", "--port", port])
    assert code == 2
    assert f"Port {port} on 127.0.0.1 is in use" in capsys.readouterr().err
