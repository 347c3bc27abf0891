"""
When each patient was last heard of: told of each in the transaction that keeps the news, so that none is missed.

No two pieces of news leave the same moment behind, so that it tells too whether there was any since (storage.kept): one
that was received no later than what is known moves it on by a microsecond.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, exists, select

from storage import bulk
from storage.columns import microseconds, rows_of
from storage.engine import Store
from storage.tables import Heard, Mark, Patient

HEARD: Any = Heard.__table__  # type: ignore[attr-defined]
MARK: Any = Mark.__table__  # type: ignore[attr-defined]
PATIENT: Any = Patient.__table__  # type: ignore[attr-defined]
# what may be told before it happens: it is news once more when it does
AHEAD = {"doses": "ended_at", "patients": "discharged_at"}
JUDGED = "judged"  # the mark of a cycle that judged whom it was due to
NEXT = {
    "sqlite": "max(excluded.last_at, heard.last_at + 1)",
    "postgresql": "greatest(excluded.last_at, heard.last_at + interval '1 microsecond')",
}
News = Mapping[str, tuple[pd.DataFrame, np.ndarray]]


def note(connection: Connection, news: News, *, at: datetime) -> None:
    """Kind of frame -> the frame as it was told, and which of its rows were new; inside the transaction of `at`."""
    received = _received(connection, at)
    parts = [_last(frame, new, AHEAD.get(name, ""), received) for name, (frame, new) in news.items() if new.any()]
    if parts:
        _put(connection, pd.concat(parts).groupby("patient_id")["last_at"].max())


def note_joined(connection: Connection, names: Collection[str], *, at: datetime) -> None:
    """The same of records that a word joined or parted: no fact is new, and yet they are read otherwise."""
    if names:
        _put(connection, pd.Series(_received(connection, at), index=sorted(names)))


def _received(connection: Connection, at: datetime) -> int:
    """By a clock that is behind by months it would be long known: nothing was heard before the last judgement."""
    judged = connection.execute(select(MARK.c.at).where(MARK.c.name == JUDGED)).scalars()
    return int(microseconds(pd.Series([at, *judged])).max())


def _put(connection: Connection, last: pd.Series) -> None:
    """`last`: whole microseconds since 1970 by patient."""
    moments = pd.DatetimeIndex(last.to_numpy().view("datetime64[us]"), tz="UTC")
    told = pd.DataFrame({"patient_id": last.index, "last_at": moments})
    later = f"ON CONFLICT (patient_id) DO UPDATE SET last_at = {NEXT[connection.dialect.name]}"
    bulk.insert(connection, rows_of(told, Heard, {}), later)


def since(store: Store, moment: datetime) -> list[str]:
    """Who was heard of at `moment` or later, under the identifier it came with."""
    with store.reading() as connection:
        return [*connection.execute(select(HEARD.c.patient_id).where(HEARD.c.last_at >= moment)).scalars()]


def never(store: Store) -> list[str]:
    """Patients of whom nobody noted when they were heard of."""
    with store.reading() as connection:
        noted = exists().where(HEARD.c.patient_id == PATIENT.c.patient_id)
        return [*connection.execute(select(PATIENT.c.patient_id).distinct().where(~noted)).scalars()]


def _last(frame: pd.DataFrame, new: np.ndarray, ahead: str, received: int) -> pd.DataFrame:
    """Moments are whole microseconds since 1970."""
    names = frame["patient_id"].reset_index(drop=True)[new]
    if ahead not in frame.columns:
        return pd.DataFrame({"patient_id": _clean(names.drop_duplicates()), "last_at": received})
    return pd.DataFrame({"patient_id": _clean(names), "last_at": np.maximum(microseconds(frame[ahead])[new], received)})


def _clean(names: pd.Series) -> pd.Series:
    """As the store keeps texts, so that each is one row."""
    return names.astype("str").str.replace("\x00", "\ufffd", regex=False)
