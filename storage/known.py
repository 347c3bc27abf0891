"""
The stored versions of facts that are told (again).

A fact that its source gave a name is found by patient and name, any other by patient and time, which is then part of
what it is. Neither takes an index in the order of `ref`: that one is as good as random, so that a day's results of a
patient would touch all of its pages, the more the longer the patient is known. Names that a source counts upwards, and
times, lie beside those of the days before.

Most of what is told was never told before. Where nothing is stored between the least and the greatest name, or time, of
a few dozen tellings of a patient, none of them is looked for.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from sqlalchemy import BigInteger, Connection, Text

from storage import bulk
from storage.columns import UNKNOWN, texts
from storage.instants import Instant

TOGETHER = 64  # tellings of one patient that are looked for at once: as many as one draw and its repeats have
PATIENT = Text()
WHOLE = BigInteger()
WORDS = ("ref", "version", "digest", "resulted_at", "told_at")


@dataclass(frozen=True)
class Way:
    """`column` of the table that is compared with what is told, its kind, and what SQLite has to be told to go by."""

    table: Any
    column: str
    kind: Any
    by: str = ""
    only: str = ""

    def of(self, dialect: str) -> str:
        """The column as the index has it: of names the order of their bytes, whatever a server sorts words by."""
        server = dialect != "sqlite" and isinstance(self.kind, Text)
        return f't."{self.column}" COLLATE "C"' if server else f't."{self.column}"'

    def told(self, expression: str, dialect: str) -> str:
        return expression if dialect == "sqlite" else bulk.server_value(expression, self.kind)

    def stored(self, dialect: str) -> str:
        return f'"{self.table.name}" AS t {self.by if dialect == "sqlite" else ""}'


def patients_seen(connection: Connection, table: Any, patients: list[str]) -> list[str]:
    """Which of `patients` have rows in `table`."""
    arrays = {"patient_id": texts(pd.Series(patients, dtype="str"), None)}
    exists = f'EXISTS (SELECT 1 FROM "{table.name}" AS t WHERE t.patient_id = w.patient_id)'
    with closing(connection.connection.cursor()) as cursor:
        dialect = connection.dialect.name
        bulk.stage(cursor, dialect, "wanted_patient", arrays, {"patient_id": PATIENT})
        asked = f"SELECT w.patient_id FROM wanted_patient AS w WHERE {exists}"
        return [patient for (patient,) in bulk.looked_up(cursor, dialect, asked)]


def versions_of(connection: Connection, table: Any, tellings: pd.DataFrame, when: str) -> pd.DataFrame:
    """
    Every stored version of what is told, with patient_id, ref, version, digest, resulted_at and told_at (microseconds).

    `tellings` have patient_id, ref, source_id ("" where there is none) and `at`, the time in the table's column `when`
    in microseconds. Tellings of one patient and `ref` have the same source_id, and without one the same time.
    """
    named = (tellings["source_id"] != "").to_numpy(bool)
    # without statistics SQLite would walk through all of a patient's rows for each
    by_name = Way(table, "source_id", Text(), f"INDEXED BY ix_{table.name}_source", "AND t.source_id <> ''")
    by_time = Way(table, when, Instant())
    found: list[tuple[Any, ...]] = []
    with closing(connection.connection.cursor()) as cursor:
        for way, mine, told in ((by_name, named, "source_id"), (by_time, ~named, "at")):
            if mine.any():
                some = _Told.of(tellings[mine], told)
                found += _found(cursor, connection.dialect.name, way, some.taken(_near(cursor, connection, way, some)))
    return _framed(found)


@dataclass(frozen=True)
class _Told:
    """Tellings patient by patient. `patient`: the number of each one's patient in `names`, `key`: its name or time."""

    names: pa.Array
    patient: np.ndarray
    ref: np.ndarray
    key: pa.Array

    @classmethod
    def of(cls, tellings: pd.DataFrame, told: str) -> _Told:
        patient, names = pd.factorize(tellings["patient_id"], sort=True)
        order = np.argsort(patient, kind="stable")
        column = tellings[told]
        key = pa.array(column.to_numpy(np.int64)) if told == "at" else texts(column, "")
        whole = cls(texts(pd.Series(names, dtype="str"), None), patient, tellings["ref"].to_numpy(np.int64), key)
        return whole.taken(order)

    def taken(self, places: np.ndarray) -> _Told:
        return _Told(self.names, self.patient[places], self.ref[places], self.key.take(pa.array(places)))

    def once(self) -> _Told:
        twice = pd.DataFrame({"patient": self.patient, "ref": self.ref}).duplicated().to_numpy()
        return self.taken(np.flatnonzero(~twice)) if twice.any() else self


def _near(cursor: Any, connection: Connection, way: Way, told: _Told) -> np.ndarray:
    """The places of those that have anything stored between the least and the greatest of those beside them."""
    dialect = connection.dialect.name
    block = _blocks(told.patient)
    ends = pa.table({"block": block, "key": told.key}).group_by("block", use_threads=False)
    least, most = (ends.aggregate([("key", which)])[f"key_{which}"].combine_chunks() for which in ("min", "max"))
    first = np.flatnonzero(np.diff(block, prepend=-1))
    arrays = {"place": pa.array(np.arange(len(first))), "patient_id": told.names.take(pa.array(told.patient[first])),
              "least": least, "most": most}  # fmt: skip
    bulk.stage(cursor, dialect, "wanted_block", arrays,
               {"place": WHOLE, "patient_id": PATIENT, "least": way.kind, "most": way.kind})  # fmt: skip
    between = f"BETWEEN {way.told('w.least', dialect)} AND {way.told('w.most', dialect)}"
    held = bulk.looked_up(
        cursor, dialect,
        f"SELECT w.place FROM wanted_block AS w WHERE EXISTS (SELECT 1 FROM {way.stored(dialect)} "
        f"WHERE t.patient_id = w.patient_id AND {way.of(dialect)} {between} {way.only})",
    )  # fmt: skip
    return np.flatnonzero(np.isin(block, [place for (place,) in held]))


def _blocks(patient: np.ndarray) -> np.ndarray:
    """Numbers from 0 on, each for at most TOGETHER tellings of one patient that stand together."""
    places = np.arange(len(patient))
    begins = np.diff(patient, prepend=-1) != 0
    since = places - np.maximum.accumulate(np.where(begins, places, 0))
    blocks: np.ndarray = np.cumsum(begins | (since % TOGETHER == 0)) - 1
    return blocks


def _found(cursor: Any, dialect: str, way: Way, told: _Told) -> list[tuple[Any, ...]]:
    if not len(told.ref):
        return []
    told = told.once()
    arrays = {"patient_id": told.names.take(pa.array(told.patient)), "key": told.key, "ref": pa.array(told.ref)}
    bulk.stage(cursor, dialect, "wanted", arrays, {"patient_id": PATIENT, "key": way.kind, "ref": WHOLE})
    moments = ", ".join(_moment(way.table, name, dialect) for name in ("resulted_at", "told_at"))
    return bulk.looked_up(
        cursor, dialect,
        f"SELECT t.patient_id, t.ref, t.version, t.digest, {moments} FROM wanted AS w "
        f"CROSS JOIN {way.stored(dialect)} WHERE t.patient_id = w.patient_id "
        f"AND {way.of(dialect)} = {way.told('w.key', dialect)} AND t.ref = w.ref {way.only}",
    )  # fmt: skip


def _moment(table: Any, name: str, dialect: str) -> str:
    unknown = f"CAST('{UNKNOWN}' AS bigint)"
    if name not in table.columns:
        return unknown
    moment = f"t.{name}" if dialect == "sqlite" else f"(extract(epoch from t.{name}) * 1000000)::bigint"
    return f"coalesce({moment}, {unknown})"


def _framed(found: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = list(zip(*found, strict=True)) or [()] * (1 + len(WORDS))
    return pd.DataFrame(
        {"patient_id": pd.Series(columns[0], dtype="str")}
        | {name: pd.Series(values, dtype="int64") for name, values in zip(WORDS, columns[1:], strict=True)}
    )
