"""
`--store postgresql`: every SQLite file that a test, or a program it starts, would open as a store is a database on a
real server.

A file stands for one database, named after its path, made from an upgraded template when first opened. What the
program itself keeps in SQLite whatever the store is, a backup and what it needs on the way, stays a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from storage import engine

SERVER = "WARD_TEST_SERVER"
TEMPLATE = "ward_template"
READY_MADE = "ready-made.db"
_OWN = (".part", "replay.db", READY_MADE)  # the draft of a backup, what a replay writes into, and an empty one
_ON_THE_WAY = ".restoring-"


def install() -> None:
    """From now on, in this process."""
    parsed = engine._parsed
    engine._parsed = lambda url: moved(parsed(url))


def moved(url: URL) -> URL:
    if url.get_backend_name() != "sqlite":
        return url
    path = Path(str(url.database))
    if path.name.endswith(_OWN) or path.parent.name.startswith(_ON_THE_WAY):
        return url
    _made(path.resolve())
    return make_url(os.environ[SERVER].format(database=_name(path)))


def copied(source: Path, target: Path) -> None:
    """The database that stands for a file, once more for another one."""
    removed(target)
    with _admin() as connection:
        others = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        connection.execute(others, {"name": _name(source)})  # nobody may be at what is copied
        _create(connection, target.resolve(), _name(source))


def removed(path: Path) -> None:
    """The next who opens it finds it empty."""
    with _admin() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {_name(path)} WITH (FORCE)")
    _made.cache_clear()


def let_go(folder: Path) -> None:
    """Drops the databases that stand for files below, so that a long run does not fill the disk."""
    named = text("SELECT datname FROM pg_database WHERE starts_with(shobj_description(oid, 'pg_database'), :folder)")
    with _admin() as connection:
        for (name,) in connection.execute(named, {"folder": f"{folder.resolve()}/"}).all():
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@cache
def _made(path: Path) -> None:
    with _admin() as connection:
        known = text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.execute(known, {"name": _name(path)}).first() is not None:
            return
        try:
            _create(connection, path, TEMPLATE)
        except DBAPIError as error:  # another process of the same test was a moment quicker
            if "already exists" not in str(error):
                raise


def _create(connection: Connection, path: Path, template: str) -> None:
    connection.exec_driver_sql(f"CREATE DATABASE {_name(path)} TEMPLATE {template} STRATEGY FILE_COPY")
    connection.exec_driver_sql(f"COMMENT ON DATABASE {_name(path)} IS '{path}'")


def _name(path: Path) -> str:
    return f"t_{sha256(str(path.resolve()).encode()).hexdigest()[:24]}"


@contextmanager
def _admin() -> Iterator[Connection]:
    with _engine(os.environ[SERVER]).connect() as connection:
        yield connection


@cache
def _engine(server: str) -> Engine:
    return create_engine(server.format(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
