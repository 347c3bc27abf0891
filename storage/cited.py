"""
The values that somebody named: every version of each, however old. Shape OBSERVATIONS.

Whoever names a value knows when it was drawn by one of its versions, to the second. That version is found by its time;
the others, which may have been moved to another, by the name that their source gives them (storage.known).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import BigInteger, Connection, String, Subquery, and_, bindparam, text

from storage import frames, merges
from storage.engine import Store
from storage.instants import Instant
from storage.reading import chosen, frame_of, key
from storage.recent import FENCE, rows_told
from storage.tables import Observation

TABLE: Any = Observation.__table__  # type: ignore[attr-defined]
SECOND = pd.Timedelta(seconds=1)
ASKED = {"patient_id": frames.TEXT, "seen_as": frames.TEXT, "ref": frames.WHOLE, "since": frames.TIME,
         "until": frames.TIME}  # fmt: skip
# step by step in this order: left to itself a database reads all rows of a patient for each value that is asked for
FOUND = """SELECT few.patient_id, few.ref, few.collected_at, few.version FROM (
    SELECT asked.patient_id, asked.ref, seen.source_id FROM ({asked}) AS asked CROSS JOIN observation AS seen
    WHERE seen.patient_id = asked.seen_as AND seen.collected_at BETWEEN asked.since AND asked.until
      AND seen.ref = asked.ref {fence}) AS called CROSS JOIN observation AS few {by}
  WHERE few.patient_id = called.patient_id AND few.source_id {bytewise} = called.source_id AND few.source_id <> ''
    AND few.ref = called.ref
  UNION SELECT few.patient_id, few.ref, few.collected_at, few.version FROM ({asked}) AS asked
  CROSS JOIN observation AS few
  WHERE few.patient_id = asked.patient_id AND few.collected_at BETWEEN asked.since AND asked.until
    AND few.ref = asked.ref"""
ENGINE = {
    "sqlite": {"by": "INDEXED BY ix_observation_source", "bytewise": "", "fence": ""},
    "postgresql": {"by": "", "bytewise": 'COLLATE "C"', "fence": FENCE["postgresql"]},
}
Key = tuple[str, int]


def versions(store: Store, drawn: Mapping[Key, Any], *, as_of: datetime) -> pd.DataFrame:
    """`drawn`: patient and ref of each value -> when it was drawn, a moment or ISO text, by any of its versions."""
    with store.reading() as connection:
        joined = merges.known(connection, as_of)
        wanted = _wanted(connection, _asked(drawn, joined))
        same = and_(*(TABLE.c[column.name] == column for column in wanted.c))
        statement = chosen(connection, Observation, as_of=as_of, columns=frames.OBSERVATIONS).join(wanted, same)
        told = frame_of(connection, statement.order_by(*key(connection, Observation)), frames.OBSERVATIONS)
        return joined.moved(told, "collected_at")


def _asked(drawn: Mapping[Key, Any], joined: merges.Merged) -> list[tuple[str, str, int, pd.Timestamp]]:
    """Under each name of a person, as it was seen under any of them."""
    names = {patient: joined.asked([patient]) or () for patient in {patient for patient, _ in drawn}}
    times = pd.to_datetime(pd.Series([*drawn.values()], dtype=object), utc=True, format="ISO8601").dt.floor("s")
    return sorted(
        (name, seen, ref, at)
        for (patient, ref), at in zip(drawn, times, strict=True)
        if at is not pd.NaT
        for name in names[patient]
        for seen in names[patient]
    )


def _wanted(connection: Connection, asked: list[tuple[str, str, int, pd.Timestamp]]) -> Subquery:
    """The columns by which the rows of these values are found."""
    engine = connection.dialect.name
    rows = text(FOUND.format(asked=rows_told(engine, ASKED), **ENGINE[engine]))
    told = [(name, seen, ref, *_second(engine, at)) for name, seen, ref, at in asked]
    rows = rows.bindparams(bindparam("stretches", json.dumps(told)))
    found = rows.columns(patient_id=String, ref=BigInteger, collected_at=Instant, version=BigInteger)
    return found.subquery("wanted")


def _second(engine: str, at: pd.Timestamp) -> tuple[Any, Any]:
    """Its first and its last microsecond, as the engine keeps moments."""
    last = at + SECOND - pd.Timedelta(microseconds=1)
    if engine == "sqlite":
        return at.value // 1000, last.value // 1000
    return at.isoformat(), last.isoformat()
