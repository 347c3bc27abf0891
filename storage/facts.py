"""
The observations of some patients as Arrow tables, straight from the driver: for exports of millions of rows.

Of a row the words that say what was measured, and how, are the same in very many others. The database brings
them as one text, and each combination is taken apart once: a text for each of them and row costs more than all numbers.

Meant for a process of its own, so it imports little. An Arrow driver for SQLite (adbc-driver-sqlite) is used where it
is installed; it must never be opened in a process that has the same file open in another way, since closing either
would end the other's locks.
"""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
ALWAYS = [("patient", pa.int64()), ("kind", pa.string())]
MOMENTS = ("collected_at", "resulted_at", "received_at")
PIECE = 1024
AT_ONCE = 1 << 20  # rows in one answer: more than any part has
ARROW_DRIVER = "adbc_driver_sqlite"


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


class Reader:
    """Every version of their observations received by a moment, patient by patient; rows in no promised order."""

    def __init__(self, told: Any) -> None:
        self._told = told

    def facts(self, patients: Sequence[str], as_of: int, columns: Sequence[str] = COLUMNS.names) -> Facts:
        """`as_of` in microseconds since 1970; `patients` each once."""
        shape = pa.schema([*ALWAYS, *(COLUMNS.field(name) for name in columns)])
        read: pa.Table = self._told(list(patients), as_of, shape)
        return _apart(read.cast(shape))


def _apart(read: pa.Table) -> Facts:
    coded = pc.dictionary_encode(read["kind"]).combine_chunks()
    words = [json.loads(text) for text in coded.dictionary.to_pylist()]
    arrays = [pa.array([one[place] for one in words], field.type) for place, field in enumerate(KINDS)]
    return Facts(read.set_column(1, "kind", coded.indices), pa.table(arrays, schema=KINDS))


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


def _listed(shape: pa.Schema) -> str:
    """Rows come by the tree of the table, a range for each patient."""
    made = {"patient": "named.key", "kind": f"json_array({', '.join(KINDS.names)})"}
    named = [f"{made.get(name, 'told.' + name)} AS {name}" for name in shape.names]
    return (
        f"SELECT {', '.join(named)} FROM json_each(?) AS named "
        "CROSS JOIN observation AS told ON told.patient_id = named.value WHERE told.received_at <= ?"
    )


@contextmanager
def _arrow(path: str) -> Iterator[Any]:
    """By the driver's own calls: its DB-API would import whatever else can read Arrow, polars too where it is there."""
    import adbc_driver_manager as adbc
    import adbc_driver_sqlite as driver

    # types are found from the first rows: all of them have to be first
    options = {driver.StatementOptions.BATCH_ROWS.value: str(AT_ONCE)}
    with (
        closing(driver.connect(f"file:{_escaped(path)}?mode=ro")) as base,
        closing(adbc.AdbcConnection(base)) as connection,
    ):

        def told(patients: list[str], as_of: int, shape: pa.Schema) -> pa.Table:
            with closing(adbc.AdbcStatement(connection)) as statement:
                statement.set_options(**options)
                statement.set_sql_query(_listed(shape))
                statement.prepare()
                statement.bind_stream(pa.table({"patients": [json.dumps(patients)], "as_of": [as_of]}))
                stream, _ = statement.execute_query()
                with pa.RecordBatchReader.from_stream(stream) as rows:
                    return rows.read_all()

        yield told


@contextmanager
def _cursor(path: str) -> Iterator[Any]:
    with closing(sqlite3.connect(f"file:{_escaped(path)}?mode=ro", uri=True)) as connection:

        def told(patients: list[str], as_of: int, shape: pa.Schema) -> pa.Table:
            cursor, pieces = connection.execute(_listed(shape), (json.dumps(patients), as_of)), []
            while rows := cursor.fetchmany(PIECE):  # in pieces that stay in the processor's cache
                columns = zip(zip(*rows, strict=True), shape, strict=True)
                pieces.append(pa.record_batch([pa.array(one, field.type) for one, field in columns], schema=shape))
            return pa.Table.from_batches(pieces, shape)

        yield told


@contextmanager
def _server(address: str) -> Iterator[Any]:
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:

        def told(patients: list[str], as_of: int, shape: pa.Schema) -> pa.Table:
            with connection.cursor() as cursor, cursor.copy(_copied(shape), (patients, patients, as_of)) as copy:
                return _parsed(b"".join(bytes(block) for block in copy), shape)

        yield told


def _copied(shape: pa.Schema) -> str:
    made = {name: f"(extract(epoch from {name}) * 1000000)::bigint" for name in MOMENTS} | {
        "patient": "array_position(%s::text[], patient_id::text) - 1",
        "kind": f"json_build_array({', '.join(KINDS.names)})::text",
    }
    plain = [made.get(name, name) for name in shape.names]
    return (
        f"COPY (SELECT {', '.join(plain)} FROM observation WHERE patient_id = ANY(%s) "
        "AND received_at <= 'epoch'::timestamptz + %s * interval '1 microsecond') TO STDOUT (FORMAT csv)"
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
