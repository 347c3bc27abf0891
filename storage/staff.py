"""Who may do what: people by the name their sign-in provider knows them by. Added to, never edited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import and_, func, select

from storage import bulk, frames
from storage.columns import rows_of
from storage.engine import Store
from storage.reading import chosen, frame_of, key
from storage.tables import Person

PERSON: Any = Person.__table__  # type: ignore[attr-defined]


class Standing(NamedTuple):
    """A row of PEOPLE."""

    subject: str
    at: datetime
    name: str
    role: str
    by: str


def say(store: Store, subject: str, *, at: datetime, name: str, role: str, by: str) -> None:
    """From `at` on `subject` is called so and has this role; "" takes every role away."""
    row = {"subject": subject, "at": at, "name": name, "role": role, "by": by}
    with store.writing() as connection:
        bulk.insert(connection, rows_of(pd.DataFrame([row]), Person, {}))


def people(store: Store, *, as_of: datetime) -> pd.DataFrame:
    """What was last said of each by `as_of`, in order of subject. Shape PEOPLE."""
    newest = select(PERSON.c.subject, func.max(PERSON.c.at).label("at")).where(PERSON.c.at <= as_of)
    with store.reading() as connection:
        last = newest.group_by(PERSON.c.subject).subquery()
        same = and_(last.c.subject == PERSON.c.subject, last.c.at == PERSON.c.at)
        statement = chosen(connection, Person).join(last, same).order_by(*key(connection, Person))
        return frame_of(connection, statement, frames.PEOPLE)


def standing(store: Store, subjects: Sequence[str], *, as_of: datetime) -> list[Standing]:
    """What was last said of each of `subjects` by `as_of`, in order of subject; no frame: every page asks often."""
    statement = select(*PERSON.c).where(PERSON.c.subject.in_(list(subjects)), PERSON.c.at <= as_of)
    with store.reading() as connection:
        rows = connection.execute(statement.order_by(PERSON.c.at)).all()
    newest = {row.subject: Standing(row.subject, row.at, row.name, row.role, row.by) for row in rows}
    return [newest[subject] for subject in sorted(newest)]


def said_of_people(store: Store) -> pd.DataFrame:
    """Everything that was ever said of anybody, in order of subject and time. Shape PEOPLE."""
    with store.reading() as connection:
        return frame_of(connection, chosen(connection, Person).order_by(*key(connection, Person)), frames.PEOPLE)
