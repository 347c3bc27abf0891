"""Set-based work straight through the driver, on either engine: insert columns, look keys up by a join."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import csv
from sqlalchemy import BigInteger, Connection, Float, Integer, Text

from storage.columns import UNKNOWN, Rows
from storage.instants import Instant


def insert(connection: Connection, rows: Rows) -> int:
    """How many rows were added; a row whose key is already there is left alone."""
    if rows.count == 0:
        return 0
    cursor = connection.connection.cursor()
    try:
        return (_insert_embedded if connection.dialect.name == "sqlite" else _insert_server)(cursor, rows)
    finally:
        cursor.close()


def patients_seen(connection: Connection, table: Any, patients: Sequence[str]) -> list[str]:
    """Which of `patients` have rows in `table`."""
    cursor = connection.connection.cursor()
    _stage(cursor, connection.dialect.name, "wanted_patient", {"patient_id": list(patients)}, {"patient_id": Text()})
    exists = f'EXISTS (SELECT 1 FROM "{table.name}" AS t WHERE t.patient_id = w.patient_id)'
    cursor.execute(f"SELECT w.patient_id FROM wanted_patient AS w WHERE {exists}")
    seen = [row[0] for row in cursor.fetchall()]
    cursor.close()
    return seen


def versions_of(connection: Connection, table: Any, keys: pd.DataFrame) -> pd.DataFrame:
    """Every version of the wanted (patient_id, ref), with digest, resulted_at and told_at (microseconds)."""
    cursor, embedded = connection.connection.cursor(), connection.dialect.name == "sqlite"
    keys = keys.drop_duplicates()
    lists = {"patient_id": keys["patient_id"].to_numpy(object).tolist(), "ref": keys["ref"].tolist()}
    _stage(cursor, connection.dialect.name, "wanted_ref", lists, {"patient_id": Text(), "ref": BigInteger()})
    # without statistics SQLite would walk through all of a patient's rows for each key
    index = f"INDEXED BY ix_{table.name}_ref" if embedded else ""
    cursor.execute(
        f"SELECT t.patient_id, t.ref, t.version, t.digest, {_moment(table, 'resulted_at', embedded)}, "
        f"{_moment(table, 'told_at', embedded)} FROM wanted_ref AS w "
        f'CROSS JOIN "{table.name}" AS t {index} WHERE t.patient_id = w.patient_id AND t.ref = w.ref'
    )
    columns = list(zip(*cursor.fetchall(), strict=True)) or [()] * 6
    cursor.close()
    whole = dict(zip(("ref", "version", "digest", "resulted_at", "told_at"), columns[1:], strict=True))
    return pd.DataFrame(
        {"patient_id": pd.Series(columns[0], dtype="str")}
        | {name: pd.Series(values, dtype="int64") for name, values in whole.items()}
    )


def _moment(table: Any, name: str, embedded: bool) -> str:
    unknown = f"CAST('{UNKNOWN}' AS bigint)"
    if name not in table.columns:
        return unknown
    moment = f"t.{name}" if embedded else f"(extract(epoch from t.{name}) * 1000000)::bigint"
    return f"coalesce({moment}, {unknown})"


def _insert_embedded(cursor: Any, rows: Rows) -> int:
    # a value that is the same in every row is written into the statement: binding a column takes a 30th of the time
    literals = {name: literal for name, value in rows.same.items() if (literal := _literal(value)) is not None}
    bound = {name: value for name, value in rows.same.items() if name not in literals}
    columns = ", ".join(f'"{name}"' for name in (*rows.lists, *bound, *literals))
    places = ", ".join(["?"] * (len(rows.lists) + len(bound)) + list(literals.values()))
    tuples = zip(*rows.lists.values(), *(repeat(value, rows.count) for value in bound.values()), strict=True)
    statement = f'INSERT INTO "{rows.table.name}" ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING'
    cursor.executemany(statement, tuples if rows.lists or bound else repeat((), rows.count))
    return int(cursor.rowcount)


def _literal(value: Any) -> str | None:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return None


def _insert_server(cursor: Any, rows: Rows) -> int:
    kinds = {column.name: column.type for column in rows.table.columns}
    lists = rows.lists or {"place": [0] * rows.count}
    _stage(cursor, "postgresql", f"told_{rows.table.name}", lists, kinds | {"place": Integer()})
    columns = ", ".join(f'"{name}"' for name in (*rows.lists, *rows.same))
    told = [_server_value(f'r."{name}"', kinds[name]) for name in rows.lists]
    same = [_server_value(f"%s::{_server_kind(kinds[name])}", kinds[name]) for name in rows.same]
    cursor.execute(
        f'INSERT INTO "{rows.table.name}" ({columns}) SELECT {", ".join(told + same)} FROM told_{rows.table.name} AS r '
        "ON CONFLICT DO NOTHING",
        list(rows.same.values()),
    )
    return int(cursor.rowcount)


def _server_kind(kind: Any) -> str:
    if isinstance(kind, Instant | BigInteger):
        return "bigint"
    if isinstance(kind, Float):
        return "double precision"
    return "integer" if isinstance(kind, Integer) else "text"


def _server_value(expression: str, kind: Any) -> str:
    if isinstance(kind, Instant):
        return f"'epoch'::timestamptz + ({expression}) * interval '1 microsecond'"
    return f"nullif({expression}, 'NaN')" if isinstance(kind, Float) else expression


def _stage(cursor: Any, dialect: str, name: str, lists: dict[str, list[Any]], kinds: Mapping[str, Any]) -> None:
    """Lays columns beside the tables as a temporary table of their own, to be joined with."""
    columns = ", ".join(f'"{column}" {_server_kind(kinds[column])}' for column in lists)
    own = "temp" if dialect == "sqlite" else "pg_temp"
    cursor.execute(f"DROP TABLE IF EXISTS {own}.{name}")
    cursor.execute(f"CREATE TEMP TABLE {name} ({columns}) {'' if dialect == 'sqlite' else 'ON COMMIT DROP'}")
    if dialect == "sqlite":
        marks = ", ".join("?" * len(lists))
        cursor.executemany(f"INSERT INTO temp.{name} VALUES ({marks})", zip(*lists.values(), strict=True))
        return
    out = io.BytesIO()
    table = pa.table({column: pa.array(values, _arrow(kinds[column])) for column, values in lists.items()})
    csv.write_csv(table, out, csv.WriteOptions(include_header=False))
    with cursor.copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
        copy.write(out.getvalue())
    cursor.execute(f"ANALYZE {name}")


def _arrow(kind: Any) -> pa.DataType:
    if isinstance(kind, Float):
        return pa.float64()
    return pa.int64() if isinstance(kind, Instant | Integer) else pa.large_string()
