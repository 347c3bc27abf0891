"""
Of whom the store holds something else than when it was last asked, for who keeps what was worked out of everybody.

A patient's stamp (`heard`) moves on in the very transaction that keeps the news, however late that is committed. What
was received by a clock that is ahead, or is planned, is news once more when its moment has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from storage import merges
from storage.engine import Store
from storage.heard import HEARD
from storage.same_store import Seal, holds, seal
from storage.tables import FlagChange

FLAG: Any = FlagChange.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Stand:
    """What the store held when it was asked: by patient the stamp, and how often a flag had changed by `as_of`."""

    as_of: datetime
    stamps: Mapping[str, datetime]
    flags: Mapping[str, int]
    seal: Seal


def stand(store: Store, *, as_of: datetime) -> Stand:
    with store.reading() as connection:
        stamps = connection.execute(select(HEARD.c.patient_id, HEARD.c.last_at))
        return Stand(as_of, {str(name): at for name, at in stamps}, _flags(connection, as_of), seal(connection))


def differing(store: Store, had: Stand, now: Stand) -> set[str] | None:
    """
    Patients of whom `now` may tell something else, under the names they are read under, and never fewer; None where
    it may be anybody.
    """
    with store.reading() as connection:
        if now.as_of < had.as_of or not holds(connection, had.seal):
            return None
    names = {name for name, at in now.stamps.items() if had.stamps.get(name) != at or had.as_of < at <= now.as_of}
    names |= {name for name in {*had.flags, *now.flags} if had.flags.get(name) != now.flags.get(name)}
    into = merges.merged(store, as_of=now.as_of).into.to_dict()
    return {str(into.get(name, name)) for name in names}


def _flags(connection: Connection, as_of: datetime) -> dict[str, int]:
    counted = select(FLAG.c.patient_id, func.count()).where(FLAG.c.recorded_at <= as_of).group_by(FLAG.c.patient_id)
    return {str(patient): int(many) for patient, many in connection.execute(counted)}
