"""
Taking in lab rows of CSV, whole way: on SQLite beside a bare executemany of the same rows into a clustered table, on
PostgreSQL beside a bare COPY of the same rows into the same table with the same indexes.
"""

from __future__ import annotations

import csv
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from monitoring.catalog import load_catalog
from monitoring.intake import take_in
from monitoring.raw_files import read_paths
from monitoring.settings import load_settings
from monitoring.simulate import simulate
from storage.engine import open_store, upgrade
from tests.servers import on_server, running_server

ROWS = 200_000
PATIENTS = 900
ROUNDS = 2
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PIECE = 1 << 20
WHOLE = "SELECT * FROM observation ORDER BY patient_id, collected_at, ref, version"


def report() -> None:
    with tempfile.TemporaryDirectory() as folder:
        labs = _labs(Path(folder))
        _embedded(labs, Path(folder))
        _server(labs, Path(folder))


def _embedded(labs: Path, folder: Path) -> None:
    ours = [_taken_in(labs, folder / f"ours{turn}", None) for turn in range(ROUNDS)]
    bare = [_bare(labs, folder / f"bare{turn}.db") for turn in range(ROUNDS)]
    _say("an empty SQLite store", "bare executemany, parsed rows", min(ours), min(bare))


def _server(labs: Path, folder: Path) -> None:
    with running_server() as server:
        ours, bare = [], []
        for turn in range(ROUNDS):
            on_server(server.url, f"CREATE DATABASE ward{turn}")
            url = server.url.format(database=f"ward{turn}")
            upgrade(url)
            ours.append(_taken_in(labs, folder / f"server{turn}", url))
            with closing(open_store(url)) as store:
                bare.append(_copied(store.engine))
        _say("an empty PostgreSQL store", "bare COPY, same table and indexes", min(ours), min(bare))


def _say(where: str, beside: str, ours: float, bare: float) -> None:
    print(f"taking in {ROWS:,} lab rows from CSV into {where} (best of {ROUNDS})")
    print(f"  {'maswatch, whole way':<34}{ROWS / ours:>10,.0f} rows/s")
    print(f"  {beside:<34}{ROWS / bare:>10,.0f} rows/s")
    print(f"  {'ratio':<34}{bare / ours:>10.2f}")


def _labs(folder: Path) -> Path:
    """A labs.csv of exactly ROWS rows, from as many simulated patients as that takes."""
    drawn = folder / "drawn"
    simulate(drawn, patients=PATIENTS, days=10, seed=11)
    header, *rows = (drawn / "labs.csv").read_text(encoding="utf-8").splitlines()
    wanted = folder / "labs.csv"
    wanted.write_text("\n".join([header, *rows[:ROWS]]) + "\n", encoding="utf-8")
    if len(rows) < ROWS:
        raise SystemExit(f"the simulator gave {len(rows)} rows, {ROWS} are wanted")
    return wanted


def _taken_in(labs: Path, data_dir: Path, url: str | None) -> float:
    settings = load_settings(config=None, data_dir=data_dir, database_url=url)
    catalog = load_catalog()
    with closing(open_store(settings.database_url)) as store:
        began = time.perf_counter()
        counts = take_in(store, catalog, settings, read_paths([labs]), source="bench", run_id="bench", now=NOW)
        seconds = time.perf_counter() - began
    if counts["read"] != ROWS:
        raise SystemExit(f"{counts['read']} rows were read, not {ROWS}")
    return seconds


def _bare(labs: Path, file: Path) -> float:
    with labs.open(newline="", encoding="utf-8") as handle:
        header, *rows = csv.reader(handle)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        key = "PRIMARY KEY (patient_id, collected_at, source_id)"
        connection.execute(f"CREATE TABLE lab ({', '.join(header)}, {key}) WITHOUT ROWID")
        marks = ", ".join("?" * len(header))
        began = time.perf_counter()
        with connection:
            connection.executemany(f"INSERT INTO lab VALUES ({marks}) ON CONFLICT DO NOTHING", rows)
        return time.perf_counter() - began


def _copied(engine: Engine) -> float:
    """The rows that are there, written out, and in again after they were taken away."""
    with engine.begin() as connection:
        with connection.connection.cursor().copy(f"COPY ({WHOLE}) TO STDOUT") as copy:
            content = b"".join(bytes(piece) for piece in copy)
        connection.exec_driver_sql("TRUNCATE observation")
    began = time.perf_counter()
    with engine.begin() as connection, connection.connection.cursor().copy("COPY observation FROM STDIN") as copy:
        for start in range(0, len(content), PIECE):
            copy.write(content[start : start + PIECE])
    return time.perf_counter() - began
