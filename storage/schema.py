"""Alembic, run from the package: which revision a store is at, and how it gets to the newest."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.tables import METADATA

# Advisory locks of a server: numbers that only this program uses ("masw" and its neighbour).
MIGRATION_KEY = 0x6D617377
WRITER_KEY = 0x6D617378


def head() -> str:
    return str(_scripts().get_current_head())


def revision(connection: Connection) -> str:
    """The store's revision, "" when it has none yet."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def state_of(at: str) -> str:
    if at == "":
        return "empty"
    if at == head():
        return "current"
    return "behind" if at in _known() else "newer"


def migrate(connection: Connection) -> None:
    """To the newest revision, inside the caller's transaction: all of it or nothing."""
    server = connection.dialect.name == "postgresql"
    held = revision(connection) != ""
    if server:
        # a large table takes its time, and who waits for another's upgrade waits to its end
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_KEY})")
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if server and held:  # it knows nothing of columns and indexes that were made anew, and would plan blindly
        connection.exec_driver_sql("ANALYZE " + ", ".join(f'"{name}"' for name in METADATA.tables))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


@cache
def _known() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())
