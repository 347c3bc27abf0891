"""Set-based work straight through the driver, the same for both engines: insert columns, look keys up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import pandas as pd
from sqlalchemy import BigInteger, Connection, Float, Integer

from storage.columns import Rows
from storage.instants import Instant

_EPOCH = "'epoch'::timestamptz + {0} * interval '1 microsecond'"


def insert(connection: Connection, rows: Rows) -> int:
    """How many rows were added; a row whose key is already there is left alone."""
    if rows.count == 0:
        return 0
    cursor = connection.connection.cursor()
    try:
        return (_insert_embedded if connection.dialect.name == "sqlite" else _insert_server)(cursor, rows)
    finally:
        cursor.close()


def _insert_embedded(cursor: Any, rows: Rows) -> int:
    # a value that is the same in every row is written into the statement: binding it again costs a quarter of a row
    literals = {name: _literal(value) for name, value in rows.same.items()}
    bound = [repeat(rows.same[name]) for name, literal in literals.items() if literal is None]
    names = [*rows.lists, *(name for name, literal in literals.items() if literal is None)]
    fixed = {name: literal for name, literal in literals.items() if literal is not None}
    columns = ", ".join(f'"{name}"' for name in [*names, *fixed])
    places = ", ".join(["?"] * len(names) + list(fixed.values()))
    statement = f'INSERT INTO "{rows.table.name}" ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING'
    if not names:
        return int(cursor.execute(statement).rowcount)
    tuples = zip(*rows.lists.values(), *bound, strict=False) if rows.lists else [tuple(map(next, bound))]
    cursor.executemany(statement, tuples)
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
    arrays = ", ".join(f"%s::{_server_kind(kinds[name])}[]" for name in rows.lists) or "%s::integer[]"
    given = ", ".join(f'"{name}"' for name in rows.lists) or "nothing"
    columns = ", ".join(f'"{name}"' for name in [*rows.lists, *rows.same])
    chosen = [_server_value(f'r."{name}"', kinds[name]) for name in rows.lists]
    fixed = [_server_value(f"%s::{_server_kind(kinds[name])}", kinds[name]) for name in rows.same]
    cursor.execute(
        f'INSERT INTO "{rows.table.name}" ({columns}) SELECT {", ".join(chosen + fixed)} '
        f"FROM unnest({arrays}) AS r({given}) ON CONFLICT DO NOTHING",
        [*rows.same.values(), *(list(rows.lists.values()) or [[1]])],
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
        return _EPOCH.format(f"({expression})")
    return f"nullif({expression}, 'NaN')" if isinstance(kind, Float) else expression


def patients_seen(connection: Connection, table: Any, patients: Sequence[str]) -> list[str]:
    """Which of `patients` have rows in `table`."""
    cursor = connection.connection.cursor()
    wanted = _wanted(cursor, connection.dialect.name, {"patient_id": list(patients)})
    exists = f'EXISTS (SELECT 1 FROM "{table.name}" AS t WHERE t.patient_id = w.patient_id)'
    cursor.execute(f"SELECT w.patient_id FROM {wanted[0]} WHERE {exists}", wanted[1])
    seen = [row[0] for row in cursor.fetchall()]
    cursor.close()
    return seen


def versions_of(connection: Connection, table: Any, keys: pd.DataFrame) -> pd.DataFrame:
    """Every version of the wanted (patient_id, ref): patient_id, ref, version, digest, resulted_at (microseconds)."""
    cursor = connection.connection.cursor()
    keys = keys.drop_duplicates()
    lists = {"patient_id": keys["patient_id"].to_numpy(object).tolist(), "ref": keys["ref"].tolist()}
    wanted = _wanted(cursor, connection.dialect.name, lists)
    # without statistics SQLite would walk through all of a patient's rows for each key
    index = f"INDEXED BY ix_{table.name}_ref" if connection.dialect.name == "sqlite" else ""
    cursor.execute(
        f"SELECT t.patient_id, t.ref, t.version, t.digest, {_issued(table, connection.dialect.name)} FROM {wanted[0]} "
        f'CROSS JOIN "{table.name}" AS t {index} WHERE t.patient_id = w.patient_id AND t.ref = w.ref',
        wanted[1],
    )
    known = pd.DataFrame(cursor.fetchall(), columns=["patient_id", "ref", "version", "digest", "resulted_at"])
    cursor.close()
    return known


def _issued(table: Any, dialect: str) -> str:
    if "resulted_at" not in table.columns:
        return "NULL"
    return "t.resulted_at" if dialect == "sqlite" else "(extract(epoch from t.resulted_at) * 1000000)::bigint"


def _wanted(cursor: Any, dialect: str, lists: dict[str, list[Any]]) -> tuple[str, list[Any]]:
    """Keys laid beside the table as a table of their own, `w`: one join instead of a query for each."""
    names = ", ".join(lists)
    if dialect != "sqlite":
        arrays = ", ".join(f"%s::{'text' if name == 'patient_id' else 'bigint'}[]" for name in lists)
        return f"unnest({arrays}) AS w({names})", list(lists.values())
    stage = "wanted_" + "_".join(lists)
    cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {stage} ({names})")
    cursor.execute(f"DELETE FROM {stage}")
    marks = ", ".join("?" * len(lists))
    cursor.executemany(f"INSERT INTO {stage} VALUES ({marks})", zip(*lists.values(), strict=True))
    return f"temp.{stage} AS w", []
