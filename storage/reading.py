"""Rows of the store as frames, straight from the driver's cursor: made column by column, a piece at a time."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    Integer,
    Select,
    String,
    Text,
    any_,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
)
from sqlmodel import SQLModel

from storage.frames import shaped
from storage.instants import Instant

PIECE = 1024
MANY = 500


def chosen(
    connection: Connection,
    model: type[SQLModel],
    *,
    as_of: datetime | None = None,
    patients: Sequence[str] | None = None,
    columns: Collection[str] | None = None,
) -> Select[Any]:
    """The rows received by `as_of`, of `patients` (None: of all); of their `columns` those that the table has."""
    table = model.__table__  # type: ignore[attr-defined]
    wanted = [column for column in table.columns if columns is None or column.name in columns]
    statement = select(*(plain(connection, column) for column in wanted))
    if as_of is not None:
        statement = statement.where(table.c.received_at <= as_of)
    if patients is not None:
        statement = statement.where(among(connection, table.c.patient_id, patients))
    return statement


def key(connection: Connection, model: type[SQLModel]) -> list[Any]:
    """The primary key to order by; texts go by code point on either engine, whatever the server's language."""
    return [by(connection, column) for column in model.__table__.primary_key.columns]  # type: ignore[attr-defined]


def by(connection: Connection, column: Any) -> Any:
    return (
        column.collate("C") if connection.dialect.name == "postgresql" and isinstance(column.type, String) else column
    )


def among(connection: Connection, column: Any, wanted: Sequence[str]) -> Any:
    """`column` is one of `wanted`, however many there are."""
    if connection.dialect.name == "postgresql":
        return column == any_(bindparam(None, list(wanted), type_=ARRAY(Text), unique=True))
    if len(wanted) < MANY:
        return column.in_(list(wanted))
    return column.in_(select(func.json_each(json.dumps(list(wanted))).table_valued("value").c.value))


def fetched(connection: Connection, statement: Select[Any]) -> pd.DataFrame:
    """The rows as they are, missing where the store has nothing; moments in UTC."""
    return told(connection, statement).to_pandas()


def told(connection: Connection, statement: Select[Any]) -> pa.Table:
    """The same as an Arrow table, each column in one piece: one of hundreds is slow to pick rows from."""
    columns = list(statement.selected_columns)
    stored = pa.schema([pa.field(column.name, _stored(column.type)) for column in columns])
    meant = pa.schema([pa.field(column.name, _meant(column.type)) for column in columns])
    result = connection.execute(statement)
    pieces = []
    while rows := result.cursor.fetchmany(PIECE):
        arrays = [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), stored, strict=True)]
        pieces.append(pa.record_batch(arrays, schema=stored))
    result.close()
    return pa.Table.from_batches(pieces, stored).combine_chunks().cast(meant)


def frame_of(connection: Connection, statement: Select[Any], shape: Mapping[str, str]) -> pd.DataFrame:
    return shaped(fetched(connection, statement), shape)


def plain(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as the driver gives it fastest: a moment as whole microseconds on either engine."""
    if isinstance(column.type, Instant) and connection.dialect.name == "postgresql":
        # a float of seconds, which is right to the microsecond until 2106: EXTRACT gives a decimal, thrice the work
        seconds = func.date_part("epoch", column, type_=Float)
        return type_coerce(cast(func.round(seconds * 1e6), BigInteger), Instant).label(column.name)
    return column


def _stored(kind: Any) -> pa.DataType:
    if isinstance(kind, Instant | Integer):
        return pa.int64()
    return pa.float64() if isinstance(kind, Float) else pa.large_string()


def _meant(kind: Any) -> pa.DataType:
    return pa.timestamp("us", tz="UTC") if isinstance(kind, Instant) else _stored(kind)
