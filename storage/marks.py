"""How far each source was read and when it was last heard of: a few words a source, overwritten."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from storage import frames
from storage.engine import Store
from storage.inserting import insert_into
from storage.reading import frame_of, plain
from storage.tables import Mark

MARK: Any = Mark.__table__  # type: ignore[attr-defined]


def marks_of(store: Store, source: str) -> dict[str, str]:
    """Name -> what stands there."""
    with store.reading() as connection:
        rows = connection.execute(select(MARK.c.name, MARK.c.value).where(MARK.c.source == source))
        return {str(name): str(value) for name, value in rows}


def marked_at(store: Store, source: str, name: str) -> datetime | None:
    """When that mark was last set, UTC; None when it never was."""
    with store.reading() as connection:
        return connection.execute(select(MARK.c.at).where(MARK.c.source == source, MARK.c.name == name)).scalar()


def all_marks(store: Store) -> pd.DataFrame:
    """Shape MARKS."""
    with store.reading() as connection:
        statement = select(*(plain(connection, column) for column in MARK.c)).order_by(MARK.c.source, MARK.c.name)
        return frame_of(connection, statement, frames.MARKS)


def set_marks(store: Store, source: str, told: Mapping[str, str], *, at: datetime) -> None:
    """On its own; marks that must not move before facts are kept go with those, in `writes.Batch.marks`."""
    with store.writing() as connection:
        put(connection, source, told, at=at)


def mark_first(store: Store, sources: Collection[str], name: str, value: str = "", *, at: datetime) -> None:
    """For those of the sources that have no such mark yet; one that has keeps it as it is."""
    if not sources:
        return
    with store.reading() as connection:
        told = select(MARK.c.source).where(MARK.c.name == name, MARK.c.source.in_(list(sources)))
        marked = set(connection.execute(told).scalars())
    rows = [{"source": one, "name": name, "value": value, "at": at} for one in sources if one not in marked]
    if rows:
        with store.writing() as connection:
            insert = insert_into(connection, Mark)
            connection.execute(insert.on_conflict_do_nothing(index_elements=["source", "name"]), rows)


def put(connection: Connection, source: str, told: Mapping[str, str], *, at: datetime) -> None:
    rows = [{"source": source, "name": name, "value": value, "at": at} for name, value in told.items()]
    if rows:
        insert = insert_into(connection, Mark)
        newer = {"value": insert.excluded.value, "at": insert.excluded.at}
        connection.execute(insert.on_conflict_do_update(index_elements=["source", "name"], set_=newer), rows)
