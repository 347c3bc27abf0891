"""What people say about flags beside answering them: comments, and whose they are. Only added to, never edited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection
from sqlmodel import SQLModel

from storage import bulk, frames
from storage.columns import rows_of
from storage.engine import Store
from storage.reading import chosen, frame_of, key
from storage.tables import AnswerEnd, FlagAssignment, FlagComment

COMMENTED = "commented"


def comment(store: Store, patient_id: str, flag: str, *, seq: int, at: datetime, by: str, text: str) -> None:
    """A person said something about the flag change `seq`."""
    _say(store, FlagComment, patient_id=patient_id, flag=flag, seq=seq, at=at, by=by, text=text)


def withdraw_comment(
    store: Store, patient_id: str, flag: str, *, seq: int, said_at: datetime, at: datetime, by: str
) -> None:
    """A person took back the comment of `said_at` on the flag change `seq`; what was said stays said."""
    answer = f"{COMMENTED} {_name(said_at)}"
    _say(store, AnswerEnd, patient_id=patient_id, flag=flag, seq=seq, answer=answer, at=at, by=by, reason="")


def assign(store: Store, patient_id: str, flag: str, *, seq: int, at: datetime, to: str, by: str) -> None:
    """Who is to look after the flag from now on; to "" it is nobody's again."""
    _say(store, FlagAssignment, patient_id=patient_id, flag=flag, seq=seq, at=at, to=to, by=by)


def said(store: Store, *, as_of: datetime, patients: Sequence[str] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`comments` and `assignments` as of one moment."""
    with store.reading() as connection:
        return _comments(connection, as_of, patients), _assignments(connection, as_of, patients)


def comments(store: Store, *, as_of: datetime, patients: Sequence[str] | None = None) -> pd.DataFrame:
    """Said by `as_of` and not taken back by then, in order of time. Shape FLAG_COMMENTS."""
    with store.reading() as connection:
        return _comments(connection, as_of, patients)


def assignments(store: Store, *, as_of: datetime, patients: Sequence[str] | None = None) -> pd.DataFrame:
    """Every one made by `as_of`, in order of time. Shape FLAG_ASSIGNMENTS."""
    with store.reading() as connection:
        return _assignments(connection, as_of, patients)


def _comments(connection: Connection, as_of: datetime, patients: Sequence[str] | None) -> pd.DataFrame:
    told = _told(connection, FlagComment, frames.FLAG_COMMENTS, as_of=as_of, patients=patients)
    if told.empty:  # nothing that could have been taken back
        return told
    ends = _told(connection, AnswerEnd, frames.ANSWER_ENDS, as_of=as_of, patients=patients)
    names = ["patient_id", "flag", "seq", "answer"]
    gone = set(ends[names].itertuples(index=False, name=None))
    own = told.assign(answer=[f"{COMMENTED} {_name(at)}" for at in told["at"]])[names]
    kept = np.array([key not in gone for key in own.itertuples(index=False, name=None)], dtype=bool)
    return told[kept].reset_index(drop=True)


def _assignments(connection: Connection, as_of: datetime, patients: Sequence[str] | None) -> pd.DataFrame:
    return _told(connection, FlagAssignment, frames.FLAG_ASSIGNMENTS, as_of=as_of, patients=patients)


def _name(at: datetime) -> str:
    """A moment as whole microseconds since 1970, the same whatever zone it is told in."""
    return str(pd.Timestamp(at).as_unit("us").value)


def _say(store: Store, model: type[SQLModel], **row: Any) -> None:
    with store.writing() as connection:
        bulk.insert(connection, rows_of(pd.DataFrame([row]), model, {}))


def _told(
    connection: Connection,
    model: type[SQLModel],
    shape: dict[str, str],
    *,
    as_of: datetime,
    patients: Sequence[str] | None,
) -> pd.DataFrame:
    at = model.__table__.c.at  # type: ignore[attr-defined]
    statement = chosen(connection, model, patients=patients).where(at <= as_of)
    return frame_of(connection, statement.order_by(at, *key(connection, model)), shape)
