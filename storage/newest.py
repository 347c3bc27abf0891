"""
The mark of `queries.mark`, counted anew only when anything at all was committed since it was last asked for.

Every page asks for it, and of a long history counting takes longer than drawing. Whether anything was committed is one
question: SQLite counts what others commit for a connection that never writes itself; on a server the transactions that
can be seen are named, and what is seen is the same when they are.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Text, cast, event, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from storage import queries
from storage.engine import Store


@dataclass(frozen=True)
class Asked:
    """
    `state`: another one after every commit of anything, None where that cannot be told. `marks`: see queries.marks;
    they may know of more than the state, never of less.
    """

    state: Any
    marks: tuple[str, str]


@dataclass
class _Seen:
    """
    `state`: of the store when the marks were counted, or before. `watching`: on SQLite, what never writes, and its
    number: each counts for itself.
    """

    lock: Lock = field(default_factory=Lock)
    state: Any = None
    marks: tuple[str, str] | None = None
    watching: PoolProxiedConnection | None = None
    number: int = 0

    def forget(self) -> None:
        with self.lock:
            if self.watching is not None:
                self.watching.close()
            self.state, self.watching, self.marks = None, None, None


_of: WeakKeyDictionary[Engine, _Seen] = WeakKeyDictionary()
_first = Lock()
_numbers = count()


def mark(store: Store, *, answers: bool = True) -> str:
    """See queries.mark."""
    return marks(store)[0 if answers else 1]


def marks(store: Store) -> tuple[str, str]:
    """See queries.marks."""
    return asked(store).marks


def asked(store: Store) -> Asked:
    seen = _seen(store)
    state = _state(store, seen)  # first
    with seen.lock:
        if state is not None and state == seen.state and seen.marks is not None:
            return Asked(state, seen.marks)
        seen.state, seen.marks = state, None
    told = queries.marks(store)
    with seen.lock:
        if state is not None and seen.state == state:
            seen.marks = told
    return Asked(state, told)


def _seen(store: Store) -> _Seen:
    with _first:
        if store.engine not in _of:
            seen = _of[store.engine] = _Seen()
            event.listen(store.engine, "engine_disposed", lambda _: seen.forget())
        return _of[store.engine]


def _state(store: Store, seen: _Seen) -> Any:
    """Another one after every commit; None where it cannot be told. Raises StoreUnreachable where a server is gone."""
    if store.dialect != "sqlite":  # nobody waits for another's question: one that finds no server takes its time
        with store.glancing() as connection:
            return connection.execute(select(cast(func.txid_current_snapshot(), Text))).scalar_one()
    with seen.lock:
        return _committed(store, seen)


def _committed(store: Store, seen: _Seen) -> Any:
    try:
        if seen.watching is None:
            seen.watching = store.engine.raw_connection()
            seen.watching.detach()  # out of the pool, whose connections write
            seen.number = next(_numbers)
        watching: Any = seen.watching.dbapi_connection
        return seen.number, *watching.execute("PRAGMA data_version").fetchone()
    except (sqlite3.Error, SQLAlchemyError):  # what is wrong is told in words by whoever reads
        return None
