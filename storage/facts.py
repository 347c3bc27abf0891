"""
The observations of some patients as one Arrow table, straight from the driver: for exports of millions of rows.

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
from pyarrow import csv

if TYPE_CHECKING:
    from storage.engine import Store

MOMENT = pa.int64()  # microseconds since 1970, as stored
COLUMNS = pa.schema(
    [(name, pa.string()) for name in (
        "patient_id", "analyte", "comparator", "unit", "value_text", "unit_text", "loinc", "method", "specimen",
        "status", "source_id",
    )]
    + [(name, pa.float64()) for name in ("value", "reference_low", "reference_high")]
    + [(name, MOMENT) for name in ("collected_at", "resulted_at", "received_at")]
    + [("ref", pa.int64()), ("version", pa.int64())]
)  # fmt: skip
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


class Reader:
    """Every version of their observations received by a moment, patient by patient; rows in no promised order."""

    def __init__(self, told: Any) -> None:
        self._told = told

    def table(self, patients: Sequence[str], as_of: int, columns: Sequence[str] = COLUMNS.names) -> pa.Table:
        """`as_of` in microseconds since 1970; of COLUMNS those asked for."""
        shape = pa.schema([COLUMNS.field(name) for name in columns])
        read: pa.Table = self._told(list(patients), as_of, shape)
        return read.cast(shape)


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
    named = "SELECT value FROM json_each(?)"
    return f"SELECT {', '.join(shape.names)} FROM observation WHERE patient_id IN ({named}) AND received_at <= ?"


@contextmanager
def _arrow(path: str) -> Iterator[Any]:
    driver = importlib.import_module(f"{ARROW_DRIVER}.dbapi")
    with closing(driver.connect(f"file:{_escaped(path)}?mode=ro")) as connection:

        def told(patients: list[str], as_of: int, shape: pa.Schema) -> pa.Table:
            with connection.cursor() as cursor:
                # types are found from the first rows: all of them have to be first
                cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(AT_ONCE)})
                cursor.execute(_listed(shape), (json.dumps(patients), as_of))
                return cursor.fetch_arrow_table()

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
            with connection.cursor() as cursor, cursor.copy(_copied(shape), (patients, as_of)) as copy:
                return _parsed(b"".join(bytes(block) for block in copy), shape)

        yield told


def _copied(shape: pa.Schema) -> str:
    plain = [f"(extract(epoch from {name}) * 1000000)::bigint" if name in MOMENTS else name for name in shape.names]
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
