"""
The whole store in one file, taken while it is at work, and back again: of SQLite and of a server, into either.

The file is an SQLite store of its own. It says of itself what each table held at the moment it was taken, as counts and
hashes that do not depend on the engine, so that it can be looked over years later on another machine.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from storage import schema
from storage.copying import Told, copy_into, held
from storage.engine import Store, open_store, store_file
from storage.errors import AlreadyThere, StoreDamaged, StoreError, StoreFull, StoreNewer, in_words
from storage.tables import METADATA

CONTENTS = "backup_contents"
FULL_THERE = "There is no space left in {} for the copy: free some, or choose another place."
THERE = "There is a store at that place already: move it away, or replace it with --overwrite."
DAMAGED = "{} is damaged or no backup of this program's: choose another one."
OTHERWISE = "{} is damaged: its table {} is not what was written. Choose another one."


def backup(store: Store, path: Path, *, overwrite: bool = False) -> list[Told]:
    """
    The store as it stands at one moment, whatever is written meanwhile: what each table held.

    Checked, and put in place only when whole. Raises AlreadyThere rather than replace a file unasked.
    """
    if path.exists() and not overwrite:
        raise AlreadyThere(f"{path} is there already: choose another name, or replace it with --overwrite.")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.part")
    _cleared(draft)
    try:
        told = _pages(store, draft) if store.dialect == "sqlite" else _rows(store, draft)
        _sealed(draft, told)
        _sound(draft)
        draft.replace(path)
    except StoreFull:  # the copy's disk: the store itself is only read
        raise StoreFull(FULL_THERE.format(path.parent)) from None
    finally:
        _cleared(draft)
    return told


def verify(path: Path) -> list[Told]:
    """
    What each table of the backup holds, after every page was read, every row hashed and compared with what was written.

    A table whose columns are no longer those of this program is counted only. Raises StoreDamaged or StoreNewer.
    """
    _sound(path)
    with in_words(), _looked_at(path) as connection:
        return [_compared(connection, path, Told(*row)) for row in _written(connection)]


def restore(path: Path, url: str, *, overwrite: bool = False) -> Path | None:
    """
    The backup at `path` as the store at `url`, brought up to date.

    Refuses a file that is damaged, no store, or of a newer program, and (AlreadyThere) a store that has rows, unless
    told to overwrite it. What is there is replaced in one transaction: other processes see all of it or none. A file
    too damaged to be written is moved aside, and where it went is the answer.
    """
    _sound(path)
    place = store_file(url)
    if place is None:
        _into_server(path, url, overwrite)
        return None
    if place.exists() and not overwrite:
        raise AlreadyThere(THERE)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _copied(path, place)
        aside = None
    except StoreDamaged:
        aside = _moved_aside(place)
        _copied(path, place)
    open_store(url).close()
    return aside


def _pages(store: Store, draft: Path) -> list[Told]:
    with in_words(), store.engine.connect() as connection, closing(_new(draft)) as copy:
        source = connection.connection.dbapi_connection
        source.backup(copy)  # type: ignore[union-attr]
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, no log beside it
    with in_words(), _looked_at(draft) as connection:
        return [held(connection, table) for table in METADATA.sorted_tables]


def _rows(store: Store, draft: Path) -> list[Told]:
    _new(draft).close()
    return copy_into(store, f"sqlite:///{draft}")


def _new(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    return sqlite3.connect(path)


def _cleared(draft: Path) -> None:
    """With the log beside it: one that a killed backup left would be played into the next."""
    for beside in ("", "-wal", "-shm"):
        draft.with_name(draft.name + beside).unlink(missing_ok=True)


def _sealed(draft: Path, told: list[Told]) -> None:
    with in_words(), closing(sqlite3.connect(draft)) as copy, copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute(f'CREATE TABLE {CONTENTS} ("table" TEXT PRIMARY KEY, rows INTEGER, sha256 TEXT)')
        copy.executemany(f"INSERT INTO {CONTENTS} VALUES (?, ?, ?)", [(t.table, t.rows, t.sha256) for t in told])
    with draft.open("rb") as file:
        os.fsync(file.fileno())


def _sound(path: Path) -> None:
    """Raises StoreDamaged or StoreNewer. Reads every page."""
    if not path.is_file():
        raise StoreError(f"There is no backup at {path}.")
    try:
        with in_words(), _looked_at(path) as connection:
            whole = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar() == "ok"
            at = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    except StoreError:
        whole, at = False, None
    if not whole or at is None:
        raise StoreDamaged(DAMAGED.format(path))
    if schema.state_of(str(at)) == "newer":
        raise StoreNewer(f"{path} was written by a newer maswatch: install that version or a later one to restore it.")


@contextmanager
def _looked_at(path: Path) -> Iterator[Connection]:
    """Without leaving a trace in it or beside it."""
    where = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(where, uri=True), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def _written(connection: Connection) -> list[tuple[str, int, str]]:
    """Backups of before this was written say nothing of themselves: what they hold is what they hold."""
    named = connection.exec_driver_sql(f"SELECT 1 FROM sqlite_master WHERE name = '{CONTENTS}'").first()
    if named:
        rows = connection.exec_driver_sql(f"SELECT * FROM {CONTENTS}").all()
        return [(str(table), int(count), str(sha256)) for table, count, sha256 in rows]
    tables = [table for table in METADATA.sorted_tables if _columns(connection, table.name)]
    return [(table.name, _count(connection, table.name), "") for table in tables]


def _compared(connection: Connection, path: Path, told: Told) -> Told:
    table = METADATA.tables.get(told.table)
    known = table is not None and _columns(connection, told.table) == sorted(table.columns.keys())
    if told.sha256 and table is not None and known:
        same = held(connection, table) == told
    else:
        same = _count(connection, told.table) == told.rows
    if not same:
        raise StoreDamaged(OTHERWISE.format(path, told.table))
    return told


def _columns(connection: Connection, table: str) -> list[str]:
    return sorted(str(row[1]) for row in connection.exec_driver_sql(f'PRAGMA table_info("{table}")'))


def _count(connection: Connection, table: str) -> int:
    return int(connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one())


def _copied(path: Path, place: Path) -> None:
    with in_words(), closing(sqlite3.connect(path)) as copy, closing(sqlite3.connect(place)) as store:
        copy.backup(store)
        store.execute(f"DROP TABLE IF EXISTS {CONTENTS}")


def _moved_aside(place: Path) -> Path:
    """The file and its log: what can be saved of them somebody may still want to save."""
    number = next(n for n in range(1, 10_000) if not place.with_name(f"{place.name}.damaged{n}").exists())
    for beside in ("-wal", "-shm", ""):
        found = place.with_name(place.name + beside)
        if found.exists():
            found.replace(place.with_name(f"{place.name}.damaged{number}{beside}"))
    return place.with_name(f"{place.name}.damaged{number}")


def _into_server(path: Path, url: str, overwrite: bool) -> None:
    """By way of a copy, which is brought up to date: the backup itself stays as it is."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".restoring-") as folder:
        place = Path(folder) / "copy.db"
        _copied(path, place)
        with closing(open_store(f"sqlite:///{place}")) as copy:
            try:
                copy_into(copy, url, replace=overwrite)
            except AlreadyThere:
                raise AlreadyThere(THERE) from None
