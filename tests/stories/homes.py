"""Where the stores of a story of kills stand: files, or databases of a real server."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from storage import schema
from storage.engine import open_store
from tests.servers import on_server


@dataclass(frozen=True)
class Home:
    """`server`: its URL with `{database}`; "" for files in `folder`."""

    folder: Path
    server: str = ""

    def url(self, name: str) -> str:
        if self.server:
            return self.server.format(database=f"kills_{name}")
        return f"sqlite:///{self.folder}/{name}.db"

    def made(self, name: str) -> None:
        """Empty; a file makes itself."""
        if self.server:
            on_server(self.server, *self._without(name), f"CREATE DATABASE kills_{name}")

    def copied(self, name: str, to: str) -> None:
        """Nobody may be at the one that is copied."""
        if self.server:
            on_server(self.server, *self._without(to), f"CREATE DATABASE kills_{to} TEMPLATE kills_{name}")
            return
        for end in ("", "-wal", "-shm"):
            (self.folder / f"{to}.db{end}").unlink(missing_ok=True)
        source, target = (sqlite3.connect(self.folder / f"{file}.db") for file in (name, to))
        with closing(source), closing(target):
            source.backup(target)

    def as_first_released(self, name: str) -> None:
        """Takes its tables back to those of the first release."""
        with closing(open_store(self.url(name))) as opened, opened.writing() as connection:
            config = schema._config()
            config.attributes["connection"] = connection
            command.downgrade(config, "0001")

    def rows(self, name: str, query: str) -> list[tuple[Any, ...]]:
        """Whatever the schema is at; nothing is brought up to date for it."""
        engine = create_engine(self.url(name), poolclass=NullPool)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    @staticmethod
    def _without(name: str) -> tuple[str, ...]:
        # whoever was killed may still be on its way out
        return (f"DROP DATABASE IF EXISTS kills_{name} WITH (FORCE)",)
