"""What is known of each feed: its runs, when it sent something new, what of it waits and why. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import BigInteger, Connection, exists, func, select, type_coerce

from storage import frames
from storage.engine import Store
from storage.reading import among, by, chosen, frame_of, plain
from storage.tables import Arrival, Delivery, Run, SetAside, SetAsideEnd

DELIVERY: Any = Delivery.__table__  # type: ignore[attr-defined]
ARRIVAL: Any = Arrival.__table__  # type: ignore[attr-defined]
RUN: Any = Run.__table__  # type: ignore[attr-defined]
ASIDE: Any = SetAside.__table__  # type: ignore[attr-defined]
END: Any = SetAsideEnd.__table__  # type: ignore[attr-defined]
MINUTE_US = 60_000_000
READ_AGAIN = "set-aside"  # what runs that read old items again are called by, whosever items they were


def runs_since(store: Store, since: datetime) -> pd.DataFrame:
    """The runs that began then or later, the oldest first. Shape RUNS."""
    with store.reading() as connection:
        order = (RUN.c.started_at, by(connection, RUN.c.run_id), by(connection, RUN.c.source))
        statement = chosen(connection, Run).where(RUN.c.started_at >= since).order_by(*order)
        return frame_of(connection, statement, frames.RUNS)


def arrivals(store: Store, since: datetime) -> pd.DataFrame:
    """
    What each source added, minute by minute, the oldest first: a listener adds many times in one. Shape ARRIVALS.

    What had come before and was only read again is no sign that the source lives.
    """
    with store.reading() as connection:
        last = plain(connection, func.max(ARRIVAL.c.received_at).label("received_at"))
        told = select(ARRIVAL.c.source, last, func.sum(ARRIVAL.c.added).label("added"))
        grouped = told.where(ARRIVAL.c.received_at >= since, _sent()).group_by(ARRIVAL.c.source, _minute(connection))
        found = frame_of(connection, grouped, frames.ARRIVALS)
    return found.sort_values(["received_at", "source"], kind="stable", ignore_index=True)


def newest_arrival(store: Store, source: str) -> datetime | None:
    """When it last sent anything that was new, however long ago that is."""
    with store.reading() as connection:
        told = select(ARRIVAL.c.received_at).where(ARRIVAL.c.source == source, _sent())
        return connection.execute(told.order_by(ARRIVAL.c.received_at.desc()).limit(1)).scalar()


def aside_groups(store: Store) -> pd.DataFrame:
    """What is set aside by source, reason and code, the most first; `id` and `sentence` of one. Shape ASIDE_GROUPS."""
    keys = (ASIDE.c.source, ASIDE.c.reason, ASIDE.c.code)
    with store.reading() as connection:
        statement = (
            select(
                *keys,
                func.count().label("count"),
                func.count(func.nullif(ASIDE.c.patient_id, "").distinct()).label("patients"),
                plain(connection, func.min(ASIDE.c.received_at).label("first_at")),
                plain(connection, func.max(ASIDE.c.received_at).label("last_at")),
                func.min(ASIDE.c.id).label("id"),
                func.min(ASIDE.c.sentence).label("sentence"),
            )
            .where(_open())
            .group_by(*keys)
        )
        found = frame_of(connection, statement, frames.ASIDE_GROUPS)
    order = ["count", "source", "reason", "code"]
    return found.sort_values(order, ascending=[False, True, True, True], kind="stable", ignore_index=True)


def aside_ids(store: Store, source: str, reasons: Sequence[str], code: str | None = None) -> pd.DataFrame:
    """What is set aside of a source for one of these reasons, `code` None: whatever its code. Shape ASIDE_EXAMPLES."""
    with store.reading() as connection:
        wanted = (ASIDE.c.source == source) & among(connection, ASIDE.c.reason, reasons) & _open()
        columns = [plain(connection, ASIDE.c[name]) for name in frames.ASIDE_EXAMPLES]
        statement = select(*columns).where(wanted if code is None else wanted & (ASIDE.c.code == code))
        return frame_of(connection, statement.order_by(ASIDE.c.received_at, ASIDE.c.id), frames.ASIDE_EXAMPLES)


def aside_examples(store: Store, reason: str, *, most: int = 3) -> pd.DataFrame:
    """The newest few of every source and code that wait for this reason. Shape ASIDE_EXAMPLES."""
    place = func.row_number().over(
        partition_by=(ASIDE.c.source, ASIDE.c.code), order_by=(ASIDE.c.received_at.desc(), ASIDE.c.id)
    )
    with store.reading() as connection:
        columns = [plain(connection, ASIDE.c[name]) for name in frames.ASIDE_EXAMPLES]
        ranked = select(*columns, place.label("place")).where(ASIDE.c.reason == reason, _open()).subquery()
        wanted = [ranked.c[name] for name in frames.ASIDE_EXAMPLES]
        order = (ranked.c.source, ranked.c.code, ranked.c.place)
        return frame_of(
            connection, select(*wanted).where(ranked.c.place <= most).order_by(*order), frames.ASIDE_EXAMPLES
        )


def _sent() -> Any:
    return ~exists().where(RUN.c.run_id == ARRIVAL.c.run_id, RUN.c.source == READ_AGAIN)


def _open() -> Any:
    return ~exists().where(END.c.id == ASIDE.c.id)


def _minute(connection: Connection) -> Any:
    if connection.dialect.name == "postgresql":
        return func.date_trunc("minute", ARRIVAL.c.received_at)
    return type_coerce(ARRIVAL.c.received_at, BigInteger) // MINUTE_US


def deliveries_kept(store: Store, source: str) -> list[str]:
    """Ids of what a source sent and what was not let go yet, in the order in which it came."""
    with store.reading() as connection:
        there = (DELIVERY.c.source == source) & DELIVERY.c.content.is_not(None)
        order = (DELIVERY.c.received_at, DELIVERY.c.place)
        return [str(name) for (name,) in connection.execute(select(DELIVERY.c.id).where(there).order_by(*order))]
