"""
Alembic, run from the package: which revision a store is at, and how it gets to the newest.

Alembic itself is imported for an upgrade alone: whether one is due every command asks, and users wait for what it
imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from storage.revisions import MIGRATIONS, VERSION_TABLE, head, revisions
from storage.tables import METADATA

if TYPE_CHECKING:
    from alembic.config import Config

# Advisory locks of a server: numbers that only this program uses ("masw" and its neighbour).
MIGRATION_KEY = 0x6D617377
WRITER_KEY = 0x6D617378


def revision(connection: Connection) -> str:
    """The store's revision, "" when it has none yet."""
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return ""
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar() or ""


def state_of(at: str) -> str:
    if at == "":
        return "empty"
    if at == head():
        return "current"
    return "behind" if at in revisions() else "newer"


def migrate(connection: Connection) -> None:
    """To the newest revision, inside the caller's transaction: all of it or nothing."""
    from alembic import command

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
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
