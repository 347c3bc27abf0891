"""
`--store postgresql`: every SQLite file that a test, or a program it starts, would open is a database on a real server.

A file stands for one database, named after its path, made from an upgraded template when first opened.
"""

from __future__ import annotations

import os
from functools import cache
from hashlib import sha256
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ProgrammingError

from storage import engine
from tests.servers import on_server

SERVER = "WARD_TEST_SERVER"
TEMPLATE = "ward_template"
_made: dict[Path, str] = {}


def install() -> None:
    """From now on, in this process."""
    parsed = engine._parsed
    engine._parsed = lambda url: moved(parsed(url))


def moved(url: URL) -> URL:
    if url.get_backend_name() != "sqlite":
        return url
    path = Path(str(url.database)).resolve()
    name = f"t_{sha256(str(path).encode()).hexdigest()[:24]}"
    _made[path] = name
    return make_url(_database(os.environ[SERVER], name))


def let_go(folder: Path) -> None:
    """Drops the databases that stand for files below, so that a long run does not fill the disk."""
    for path in [path for path in _made if folder.resolve() in path.parents]:
        on_server(os.environ[SERVER], f"DROP DATABASE IF EXISTS {_made.pop(path)} WITH (FORCE)")


@cache
def _database(server: str, name: str) -> str:
    admin = create_engine(server.format(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        known = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).first()
        try:
            if known is None:
                connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        except ProgrammingError as error:  # another process of the same test was a moment quicker
            if "already exists" not in str(error):
                raise
    admin.dispose()
    return server.format(database=name)
