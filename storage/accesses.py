"""Who saw, searched, printed or took away what, of which patient, and when. Added to, never edited."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from storage import bulk, frames
from storage.columns import rows_of
from storage.engine import Store
from storage.reading import chosen, frame_of
from storage.tables import Access

ACCESS = Access.__table__  # type: ignore[attr-defined]
EVERYBODY = "*"


@dataclass(frozen=True)
class Seen:
    """`patient_id` "*" stands for a list or a whole export, "" for nobody's page."""

    at: datetime
    who: str
    what: str
    patient_id: str


def note(store: Store, seen: Sequence[Seen]) -> None:
    """Writes them down in one go."""
    frame = pd.DataFrame([vars(one) for one in seen])
    frame["id"] = [uuid.uuid4().hex for _ in seen]
    with store.writing() as connection:
        bulk.insert(connection, rows_of(frame, Access, {}))


def accesses(
    store: Store,
    *,
    since: datetime | None = None,
    patient: str = "",
    who: Sequence[str] = (),
    most: int | None = None,
) -> pd.DataFrame:
    """The newest `most` (None: all) since then, of one patient, by one of `who`; newest first. Shape ACCESSES."""
    with store.reading() as connection:
        statement = chosen(connection, Access, columns=frames.ACCESSES)
        if since is not None:
            statement = statement.where(ACCESS.c.at >= since)
        if patient:
            statement = statement.where(ACCESS.c.patient_id == patient)
        if who:
            statement = statement.where(ACCESS.c.who.in_(list(who)))
        ordered = statement.order_by(ACCESS.c.at.desc(), ACCESS.c.id).limit(most)
        return frame_of(connection, ordered, frames.ACCESSES)
