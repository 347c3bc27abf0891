"""Cohorts as they were saved: a name, a version, and the question word for word. Only added to, never edited."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import select

from storage import bulk
from storage.columns import rows_of
from storage.engine import Store
from storage.frames import TEXT, TIME
from storage.reading import frame_of, plain
from storage.tables import Cohort

COHORTS: dict[str, str] = {"name": TEXT, "version": TEXT, "title": TEXT, "question": TEXT, "at": TIME, "by": TEXT}
TABLE: Any = Cohort.__table__  # type: ignore[attr-defined]


def save(store: Store, cohort: dict[str, str], *, at: datetime, by: str) -> bool:
    """`cohort`: name, version, title and question. Whether it was new; one that is there already is left as it is."""
    row = pd.DataFrame([cohort])
    with store.writing() as connection:
        return bulk.insert(connection, rows_of(row, Cohort, {"at": at, "by": by})) == 1


def cohorts(store: Store, *, as_of: datetime) -> pd.DataFrame:
    """Those saved by `as_of`, by name, the oldest version first. Shape COHORTS."""
    with store.reading() as connection:
        statement = select(*(plain(connection, TABLE.c[name]) for name in COHORTS)).where(TABLE.c.at <= as_of)
        return frame_of(connection, statement.order_by(TABLE.c.name, TABLE.c.at, TABLE.c.version), COHORTS)
