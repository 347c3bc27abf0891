"""What a reading of the last days must know of the rest of history, each found without reading it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import exists, func, select

from storage.engine import Store
from storage.frames import OBSERVATIONS
from storage.reading import chosen, fetched, frame_of, key
from storage.tables import LATE, SIZES, Judgement, Observation, Patient

LATE_HOURS = 24  # what the index of late values calls late, see tables.py


def last_judged(store: Store, *, rules: str, as_of: datetime) -> datetime | None:
    """The newest moment by `as_of` for which everybody was judged by these rules."""
    table = Judgement.__table__  # type: ignore[attr-defined]
    newest = select(func.max(table.c.as_of)).where(table.c.rules == rules, table.c.as_of <= as_of)
    with store.reading() as connection:
        return connection.execute(newest).scalar()


def older(store: Store, *, before: datetime, as_of: datetime) -> frozenset[str]:
    """The patients of whom a value was collected before this moment."""
    patient, value = Patient.__table__, Observation.__table__  # type: ignore[attr-defined]
    known = exists().where(
        value.c.patient_id == patient.c.patient_id, value.c.collected_at < before, value.c.received_at <= as_of
    )
    longer = select(patient.c.patient_id).where(patient.c.version == 0, known)
    with store.reading() as connection:
        return frozenset(connection.execute(longer).scalars())


def late(store: Store, *, before: datetime, since: datetime, as_of: datetime) -> frozenset[str]:
    """
    The patients of whom a value collected before `before` was received after `since`: told late, or corrected.

    `before` is at least LATE_HOURS earlier than `since`: only such values are in the index.
    """
    if since - before < timedelta(hours=LATE_HOURS):
        raise ValueError("what is told so soon is not among the late values")
    table = Observation.__table__  # type: ignore[attr-defined]
    with store.reading() as connection:
        told = LATE[connection.dialect.name]
        found = select(table.c.patient_id).distinct().where(table.c.received_at > since, told)
        return frozenset(
            connection.execute(found.where(table.c.received_at <= as_of, table.c.collected_at < before)).scalars()
        )


def sizes(store: Store, *, before: datetime, as_of: datetime, without: tuple[str, ...] = ()) -> pd.DataFrame:
    """Every weight and height collected before this moment. Shape OBSERVATIONS, less the columns `without`."""
    table = Observation.__table__  # type: ignore[attr-defined]
    shape = {name: kind for name, kind in OBSERVATIONS.items() if name not in without}
    with store.reading() as connection:
        rows = chosen(connection, Observation, as_of=as_of, columns=shape).where(SIZES, table.c.collected_at < before)
        return frame_of(connection, rows.order_by(*key(connection, Observation)), shape)


def corrections(store: Store, *, as_of: datetime) -> pd.DataFrame:
    """A row a value that was corrected or withdrawn by `as_of`: patient_id, ref, version (the newest)."""
    table = Observation.__table__  # type: ignore[attr-defined]
    newest = func.max(table.c.version).label("version")
    rows = select(table.c.patient_id, table.c.ref, newest).where(table.c.version > 1, table.c.received_at <= as_of)
    with store.reading() as connection:
        return fetched(connection, rows.group_by(table.c.patient_id, table.c.ref))
