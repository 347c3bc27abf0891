"""
One patient's rows removed for good: the one place where stored facts are not only added to.

What holds others too is not thrown away with it: a delivery that names the patient loses its bytes as they came, while
what was read of others in it stands as facts. A backup made before still holds everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, delete, or_, select, update

from storage import frames
from storage.deliveries import DELIVERY, READING, unpacked
from storage.engine import Store
from storage.errors import StoreError
from storage.identities import TABLE as IDENTIFIER
from storage.merges import TABLE as MERGE
from storage.merges import known
from storage.reading import among, chosen, frame_of, key
from storage.tables import METADATA, Erasure

OWN = (
    "observation", "dose", "finding", "flag_change", "acknowledgement", "snooze", "answer_end", "flag_comment",
    "flag_assignment", "round", "message", "patient_identifier", "heard", "patient",
)  # fmt: skip
SHORT = 4  # signs: a number with fewer stands by chance in what is another's
OVERLAP = timedelta(hours=1)
GONE = "erased"
UNREAD = (
    "Deliveries that name this patient wait to be read, and hold others too perhaps: let a cycle read them first "
    "(`maswatch schedule --once`), then erase."
)


class StillWaiting(StoreError):  # noqa: N818 - as in errors.py
    pass


@dataclass(frozen=True)
class Act:
    """Who removes, when and why. `tokens`: of each patient what stands for the name from now on."""

    at: datetime
    by: str
    reason: str
    tokens: Mapping[str, str]


def one_person(store: Store, patient: str, *, as_of: datetime) -> list[str]:
    """Every name under which rows of this person stand, joined records included; none where nobody is called that."""
    people = METADATA.tables["patient"].c.patient_id
    with store.reading() as connection:
        if connection.execute(select(people).where(people == patient).limit(1)).first() is None:
            return []
        return list(known(connection, as_of).asked([patient]) or [patient])


def erase(store: Store, patients: Collection[str], act: Act) -> dict[str, int]:
    """
    Rows removed by table; "delivery": emptied, "access": kept under the token, "unclear": rows set aside that say of
    nobody whose they are and hold so short a number that it may mean anything, kept.

    One transaction. Raises StillWaiting where a delivery that names them was not read yet.
    """
    numbers = _numbers(store, patients)
    names = _Names(numbers.union(patients))
    with store.reading() as connection:
        found = _naming(connection, names, before=act.at)
    with store.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")  # zeros over what is removed
        found |= _naming(connection, names, since=act.at - OVERLAP)
        counts = _emptied(connection, found) | _set_aside(connection, patients, numbers, names)
        counts |= {name: _removed(connection, name, patients) for name in OWN} | {
            "patient_merge": _parted(connection, patients)
        }
        counts["access"] = _renamed(connection, act.tokens)
        _taken_files(connection, names)
        _noted(connection, act, counts)
    _forgotten(store)
    return {name: count for name, count in counts.items() if count}


def erasures(store: Store) -> pd.DataFrame:
    """What was ever removed, oldest first. Shape ERASURES."""
    with store.reading() as connection:
        ordered = chosen(connection, Erasure).order_by(METADATA.tables["erasure"].c.at, *key(connection, Erasure))
        return frame_of(connection, ordered, frames.ERASURES)


def heard_of_since(store: Store, patients: Collection[str], since: datetime) -> set[str]:
    """Those of whom anything happened or was told since then."""
    found: set[str] = set()
    with store.reading() as connection:
        for name, when in (
            ("observation", "collected_at"),
            ("dose", "started_at"),
            ("finding", "observed_at"),
            ("patient", "received_at"),
        ):
            table = METADATA.tables[name]
            told = select(table.c.patient_id).distinct().where(table.c[when] >= since)
            found |= set(
                connection.execute(told.where(among(connection, table.c.patient_id, list(patients)))).scalars()
            )
    return found


class _Names:
    """Finds any of the names as a whole word in what was sent, in the encodings that are met."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(names)
        told = {name.encode(encoding, "replace") for name in self.names for encoding in ("utf-8", "latin-1")}
        self.pattern = re.compile(
            rb"(?<![0-9A-Za-z_])(?:" + b"|".join(map(re.escape, sorted(told))) + rb")(?![0-9A-Za-z_])"
        )

    def stand_in(self, content: bytes | str) -> bool:
        if isinstance(content, str):
            content = content.encode("utf-8", "replace")
        elif content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            content = content.decode("utf-16", "replace").encode()
        return self.pattern.search(content) is not None

    def long_enough(self) -> bool:
        return min(map(len, self.names)) >= SHORT


def _numbers(store: Store, patients: Collection[str]) -> set[str]:
    """The numbers that mean these patients and nobody else."""
    with store.reading() as connection:
        columns = select(IDENTIFIER.c.number, IDENTIFIER.c.patient_id)
        mine = {
            number
            for number, _ in connection.execute(
                columns.where(among(connection, IDENTIFIER.c.patient_id, list(patients)))
            )
        }
        shared = connection.execute(columns.where(among(connection, IDENTIFIER.c.number, sorted(mine)))).all()
    return mine - {number for number, patient in shared if patient not in set(patients)}


def _naming(
    connection: Connection, names: _Names, *, before: datetime | None = None, since: datetime | None = None
) -> set[str]:
    """The deliveries whose bytes name them. Reads every byte of that time."""
    held = select(DELIVERY.c.id, DELIVERY.c.name, DELIVERY.c.size, DELIVERY.c.content).where(
        DELIVERY.c.content.is_not(None)
    )
    if before is not None:
        held = held.where(DELIVERY.c.received_at <= before)
    if since is not None:
        held = held.where(DELIVERY.c.received_at >= since)
    with closing(connection.execute(held.execution_options(yield_per=100))) as rows:
        return {row.id for row in rows if names.stand_in(row.name) or names.stand_in(unpacked(row.content, row.size))}


def _emptied(connection: Connection, found: set[str]) -> dict[str, int]:
    those = among(connection, DELIVERY.c.id, sorted(found))
    read = select(READING.c.id).where(among(connection, READING.c.id, sorted(found)))
    if set(connection.execute(read).scalars()) != found:
        raise StillWaiting(UNREAD)
    emptied = connection.execute(update(DELIVERY).where(those).values(content=None, name=GONE)).rowcount
    return {"delivery": int(emptied)}


def _set_aside(connection: Connection, patients: Collection[str], numbers: set[str], names: _Names) -> dict[str, int]:
    table, end = METADATA.tables["set_aside"], METADATA.tables["set_aside_end"]
    own = among(connection, table.c.patient_id, sorted(numbers.union(patients)))
    theirs = set(connection.execute(select(table.c.id).where(own)).scalars())
    nobodys = select(table.c.id, table.c.raw, table.c.fields).where(table.c.patient_id == "")
    named = {row.id for row in connection.execute(nobodys) if names.stand_in(f"{row.raw}\n{row.fields}")}
    if names.long_enough():
        theirs |= named
    for each in (table, end):
        removed = connection.execute(delete(each).where(among(connection, each.c.id, sorted(theirs)))).rowcount
    return {"set_aside": len(theirs), "unclear": len(named - theirs), "set_aside_end": int(removed)}


def _removed(connection: Connection, name: str, patients: Collection[str]) -> int:
    table = METADATA.tables[name]
    return int(connection.execute(delete(table).where(among(connection, table.c.patient_id, list(patients)))).rowcount)


def _parted(connection: Connection, patients: Collection[str]) -> int:
    those = or_(*(among(connection, MERGE.c[name], list(patients)) for name in ("patient_id", "into")))
    return int(connection.execute(delete(MERGE).where(those)).rowcount)


def _renamed(connection: Connection, tokens: Mapping[str, str]) -> int:
    """Who saw whom stays known, under the token."""
    table, count = METADATA.tables["access"], 0
    for patient, token in tokens.items():
        renamed = update(table).where(table.c.patient_id == patient).values(patient_id=token)
        count += int(connection.execute(renamed).rowcount)
    return count


def _taken_files(connection: Connection, names: _Names) -> None:
    """A file may have been called by the patient's number."""
    table = METADATA.tables["taken_file"]
    called = {name for name in connection.execute(select(table.c.name).distinct()).scalars() if names.stand_in(name)}
    connection.execute(update(table).where(among(connection, table.c.name, sorted(called))).values(name=GONE))


def _noted(connection: Connection, act: Act, counts: Mapping[str, int]) -> None:
    told = json.dumps({name: count for name, count in counts.items() if count}, sort_keys=True)
    rows = [
        {"token": token, "at": act.at, "by": act.by, "reason": act.reason, "counts": told}
        for token in act.tokens.values()
    ]
    connection.execute(METADATA.tables["erasure"].insert(), rows)


def _forgotten(store: Store) -> None:
    """Out of SQLite's log too; a server lets go of removed rows when it next vacuums."""
    if store.dialect == "sqlite":
        with closing(store.engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
