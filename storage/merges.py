"""
Identifiers that turned out to be one person's. Facts stay under the identifier they came with: it is reading that
brings them together, as far as it was known at the moment asked for, so that a merge can be looked behind and undone.

The newest word on an identifier counts; one that leads into "" takes the last back. Of two words that would lead in a
circle the newer counts, and the older is taken back with it. Newest is what was said last: where the last word before
was told by a clock that was ahead, a new one is kept twice, as of now and as of the moment after that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from storage import heard
from storage.engine import Store
from storage.frames import MERGES, TIME
from storage.inserting import insert_into
from storage.reading import frame_of, plain
from storage.tables import PatientMerge
from storage.versioning import CORRECTED, NEW, UNCHANGED

TABLE: Any = PatientMerge.__table__  # type: ignore[attr-defined]
NEXT = timedelta(microseconds=1)
STAY = ["ward", "bed", "admitted_at", "discharged_at"]


@dataclass(frozen=True)
class Merged:
    """
    What is known of merges at a moment. `into`: an identifier -> the one that its history is read under; `at`: since
    when. `parted`: those who were read with another's history until that was taken back.
    """

    into: pd.Series
    at: pd.Series
    parted: frozenset[str] = frozenset()

    def asked(self, patients: Sequence[str] | None) -> Sequence[str] | None:
        """`patients` with every identifier that is read under the same as one of them."""
        if patients is None or self.into.empty:
            return patients
        wanted = {self.into.get(name, name) for name in patients}
        return sorted({*patients, *wanted, *self.into.index[self.into.isin(wanted)]})

    def moved(self, frame: pd.DataFrame, when: str) -> pd.DataFrame:
        """Facts under the identifier they are read under, in order of patient, time `when`, ref and version."""
        if self.into.empty or not frame["patient_id"].isin(self.into.index).any():
            return frame
        told = frame.assign(patient_id=self._names(frame))
        here = told["patient_id"].isin(self.into)
        told["version"] = _counted(told[here], frame["patient_id"]).reindex(told.index).fillna(told["version"])
        order = ["patient_id", when, "ref", "version"]
        return told.astype({"version": "int64"}).sort_values(order, kind="stable", ignore_index=True)

    def people(self, rows: pd.DataFrame) -> pd.DataFrame:
        """
        What was said of patients, version by version, oldest first under the identifier it is read under.

        What was said of the other before the merge comes first, so that it only fills gaps; where the one who stays
        lies is never told by where the other lay.
        """
        rows = rows.sort_values(["patient_id", "version"], kind="stable", ignore_index=True)
        if self.into.empty or not rows["patient_id"].isin(self.into.index).any():
            return rows
        since = pd.DatetimeIndex(rows["patient_id"].map(self.at))
        own = (rows["received_at"] > since) | pd.Series(since.isna(), index=rows.index)
        told = rows.assign(patient_id=self._names(rows), own=own)
        placed = told.loc[told["own"] & told[STAY].notna().any(axis=1), "patient_id"]
        lay = ~told["own"] & told["patient_id"].isin(placed)
        told = told.assign(**{name: told[name].mask(lay) for name in STAY})
        order = ["patient_id", "own", "received_at", "version"]
        return told.sort_values(order, kind="stable", ignore_index=True).drop(columns="own")

    def _names(self, frame: pd.DataFrame) -> pd.Series:
        return frame["patient_id"].map(self.into).fillna(frame["patient_id"]).astype("str")


NOTHING = Merged(pd.Series(dtype="str"), pd.Series(dtype=TIME))


def merged(store: Store, *, as_of: datetime | None = None) -> Merged:
    """What is known at that moment; without one whatever was said, also by a clock that was ahead."""
    with store.reading() as connection:
        return known(connection, as_of)


def known(connection: Connection, as_of: datetime | None = None) -> Merged:
    """What was said of merges by `as_of`; without it ever."""
    if connection.execute(select(TABLE.c.patient_id).limit(1)).first() is None:
        return NOTHING
    words = _words(connection, as_of)
    last = words.drop_duplicates("patient_id", keep="last").set_index("patient_id")
    stands = last[last["into"].ne("")]
    ends = _ends(stands["into"])
    before = words.groupby("patient_id")["into"].shift()
    parted = set(before[words["into"].ne(before) & before.notna() & before.ne("")])
    return Merged(ends, stands["received_at"], frozenset(parted | {ends.get(name, name) for name in parted}))


def words(store: Store, *, as_of: datetime | None = None) -> pd.DataFrame:
    """All that was said of merges by `as_of`, without it ever, oldest first. Shape MERGES."""
    with store.reading() as connection:
        return _words(connection, as_of)


def say(
    store: Store, patient_id: str, into: str, *, at: datetime, by: str, reason: str, source: str, run_id: str
) -> None:
    """A person says that `patient_id` is one with `into`, or, where that is "", that it is not after all."""
    stamp = {"received_at": at, "source": source, "run_id": run_id}
    with store.writing() as connection:
        _put(connection, [{"patient_id": patient_id, "into": into, "by": by, "reason": reason} | stamp])


def append(connection: Connection, told: pd.DataFrame, stamp: Mapping[str, Any]) -> list[int]:
    """
    The verdict on each row of `told` (patient_id, into, reason), inside the transaction.

    What a source has said before is no news, also where a person took it back since.
    """
    before = _words(connection)
    said = set(before[["patient_id", "into", "source"]].itertuples(index=False, name=None))
    last = before.drop_duplicates("patient_id", keep="last")
    stands = {name: into for name, into in zip(last["patient_id"], last["into"], strict=True) if into}
    news: dict[str, dict[str, Any]] = {}
    verdicts = []
    for patient, into, reason in told[["patient_id", "into", "reason"]].itertuples(index=False, name=None):
        again = patient == into or stands.get(patient) == into or (patient, into, stamp["source"]) in said
        verdicts.append(UNCHANGED if again else CORRECTED if patient in stands else NEW)
        if not again:
            said.add((patient, into, stamp["source"]))
            for name, other in _led(stands, patient, into):
                news[name] = {"patient_id": name, "into": other, "by": "", "reason": reason, **stamp}
    _put(connection, list(news.values()))
    return verdicts


def _led(stands: dict[str, str], patient: str, into: str) -> Iterable[tuple[str, str]]:
    """The words that lead `patient` into `into`: where that leads back here, its own way is taken back first."""
    place, way = into, [into]
    while (place := stands.get(place, "")) and place not in way:
        way.append(place)
    if patient in way:
        del stands[into]
        yield into, ""
    stands[patient] = into
    yield patient, into


def _put(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        rows = _outlasting(connection, rows)
        insert = insert_into(connection, PatientMerge)
        newer = {name: insert.excluded[name] for name in ("into", "by", "reason", "source", "run_id")}
        named = sorted({row[name] for row in rows for name in ("patient_id", "into")} - {""})
        before = known(connection).asked(named) or ()
        connection.execute(insert.on_conflict_do_update(index_elements=["patient_id", "received_at"], set_=newer), rows)
        moved = {*named, *before, *(known(connection).asked(named) or ())}
        heard.note_joined(connection, moved, at=max(row["received_at"] for row in rows))


def _outlasting(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The words, and those once more of which the identifier has a later one."""
    last = _words(connection).groupby("patient_id")["received_at"].max().to_dict()
    behind = [row for row in rows if last.get(row["patient_id"], row["received_at"]) > row["received_at"]]
    return [*rows, *(row | {"received_at": last[row["patient_id"]].to_pydatetime() + NEXT} for row in behind)]


def _words(connection: Connection, as_of: datetime | None = None) -> pd.DataFrame:
    statement = select(*(plain(connection, TABLE.c[name]) for name in MERGES))
    if as_of is not None:
        statement = statement.where(TABLE.c.received_at <= as_of)
    return frame_of(connection, statement.order_by(TABLE.c.received_at, TABLE.c.patient_id), MERGES)


def _ends(into: pd.Series) -> pd.Series:
    """Each to the end of its way: a few steps, each twice as long as the one before."""
    for _ in range(len(into).bit_length() + 1):
        into = into.map(into).fillna(into)
    return into.astype("str")


def _counted(told: pd.DataFrame, came_as: pd.Series) -> pd.Series:
    """
    The versions of facts that were told under two identifiers: one fact, whose versions count on as they came.
    """
    key = ["patient_id", "ref"]
    some = told[told.duplicated(key, keep=False)].assign(came_as=came_as)
    some = some.assign(
        names=some.groupby([*key])["came_as"].transform("nunique"), own=some["came_as"] == some["patient_id"]
    )
    some = some[some["names"] > 1].sort_values(["received_at", "own", "version"], kind="stable")
    return some.groupby(key).cumcount() + 1
