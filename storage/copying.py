"""
A store moved whole into an empty one, of either kind: all tables in one transaction, looked at again before it ends.

What is read is one moment of the source. Of every table the rows are counted and hashed in the order of their keys, in
a form that does not depend on the engine, on both sides; where they differ nothing is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import csv
from sqlalchemy import Connection, Float, Integer, LargeBinary, Table, delete, select

from storage import bulk
from storage.columns import Rows
from storage.engine import Store, open_store, schema_state, upgrade
from storage.errors import AlreadyThere, StoreError
from storage.instants import Instant
from storage.reading import by, plain
from storage.tables import METADATA

PIECE = 50_000
PIECE_OF_BYTES = 100  # deliveries are files
NOT_EMPTY = "The store to copy into holds rows already: name an empty one, or a new file."
DIFFERENT = "The copy of the table {} is not what was read: nothing was kept; run `maswatch doctor` on both stores."


@dataclass(frozen=True)
class Told:
    """What a table holds: `sha256` over its rows in the order of their keys, the same on either engine."""

    table: str
    rows: int
    sha256: str


def copy_into(source: Store, url: str, *, replace: bool = False) -> list[Told]:
    """
    Every row of `source` in the store at `url`, which must be empty; what each table holds. `replace`: what is there
    goes, in the same transaction.

    Raises AlreadyThere where it is not empty, and whatever either store raises; the target is then as it was before.
    """
    if schema_state(url)["state"] in ("empty", "current"):
        upgrade(url)
    target = open_store(url)
    try:
        with source.reading() as giving, target.writing() as taking:
            if replace:
                for table in reversed(tables()):
                    taking.execute(delete(table))
            if any(taking.execute(select(1).select_from(table).limit(1)).first() for table in tables()):
                raise AlreadyThere(NOT_EMPTY)
            told = [_copied(giving, taking, table) for table in tables()]
            for one, table in zip(told, tables(), strict=True):
                if held(taking, table) != one:
                    raise StoreError(DIFFERENT.format(one.table))
        return told
    finally:
        target.close()


def contents(store: Store) -> list[Told]:
    """What each table of the store holds at one moment."""
    with store.reading() as connection:
        return [held(connection, table) for table in tables()]


def tables() -> list[Table]:
    """Those that others lean on first."""
    return list(METADATA.sorted_tables)


def _copied(giving: Connection, taking: Connection, table: Table) -> Told:
    hashed, count = hashlib.sha256(), 0
    for piece in _pieces(giving, table):
        hashed.update(_canonical(piece))
        count += piece.num_rows
        arrays = {name: piece.column(name).combine_chunks() for name in piece.column_names}
        bulk.insert_new(taking, Rows(table, piece.num_rows, arrays, {}))
    return Told(table.name, count, hashed.hexdigest())


def held(connection: Connection, table: Table) -> Told:
    """What one table holds."""
    hashed, count = hashlib.sha256(), 0
    for piece in _pieces(connection, table):
        hashed.update(_canonical(piece))
        count += piece.num_rows
    return Told(table.name, count, hashed.hexdigest())


def _canonical(piece: pa.Table) -> bytes:
    """Rows as text: a missing value is nothing, an empty text is two quotation marks, a moment is microseconds."""
    columns = {
        name: bulk.in_hex(piece.column(name)) if pa.types.is_large_binary(piece.schema.field(name).type) else column
        for name, column in zip(piece.column_names, piece.columns, strict=True)
    }
    out = pa.BufferOutputStream()
    csv.write_csv(pa.table(columns), out, csv.WriteOptions(include_header=False))
    return bytes(out.getvalue())


def _pieces(connection: Connection, table: Table) -> Iterator[pa.Table]:
    read = [plain(connection, column) for column in table.columns]
    ordered = select(*read).order_by(*(by(connection, column) for column in table.primary_key.columns))
    shape = pa.schema([pa.field(column.name, _kind(column.type)) for column in table.columns])
    size = PIECE_OF_BYTES if any(isinstance(column.type, LargeBinary) for column in table.columns) else PIECE
    with closing(_cursor(connection)) as cursor:
        cursor.execute(str(ordered.compile(connection, compile_kwargs={"literal_binds": True})))
        while rows := cursor.fetchmany(size):
            told = zip(zip(*rows, strict=True), shape, strict=True)
            yield pa.table([pa.array(values, field.type) for values, field in told], schema=shape)


def _cursor(connection: Connection) -> Any:
    """The driver's own; on a server one that leaves there what was not asked for yet."""
    driver = connection.connection
    return driver.cursor() if connection.dialect.name == "sqlite" else driver.cursor("maswatch_pieces")


def _kind(kind: Any) -> pa.DataType:
    if isinstance(kind, Instant | Integer):
        return pa.int64()
    if isinstance(kind, LargeBinary):
        return pa.large_binary()
    return pa.float64() if isinstance(kind, Float) else pa.large_string()
