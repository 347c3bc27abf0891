"""Taking in 100,000 lab rows of CSV, beside a bare executemany of the same rows into a table of the same shape."""

from __future__ import annotations

import csv
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from monitoring.catalog import load_catalog
from monitoring.intake import take_in
from monitoring.raw_files import read_paths
from monitoring.settings import load_settings
from monitoring.simulate import simulate
from storage.engine import open_store

ROWS = 100_000
ROUNDS = 3
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def report() -> None:
    with tempfile.TemporaryDirectory() as folder:
        labs = _labs(Path(folder))
        ours = [_taken_in(labs, Path(folder) / f"ours{turn}") for turn in range(ROUNDS)]
        bare = [_bare(labs, Path(folder) / f"bare{turn}.db") for turn in range(ROUNDS)]
    best, least = min(ours), min(bare)
    print(f"taking in {ROWS:,} lab rows from CSV into an empty SQLite store (best of {ROUNDS})")
    print(f"  maswatch, whole way            {ROWS / best:>12,.0f} rows/s")
    print(f"  bare executemany, parsed rows  {ROWS / least:>12,.0f} rows/s")
    print(f"  ratio                          {least / best:>12.2f}")


def _labs(folder: Path) -> Path:
    """A labs.csv of exactly ROWS rows, from as many simulated patients as that takes."""
    drawn = folder / "drawn"
    simulate(drawn, patients=450, days=10, seed=11)
    header, *rows = (drawn / "labs.csv").read_text(encoding="utf-8").splitlines()
    wanted = folder / "labs.csv"
    wanted.write_text("\n".join([header, *rows[:ROWS]]) + "\n", encoding="utf-8")
    if len(rows) < ROWS:
        raise SystemExit(f"the simulator gave {len(rows)} rows, {ROWS} are wanted")
    return wanted


def _taken_in(labs: Path, data_dir: Path) -> float:
    settings = load_settings(config=None, data_dir=data_dir, database_url=None)
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
