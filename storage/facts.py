"""
The observations of some patients as Arrow tables, straight from the driver: for exports of millions of rows.

Of a row the words that say what was measured, and how, are the same in very many others. The database brings a number
in their place (storage.kinds), and the words of each number are asked for once, from a row that has it. Rows of before
there were such numbers bring them as one text, and each combination is taken apart once: a text for each of them and
row costs more than all numbers.

Meant for a process of its own, so it imports little. An Arrow driver for SQLite (adbc-driver-sqlite) is used where it
is installed; it must never be opened in a process that has the same file open in another way, since closing either
would end the other's locks.
"""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from pyarrow import csv

if TYPE_CHECKING:
    from storage.engine import Store

MOMENT = pa.int64()  # microseconds since 1970, as stored
TEXTS = ("analyte", "comparator", "unit", "unit_text", "loinc", "method", "specimen", "status")
KINDS = pa.schema([*((name, pa.string()) for name in TEXTS), ("version", pa.int64())])
COLUMNS = pa.schema(
    [(name, pa.string()) for name in ("value_text", "source_id")]
    + [(name, pa.float64()) for name in ("value", "reference_low", "reference_high")]
    + [(name, MOMENT) for name in ("collected_at", "resulted_at", "received_at")]
    + [("ref", pa.int64())]
)  # fmt: skip
KEY = ("collected_at", "ref")  # with the patient: where the words of a number are found
MOMENTS = ("collected_at", "resulted_at", "received_at")
PIECE = 1024
AT_ONCE = 1 << 20  # rows in one answer: more than any part has
ARROW_DRIVER = "adbc_driver_sqlite"
Place = tuple[str, int, int, int]  # a row's patient, collected_at and ref, and the number that it has
TOLD = {"patient": pa.int64(), "kind": pa.string()}
NAMED = ", ".join(KINDS.names)
# its type is that of its values: whole numbers, or texts as soon as there is one among them
MIXED = f"coalesce(kind, json_array({NAMED}))"
WORDS = f"""SELECT kind, {NAMED} FROM json_each(?) AS asked CROSS JOIN observation AS told
  ON told.patient_id = json_extract(asked.value, '$[0]') AND told.collected_at = json_extract(asked.value, '$[1]')
  AND told.ref = json_extract(asked.value, '$[2]') WHERE told.kind = json_extract(asked.value, '$[3]')"""
EPOCH = "'epoch'::timestamptz + {} * interval '1 microsecond'"
WORDS_THERE = f"""SELECT kind, {NAMED} FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
  AS asked(patient, at, number, its) JOIN observation ON patient_id = asked.patient AND ref = asked.number
  AND collected_at = {EPOCH.format("asked.at")} AND kind = asked.its"""


@dataclass(frozen=True)
class Door:
    """How another process reaches the store: `kind` "sqlite" and a path, or "postgresql" and a connection string."""

    kind: str
    place: str


def door(store: Store) -> Door:
    url = store.engine.url
    if store.dialect == "sqlite":
        return Door("sqlite", str(url.database))
    return Door("postgresql", url.set(drivername="postgresql").render_as_string(hide_password=False))


@dataclass(frozen=True)
class Facts:
    """
    `rows`: `patient` and `kind`, which are places in the list of the patients asked for and in `kinds`, and of COLUMNS
    those asked for. `kinds`: KINDS, each combination that the rows have.
    """

    rows: pa.Table
    kinds: pa.Table


@dataclass(frozen=True)
class _Way:
    """
    How a driver answers. `rows`: of patients by a moment these columns, `kind` a whole number or a text; `words`: of
    (patient, collected_at, ref, number) the number and KINDS, each as one row has them; `moment`: both as of the same.
    """

    rows: Callable[[list[str], int, Sequence[str]], pa.Table]
    words: Callable[[list[Place]], Iterable[Sequence[Any]]]
    moment: Callable[[], AbstractContextManager[Any]]


class Reader:
    """Every version of their observations received by a moment, patient by patient; rows in no promised order."""

    def __init__(self, way: _Way) -> None:
        self._way = way
        self._known: dict[int, list[Any]] = {}

    def facts(self, patients: Sequence[str], as_of: int, columns: Sequence[str] = COLUMNS.names) -> Facts:
        """`as_of` in microseconds since 1970; `patients` each once."""
        asked = [*columns, *(name for name in KEY if name not in columns)]
        with self._way.moment():
            read = self._way.rows(list(patients), as_of, ["patient", "kind", *asked])
            coded = pc.dictionary_encode(read["kind"]).combine_chunks()
            words = self._words(coded, read, patients)
        arrays = [pa.array([one[place] for one in words], field.type) for place, field in enumerate(KINDS)]
        shape = pa.schema([("patient", pa.int64()), ("kind", pa.int32()), *(COLUMNS.field(name) for name in columns)])
        rows = read.set_column(1, "kind", coded.indices).select(shape.names).cast(shape)
        return Facts(rows, pa.table(arrays, schema=KINDS))

    def _words(self, coded: pa.DictionaryArray, read: pa.Table, patients: Sequence[str]) -> list[list[Any]]:
        """KINDS of each number, or of each text that stands in place of one."""
        told = [json.loads(one) if isinstance(one, str) else one for one in coded.dictionary.to_pylist()]
        new = [place for place, one in enumerate(told) if isinstance(one, int) and one not in self._known]
        if new:
            first = np.empty(len(told), dtype=np.int64)
            first[np.asarray(coded.indices)] = np.arange(len(read))
            rows = read.select(["patient", *KEY]).take(pa.array(first[new])).to_pylist()
            asked = [
                (patients[row["patient"]], *(row[name] for name in KEY), told[place])
                for row, place in zip(rows, new, strict=True)
            ]
            self._known |= {number: words for number, *words in self._way.words(asked)}
        return [self._known[one] if isinstance(one, int) else one for one in told]


@contextmanager
def reading(place: Door, *, alone: bool) -> Iterator[Reader]:
    """`alone`: this process has the store open in no other way."""
    if place.kind == "postgresql":
        with _server(place.place) as told:
            yield Reader(told)
    elif alone and importlib.util.find_spec(ARROW_DRIVER):
        with _arrow(place.place) as told:
            yield Reader(told)
    else:
        with _cursor(place.place) as told:
            yield Reader(told)


def _listed(columns: Sequence[str], kind: str) -> str:
    """Rows come by the tree of the table, a range for each patient."""
    made = {"patient": "named.key", "kind": kind}
    named = [f"{made.get(name, 'told.' + name)} AS {name}" for name in columns]
    return (
        f"SELECT {', '.join(named)} FROM json_each(?) AS named "
        "CROSS JOIN observation AS told ON told.patient_id = named.value WHERE told.received_at <= ?"
    )


@contextmanager
def _arrow(path: str) -> Iterator[_Way]:
    """By the driver's own calls: its DB-API would import whatever else can read Arrow, polars too where it is there."""
    import adbc_driver_manager as adbc
    import adbc_driver_sqlite as driver

    # types are found from the first rows: all of them have to be first
    options = {driver.StatementOptions.BATCH_ROWS.value: str(AT_ONCE)}
    with (
        closing(driver.connect(f"file:{_escaped(path)}?mode=ro")) as base,
        closing(adbc.AdbcConnection(base)) as connection,
    ):

        def answer(asked: str, **told: Any) -> pa.Table:
            with closing(adbc.AdbcStatement(connection)) as statement:
                statement.set_options(**options)
                statement.set_sql_query(asked)
                statement.prepare()
                statement.bind_stream(pa.table({name: [one] for name, one in told.items()}))
                stream, _ = statement.execute_query()
                with pa.RecordBatchReader.from_stream(stream) as rows:
                    return rows.read_all()

        def rows(patients: list[str], as_of: int, columns: Sequence[str]) -> pa.Table:
            return answer(_listed(columns, MIXED), patients=json.dumps(patients), as_of=as_of)

        def words(places: list[Place]) -> Iterable[Sequence[Any]]:
            return zip(*answer(WORDS, places=json.dumps(places)).to_pydict().values(), strict=True)

        @contextmanager
        def moment() -> Iterator[None]:
            try:
                yield
            finally:
                connection.commit()

        connection.set_autocommit(False)
        yield _Way(rows, words, moment)


@contextmanager
def _cursor(path: str) -> Iterator[_Way]:
    with closing(sqlite3.connect(f"file:{_escaped(path)}?mode=ro", uri=True, isolation_level=None)) as connection:

        def rows(patients: list[str], as_of: int, columns: Sequence[str]) -> pa.Table:
            shape = _shape(columns)
            cursor = connection.execute(_listed(columns, f"CAST({MIXED} AS text)"), (json.dumps(patients), as_of))
            pieces = []
            while rows := cursor.fetchmany(PIECE):  # in pieces that stay in the processor's cache
                told = zip(zip(*rows, strict=True), shape, strict=True)
                pieces.append(pa.record_batch([pa.array(one, field.type) for one, field in told], schema=shape))
            return pa.Table.from_batches(pieces, shape)

        def words(places: list[Place]) -> Iterable[Sequence[Any]]:
            return connection.execute(WORDS, (json.dumps(places),))

        @contextmanager
        def moment() -> Iterator[None]:
            connection.execute("BEGIN")
            try:
                yield
            finally:
                connection.execute("COMMIT")

        yield _Way(rows, words, moment)


@contextmanager
def _server(address: str) -> Iterator[_Way]:
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

        def rows(patients: list[str], as_of: int, columns: Sequence[str]) -> pa.Table:
            with connection.cursor() as cursor, cursor.copy(_copied(columns), (patients, patients, as_of)) as copy:
                return _parsed(b"".join(bytes(block) for block in copy), _shape(columns))

        def words(places: list[Place]) -> Iterable[Sequence[Any]]:
            return connection.execute(WORDS_THERE, [list(column) for column in zip(*places, strict=True)])

        yield _Way(rows, words, connection.transaction)


def _shape(columns: Sequence[str]) -> pa.Schema:
    """`kind` a text: a number, or a list of words."""
    return pa.schema([COLUMNS.field(name) if name in COLUMNS.names else (name, TOLD[name]) for name in columns])


def _copied(columns: Sequence[str]) -> str:
    made = {name: f"(extract(epoch from {name}) * 1000000)::bigint" for name in MOMENTS} | {
        "patient": "array_position(%s::text[], patient_id::text) - 1",
        "kind": f"coalesce(kind::text, json_build_array({NAMED})::text)",
    }
    plain = [made.get(name, name) for name in columns]
    return (
        f"COPY (SELECT {', '.join(plain)} FROM observation WHERE patient_id = ANY(%s) "
        f"AND received_at <= {EPOCH.format('%s')}) TO STDOUT (FORMAT csv)"
    )


def _parsed(text: bytes, shape: pa.Schema) -> pa.Table:
    if not text:
        return shape.empty_table()
    return csv.read_csv(
        pa.BufferReader(text),
        csv.ReadOptions(column_names=shape.names),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(column_types=shape, strings_can_be_null=True, quoted_strings_can_be_null=False),
    )


def _escaped(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
