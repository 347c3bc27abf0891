"""
What is known of a few patients, straight from the driver: for who cannot wait for what maps tables, which takes as long
to load as ten thousand values to read.

It answers where a store is as this program left it, and at once; of all else (another schema, somebody who holds it,
several hosts) it says that there is nothing, and who asks goes the ordinary way. A test holds both side by side.
"""

from __future__ import annotations

import json
import re
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from storage.place import path_at
from storage.revisions import VERSION_TABLE, head

PATIENCE_SECONDS = 2  # for another writer: the ordinary way waits longer
SERVER = re.compile(r"^postgresql(\+psycopg)?://")
SEVERAL = re.compile(r"host=[^&]*(,|%2C|&(.*&)?host=)", re.IGNORECASE)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEY = ("version",)


@dataclass(frozen=True)
class Told:
    """An answer as the driver gives it: the names of its columns, and its rows."""

    names: tuple[str, ...] = ()
    rows: Sequence[tuple[Any, ...]] = ()


@dataclass(frozen=True)
class Early:
    """`ask`: a statement with %s for what it is given -> its answer."""

    ask: Callable[[str, Sequence[Any]], Told]
    server: bool

    def names(self, as_of: datetime) -> tuple[list[str], dict[str, str]]:
        """The identifiers in no order; and those whose history is read under another, see storage.merges."""
        told = self.ask("SELECT DISTINCT patient_id FROM patient WHERE received_at <= %s", [self._moment(as_of)])
        return [name for (name,) in told.rows], self._into(as_of)

    def how_many(self, patients: Sequence[str]) -> int:
        """See storage.queries."""
        among, given = self._among(patients)
        return int(self.ask(f"SELECT count(*) FROM observation WHERE {among}", [given]).rows[0][0])

    def facts(self, table: str, patients: Sequence[str], as_of: datetime, order: Sequence[str] = KEY) -> Told:
        """Every version received by `as_of`, in order of the patient and `order`."""
        among, given = self._among(patients)
        by = ", ".join([self._name, *order])
        return self.ask(
            f"SELECT * FROM {table} WHERE {among} AND received_at <= %s ORDER BY {by}", [given, self._moment(as_of)]
        )

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Within, all that is read is as of the same."""
        self.ask("BEGIN ISOLATION LEVEL REPEATABLE READ" if self.server else "BEGIN", [])
        yield
        self.ask("COMMIT", [])

    def _into(self, as_of: datetime) -> dict[str, str]:
        words = self.ask(
            f'SELECT patient_id, "into" FROM patient_merge WHERE received_at <= %s ORDER BY received_at, {self._name}',
            [self._moment(as_of)],
        )
        stands = {name: into for name, into in dict(words.rows).items() if into}
        return {name: _end(stands, name) for name in stands}

    def _among(self, patients: Sequence[str]) -> tuple[str, Any]:
        if self.server:
            return "patient_id = ANY(%s)", list(patients)
        return "patient_id IN (SELECT value FROM json_each(%s))", json.dumps(list(patients))

    @property
    def _name(self) -> str:
        """To be ordered by: texts go by code point on either engine."""
        return 'patient_id COLLATE "C"' if self.server else "patient_id"

    def _moment(self, at: datetime) -> Any:
        return at if self.server else micros(at)

    def note(self, at: datetime, who: str, what: str, patients: Sequence[str]) -> None:
        """See storage.writes.record_access."""
        self.ask("BEGIN", [])
        for patient in patients:
            row = [uuid.uuid4().hex, self._moment(at), who, what, patient]
            self.ask("INSERT INTO access (id, at, who, what, patient_id) VALUES (%s, %s, %s, %s, %s)", row)
        self.ask("COMMIT", [])


def _end(stands: Mapping[str, str], name: str) -> str:
    """To the end of its way: circles are taken apart when a merge is told."""
    for _ in stands:
        if name not in stands:
            break
        name = stands[name]
    return name


def micros(at: datetime) -> int:
    """Since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def address(url: str) -> str:
    """Of a server's store, as its driver reads it."""
    return SERVER.sub("postgresql://", url)


@contextmanager
def early(url: str) -> Iterator[Early | None]:
    """None where this is no way to the store, or it is not of this program. Raises whatever the driver does."""
    server = SERVER.match(url) is not None
    path = None if server else path_at(url)
    if (server and SEVERAL.search(url)) or not (server or path):
        yield None
        return
    with _server(url) if server else _file(str(path)) as told:
        yield told if told.ask(f"SELECT version_num FROM {VERSION_TABLE}", []).rows == [(head(),)] else None


@contextmanager
def _file(path: str) -> Iterator[Early]:
    where = f"{Path(path).resolve().as_uri()}?mode=rw"
    with closing(sqlite3.connect(where, PATIENCE_SECONDS, isolation_level=None, uri=True)) as connection:
        yield Early(lambda asked, given: _answer(connection.execute(asked.replace("%s", "?"), given)), server=False)


@contextmanager
def _server(url: str) -> Iterator[Early]:
    import psycopg

    with psycopg.connect(address(url), autocommit=True, connect_timeout=PATIENCE_SECONDS) as told:
        yield Early(lambda asked, given: _answer(told.execute(asked, given)), server=True)


def _answer(cursor: Any) -> Told:
    told = cursor.description
    return Told(tuple(column[0] for column in told), cursor.fetchall()) if told else Told()
