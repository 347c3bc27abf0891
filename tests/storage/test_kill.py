from __future__ import annotations

import multiprocessing
import random
import sqlite3
import time
from pathlib import Path

import pytest

from tests.storage.killed import BATCHES, LABS, for_ever, take_in


def test_a_process_killed_at_any_moment_leaves_whole_batches_and_the_next_run_completes_them(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(request.config.getoption("--kill-seed"))
    url, whole = f"sqlite:///{tmp_path}/killed.db", f"sqlite:///{tmp_path}/whole.db"
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.storage.killed"])
    for _ in range(request.config.getoption("--kills")):
        child = processes.Process(target=for_ever, args=(url,))
        child.start()
        time.sleep(chance.uniform(0.05, 0.45))
        child.kill()
        child.join()
        assert child.exitcode == -9
        assert _broken(tmp_path / "killed.db") == []
    take_in(url)
    take_in(whole)
    assert _content(tmp_path / "killed.db") == _content(tmp_path / "whole.db")


def _broken(file: Path) -> list[str]:
    """The batches that are there in part; a store not yet made has none."""
    tables = {"observation": LABS, "dose": 1, "set_aside": 1, "taken_file": 1, "arrival": 1}
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'observation'").fetchone() == (1,)
        found = {
            table: dict(connection.execute(f"SELECT run_id, count(*) FROM {table} GROUP BY run_id")) if made else {}
            for table in tables
        }
        ended = connection.execute("SELECT run_id FROM run WHERE finished_at IS NOT NULL") if made else []
        known = {row[0] for row in ended}
    connection.close()
    runs = [f"run-{number}" for number in range(BATCHES)]
    parts = {run: {found[table].get(run, 0) == rows for table, rows in tables.items()} | {run in known} for run in runs}
    return [run for run in runs if len(parts[run]) != 1]


def _content(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(file) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {table: sorted(connection.execute(f'SELECT * FROM "{table}"'), key=repr) for table in tables}
    connection.close()
    return rows
