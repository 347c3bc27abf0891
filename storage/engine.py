"""
Opening the store: `open_store(url)`. SQLite by default (one file, one writer, many readers), PostgreSQL for a server.

SQLite keeps a write-ahead log, so readers never wait for the writer. What is committed stands in the log before
`COMMIT` returns; a killed process loses nothing of it with any `synchronous`. FULL rather than NORMAL, because intake
moves a file to `done/` after the commit: a power cut must not take back rows whose file is no longer looked at. It
costs one flush a batch, not one a row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage import schema
from storage.errors import BEHIND, BUSY, StoreBehind, StoreBusy, StoreError, StoreNewer, StoreUnreachable, in_words
from storage.server import server_engine

BUSY_SECONDS = 30
_WRITES, _PAGES = "maswatch_writes", "maswatch_pages"
# KiB of pages: a big batch stays out of the log until it commits; a dashboard has many that read, and the system keeps
# the file in memory for all of them
_PAGES_READING, _PAGES_WRITING = 4096, 65536
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA wal_autocheckpoint = 4096",  # pages of 8 KiB
    "PRAGMA journal_size_limit = 67108864",
)


@dataclass(frozen=True)
class Store:
    """An open store. `reading()` is one snapshot, `writing()` one transaction (on SQLite the only one that writes)."""

    url: str = field(repr=False)  # may hold a password
    engine: Engine

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        options = {} if self.dialect == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        with self._connected(options) as connection:
            yield connection

    @contextmanager
    def glancing(self) -> Iterator[Connection]:
        """For one question: without the beginning and the end of a snapshot, each another answer to wait for."""
        options = {} if self.dialect == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
        with self._connected(options) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._connected({_WRITES: True}) as connection:
            yield connection

    @contextmanager
    def _connected(self, options: dict[str, Any]) -> Iterator[Connection]:
        try:
            with in_words(), self.engine.connect().execution_options(**options) as connection, connection.begin():
                yield connection
        except StoreUnreachable:
            self.engine.dispose()  # a primary that became a replica answers still: ask anew who takes writes
            raise

    def close(self) -> None:
        self.engine.dispose()


def open_store(url: str) -> Store:
    """
    The store at `url`, its schema up to date. SQLite migrates by itself; a server never does on opening.

    Raises StoreBehind, StoreNewer, StoreUnreachable, StoreDamaged, StoreBusy: each says what to do.
    """
    store = Store(url, _engine(_parsed(url)))
    try:
        _brought_up(store, migrate=store.dialect == "sqlite")
    except StoreError:
        store.close()
        raise
    return store


def upgrade(url: str) -> dict[str, str]:
    """Brings the schema to this program's, under a lock: of two that upgrade at once, one waits and finds it done."""
    store = Store(url, _engine(_parsed(url)))
    try:
        _brought_up(store, migrate=True)
        return _state(store)
    finally:
        store.close()


def schema_state(url: str) -> dict[str, str]:
    """{"dialect", "at", "head", "state"}; `state` is "empty", "behind", "current" or "newer". Changes nothing."""
    file = store_file(url)
    if file is not None and not file.exists():
        return {"dialect": "sqlite", "at": "", "head": schema.head(), "state": "empty"}
    store = Store(url, _engine(_parsed(url)))
    try:
        return _state(store)
    finally:
        store.close()


def store_file(url: str) -> Path | None:
    """The file of an SQLite store, there or not; None for a server. Raises StoreUnreachable for what is no URL."""
    parsed = _parsed(url)
    return Path(str(parsed.database)) if parsed.get_backend_name() == "sqlite" else None


def _state(store: Store) -> dict[str, str]:
    with store.reading() as connection:
        at = schema.revision(connection)
    return {"dialect": store.dialect, "at": at, "head": schema.head(), "state": schema.state_of(at)}


def _brought_up(store: Store, *, migrate: bool) -> None:
    with store.reading() as connection:
        state = schema.state_of(schema.revision(connection))
    if state == "newer":
        raise StoreNewer("The store was written by a newer maswatch: install that version or a later one to open it.")
    if state == "current":
        return
    if not migrate:
        raise StoreBehind(str(BEHIND))
    store.engine.dispose()  # only a new connection can still be told where to sort
    with store.writing() as connection:  # a second process waits here, then finds nothing left to do
        if store.dialect == "sqlite":  # in a file: for an index of twenty million rows it takes 1.5 GB
            connection.exec_driver_sql("PRAGMA temp_store = DEFAULT")
        schema.migrate(connection)
    store.engine.dispose()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreUnreachable("The database URL cannot be read: write sqlite:////folder/file.db.") from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreUnreachable("The database URL names no store this program knows: use sqlite or postgresql+psycopg.")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreUnreachable("The database URL names no file: write sqlite:////folder/file.db.")
    return parsed


def _engine(url: URL) -> Engine:
    return _sqlite(url) if url.get_backend_name() == "sqlite" else server_engine(url)


def _sqlite(url: URL) -> Engine:
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        raise StoreUnreachable(f"The folder of the store cannot be made: check {path.parent}.") from None
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begun)
    return engine


def _connected(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and is never IMMEDIATE
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _patiently(lambda: _into_wal(connection))


def _into_wal(connection: Any) -> None:
    connection.execute("PRAGMA page_size = 8192")  # rows of about 250 bytes in clustered trees
    connection.execute("PRAGMA journal_mode = WAL").fetchone()


def _patiently(turn: Callable[[], None]) -> None:
    """The change of journal does not wait by itself when two processes make the same new file."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return turn()
        except Exception as error:
            if getattr(error, "sqlite_errorname", "")[:11] != "SQLITE_BUSY":
                raise
            if time.monotonic() > deadline:
                raise StoreBusy(str(BUSY)) from None
            time.sleep(0.02)


def _begun(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    _keep_pages(connection, _PAGES_WRITING if writes else _PAGES_READING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _keep_pages(connection: Connection, most: int) -> None:
    """Fewer than before are let go at once: what a connection once wrote or read is not kept for years."""
    if connection.info.get(_PAGES) != most:
        connection.exec_driver_sql(f"PRAGMA cache_size = -{most}")
        connection.info[_PAGES] = most


__all__ = ["Store", "open_store", "schema_state", "store_file", "upgrade"]
