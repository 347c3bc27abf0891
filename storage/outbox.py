"""Messages that are owed, and what became of them. A row is written once; what became of it is written into it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import bindparam, func, select, update

from storage import bulk
from storage.columns import rows_of
from storage.engine import Store
from storage.frames import MESSAGES
from storage.reading import chosen, frame_of, key
from storage.tables import Message

NAMES = ["channel", "patient_id", "flag", "seq", "step"]


def owe(store: Store, messages: pd.DataFrame) -> int:
    """Notes what is to be sent (NAMES and due_at); how many were not owed yet."""
    if messages.empty:
        return 0
    with store.writing() as connection:
        return bulk.insert(connection, rows_of(messages[[*NAMES, "due_at"]], Message, {}))


def messages(store: Store, *, patients: Sequence[str] | None = None) -> pd.DataFrame:
    """All that was ever owed, sent or not, in order of its names. Shape MESSAGES."""
    with store.reading() as connection:
        statement = chosen(connection, Message, patients=patients)
        return frame_of(connection, statement.order_by(*key(connection, Message)), MESSAGES)


def failing(store: Store, *, since: datetime) -> int:
    """How many that were due from `since` on could not be handed over and are not sent yet."""
    table = Message.__table__  # type: ignore[attr-defined]
    unsent = (table.c.sent_at.is_(None), table.c.error != "", table.c.due_at >= since)
    with store.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table).where(*unsent)).scalar_one())


def note_sent(store: Store, messages: pd.DataFrame, *, at: datetime) -> None:
    _note(store, messages, sent_at=at, error="")


def note_failed(store: Store, messages: pd.DataFrame, *, error: str) -> None:
    """`error` in words, without a secret and without a patient."""
    _note(store, messages, error=error)


def _note(store: Store, messages: pd.DataFrame, **values: Any) -> None:
    """Each try counts, whatever came of it."""
    table = Message.__table__  # type: ignore[attr-defined]
    this = [table.c[name] == bindparam(f"this_{name}") for name in NAMES]
    named: Any = messages[NAMES].rename(columns=lambda name: f"this_{name}").to_dict("records")
    with store.writing() as connection:
        connection.execute(update(table).where(*this).values(tries=table.c.tries + 1, **values), named)
