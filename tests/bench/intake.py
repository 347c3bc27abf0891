"""
Taking in lab rows of CSV, whole way: on SQLite beside a bare executemany of the same rows into a clustered table, on
PostgreSQL beside a bare COPY of the same rows into the same table with the same indexes. With other sizes, by hand:

    python -m tests.bench.intake --rows 1000000 [--grown URL ...]

A grown store (tests.bench.history) is given the same rows, as results of patients whom it knows for long: of the days
after those that it has, each time, and not of days that it knows already, which would be another question.
"""

from __future__ import annotations

import argparse
import csv
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine, func, make_url, select

from monitoring.catalog import load_catalog
from monitoring.intake import take_in
from monitoring.raw_files import read_paths
from monitoring.settings import load_settings
from monitoring.simulate import simulate
from storage.deliveries import Sent, keep
from storage.engine import open_store, upgrade
from storage.tables import METADATA
from tests.servers import on_server, running_server

ROWS = 200_000
PATIENTS = 900
ROWS_A_DAY = 22  # of one patient, at the least
ROUNDS = 2
FIRST_NUMBER = 9_000_000_000  # above those of tests.bench.history
NUMBERS_A_DAY = 1_000_000
NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)  # after all that is drawn, also in a store that was given it many times
OBSERVATION = METADATA.tables["observation"]
LATER = {  # of a result that was taken in one as much later
    "collected_at": "collected_at + interval '100 days'",
    "source_id": "'L' || (substr(source_id, 2)::bigint + 100000000)",
}
PIECE = 1 << 20
WHOLE = "SELECT * FROM observation ORDER BY patient_id, collected_at, ref, version"


@dataclass(frozen=True)
class Empty:
    """Seconds into an empty store: ours, and the bare way beside it."""

    ours: float
    bare: float


def report(rows: int = ROWS, grown: Sequence[str] = ()) -> None:
    with tempfile.TemporaryDirectory() as folder:
        labs = _labs(Path(folder), rows)
        embedded = _embedded(labs, Path(folder), rows)
        with running_server() as server:
            _server(labs, Path(folder), rows, server.url)
        for url in grown:
            _grown(labs, Path(folder), url, embedded)


def _embedded(labs: Path, folder: Path, rows: int) -> Empty:
    ours = [_taken_in(labs, folder / f"ours{turn}", None) for turn in range(ROUNDS)]
    bare = [_bare(labs, folder / f"bare{turn}.db") for turn in range(ROUNDS)]
    _say("an empty SQLite store", "bare executemany, parsed rows", rows, (min(ours), min(bare)))
    return Empty(min(ours), min(bare))


def _server(labs: Path, folder: Path, rows: int, server: str) -> Empty:
    """`server`: its URL, with `{database}` for the name of one."""
    ours, bare = [], []
    for turn in range(ROUNDS):
        name = f"bench_{uuid.uuid4().hex}"
        on_server(server, f"CREATE DATABASE {name}")
        url = server.format(database=name)
        upgrade(url)
        ours.append(_taken_in(labs, folder / f"server{turn}", url))
        with closing(open_store(url)) as store:
            bare.append(_copied(store.engine))
        on_server(server, f"DROP DATABASE {name}")
    _say("an empty PostgreSQL store", "bare COPY, same table and indexes", rows, (min(ours), min(bare)))
    return Empty(min(ours), min(bare))


def _grown(labs: Path, folder: Path, url: str, embedded: Empty) -> None:
    """
    Under another source's name each time: what the store has been given before would be no news to it.

    Beside an empty store of the same server: another one may flush less, or have more memory.
    """
    with closing(open_store(url)) as store, store.reading() as connection:
        dialect = store.dialect
        there = connection.exec_driver_sql("SELECT count(*) FROM observation").scalar_one()
    rows = sum(1 for _ in labs.open(encoding="utf-8")) - 1
    empty = embedded if dialect == "sqlite" else _server(labs, folder, rows, _any_database(url))
    sources = [f"bench {uuid.uuid4().hex}" for _ in range(ROUNDS)]
    ours = min(_taken_in(_later(labs, url), folder / "grown", url, source) for source in sources)
    where = f"a {dialect} store of {there:,}"
    _say(where, "the same into the empty store", rows, (ours, empty.ours))
    _say(where, "half of bare into the empty store", rows, (ours, 2 * empty.bare))
    if dialect == "postgresql":
        _say(where, "bare COPY, same table and indexes", rows, (ours, _copied_later(url, sources[-1])))


def _any_database(url: str) -> str:
    """With `{database}` in place of the name of the one it has."""
    return (
        make_url(url)
        .set(database="{database}")
        .render_as_string(hide_password=False)
        .replace("%7B", "{")
        .replace("%7D", "}")
    )


def _copied_later(url: str, source: str) -> float:
    """The rows of one source as results of days that follow, by COPY into the same table; none of them is kept."""
    reading = ", ".join(LATER.get(column.name, f'"{column.name}"') for column in OBSERVATION.columns)
    names = ", ".join(f'"{column.name}"' for column in OBSERVATION.columns)
    rows = f"SELECT {reading} FROM observation WHERE source = '{source}' ORDER BY patient_id, collected_at"
    with closing(open_store(url)) as store, store.engine.connect() as connection:
        with connection.connection.cursor().copy(f"COPY ({rows}) TO STDOUT (FORMAT binary)") as copy:
            content = b"".join(bytes(piece) for piece in copy)
        began = time.perf_counter()
        with connection.connection.cursor().copy(f"COPY observation ({names}) FROM STDIN (FORMAT binary)") as copy:
            for start in range(0, len(content), PIECE):
                copy.write(content[start : start + PIECE])
        seconds = time.perf_counter() - began
        connection.rollback()
    return seconds


def _later(labs: Path, url: str) -> Path:
    """The same results, drawn on the days that follow the newest of the store, and numbered upwards from then on."""
    told = pd.read_csv(labs, dtype=str, keep_default_na=False)
    drawn = pd.to_datetime(told["collected_at"], utc=True, format="ISO8601")
    with closing(open_store(url)) as store, store.reading() as connection:
        newest = connection.execute(select(func.max(OBSERVATION.c.collected_at))).scalar_one()
    days = max(0, (pd.Timestamp(newest) - drawn.min()).days + 1)
    for name in ("collected_at", "resulted_at"):
        moment = pd.to_datetime(told[name], utc=True, format="ISO8601") + pd.Timedelta(days=days)
        told[name] = moment.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00").fillna("")
    told["source_id"] = "L" + (told["source_id"].str[1:].astype("int64") + days * NUMBERS_A_DAY).astype(str)
    later = labs.with_name("later.csv")
    told.to_csv(later, index=False)
    return later


def _say(where: str, beside: str, rows: int, seconds: tuple[float, float]) -> None:
    ours, other = seconds
    print(f"taking in {rows:,} lab rows from CSV into {where} (best of {ROUNDS})")
    print(f"  {'maswatch, whole way':<34}{rows / ours:>10,.0f} rows/s")
    print(f"  {beside:<34}{rows / other:>10,.0f} rows/s")
    print(f"  {'ratio':<34}{other / ours:>10.2f}", flush=True)


def _labs(folder: Path, wanted: int) -> Path:
    """A labs.csv of exactly so many rows, from as many days of simulated patients as that takes."""
    drawn, labs = folder / "drawn", folder / "labs.csv"
    simulate(drawn, patients=PATIENTS, days=max(10, -(-wanted // (PATIENTS * ROWS_A_DAY))), seed=11)
    header, *rows = (drawn / "labs.csv").read_text(encoding="utf-8").splitlines()
    labs.write_text("\n".join([header, *_numbered(header, rows[:wanted])]) + "\n", encoding="utf-8")
    if len(rows) < wanted:
        raise SystemExit(f"the simulator gave {len(rows)} rows, {wanted} are wanted")
    return labs


def _numbered(header: str, rows: list[str]) -> Iterator[str]:
    """As a laboratory numbers its results: upwards, in the order in which they come; a correction keeps its number."""
    place = header.split(",").index("source_id")
    numbers: dict[str, str] = {}
    for row in rows:
        cells = row.split(",")
        cells[place] = numbers.setdefault(cells[place], f"L{FIRST_NUMBER + len(numbers)}")
        yield ",".join(cells)


def _taken_in(labs: Path, data_dir: Path, url: str | None, source: str = "bench") -> float:
    """Seconds of the whole way: the file kept as it came, read, and its rows in the store."""
    settings = load_settings(config=None, data_dir=data_dir, database_url=url)
    catalog = load_catalog()
    with closing(open_store(settings.database_url)) as store:
        began = time.perf_counter()
        [raw] = read_paths([labs])
        [kept] = keep(store, source, [Sent(raw.name, raw.content)], at=NOW)
        raws = [replace(raw, delivery=kept)]
        counts = take_in(store, catalog, settings, raws, source=source, run_id=source, now=NOW)
        seconds = time.perf_counter() - began
    if counts["new"] < 0.99 * counts["read"]:
        raise SystemExit(f"of {counts['read']} rows only {counts['new']} were new")
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--grown", nargs="*", default=(), metavar="URL")
    asked = parser.parse_args()
    report(asked.rows, asked.grown)
