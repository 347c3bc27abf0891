"""Set-based work straight through the driver, on either engine: insert columns, look keys up by a join."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import chain, repeat
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from sqlalchemy import BigInteger, Connection

from storage import wire
from storage.columns import Rows, listed
from storage.errors import TWICE, StoreError
from storage.instants import Instant

LEFT_ALONE = "ON CONFLICT DO NOTHING"
# rows a statement: within one SQLite goes on where it is in its trees, for each new one it begins at their roots
TOGETHER = 100
LONGEST = 200  # of a text that is written into a statement, whose own length has an end


def insert(connection: Connection, rows: Rows, twice: str = LEFT_ALONE) -> int:
    """How many rows were added; a row whose key is already there is left alone, or what else `twice` says."""
    way = _insert_embedded if connection.dialect.name == "sqlite" else _insert_server
    return _added(connection, rows, partial(way, twice=twice))


def insert_new(connection: Connection, rows: Rows) -> int:
    """The same for rows none of whose keys should be there, the fastest way that the store has; else a StoreError."""
    added = _added(connection, rows, _insert_embedded if connection.dialect.name == "sqlite" else _copy_server)
    if added != rows.count:
        raise StoreError(str(TWICE))
    return added


def _added(connection: Connection, rows: Rows, way: Callable[[Any, Rows], int]) -> int:
    if rows.count == 0:
        return 0
    cursor = connection.connection.cursor()
    try:
        return way(cursor, rows)
    finally:
        cursor.close()


def looked_up(cursor: Any, dialect: str, statement: str) -> list[tuple[Any, ...]]:
    """Key by key in the index; a server would rather read the whole table, longer the more was ever kept."""
    if dialect == "sqlite":
        return list(cursor.execute(statement))
    for way in ("hashjoin", "mergejoin"):
        cursor.execute(f"SET LOCAL enable_{way} TO off")
    rows = list(cursor.execute(statement))
    for way in ("hashjoin", "mergejoin"):
        cursor.execute(f"SET LOCAL enable_{way} TO DEFAULT")
    return rows


def _insert_embedded(cursor: Any, rows: Rows, twice: str = LEFT_ALONE) -> int:
    told = {name: listed(array) for name, array in rows.arrays.items()}
    return _put(cursor, f'"{rows.table.name}"', told, rows.same, twice, count=rows.count)


def _put(
    cursor: Any, table: str, told: Mapping[str, list[Any]], same: Mapping[str, Any], twice: str, *, count: int
) -> int:  # fmt: skip
    """How many rows were added: by the hundred, then what is left."""
    limit = cursor.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) - len(same)
    together = max(1, min(TOGETHER, limit // max(len(told), 1)))
    whole = count - count % together
    added, lists, alike = 0, [*told.values()], [*same.values()]
    statement = _inserting(table, told, same, twice, rows=together) if whole else ""
    for start in range(0, whole, together):
        columns = (values[start : start + together] for values in lists)
        cursor.execute(statement, [*chain.from_iterable(columns), *alike])
        added += cursor.rowcount
    if whole < count:
        rest = {name: values[whole:] for name, values in told.items()}
        added += _put_each(cursor, table, rest, same, twice, count=count - whole)
    return added


def _inserting(table: str, told: Iterable[str], same: Iterable[str], twice: str, *, rows: int) -> str:
    """
    The statement for so many rows: first the first column of all of them, then the second, at last what is the same in
    all. It is the same for every batch, so that the driver keeps one of it.
    """
    names = [*told, *same]
    varied = len(names) - len([*same])
    marks = [[f"?{place * rows + row + 1}" for place in range(varied)] for row in range(rows)]
    rest = [f"?{varied * rows + place + 1}" for place in range(len(names) - varied)]
    values = ", ".join("(" + ", ".join([*row, *rest]) + ")" for row in marks)
    columns = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table} ({columns}) VALUES {values} {twice}"


def _put_each(
    cursor: Any, table: str, told: Mapping[str, list[Any]], same: Mapping[str, Any], twice: str, *, count: int
) -> int:  # fmt: skip
    """Of few rows each by itself: the statement is short, and one prepared for as many would serve no other batch."""
    # a value that is the same in every row is written into the statement: binding a column takes a 30th of the time
    literals = {name: literal for name, value in same.items() if (literal := _literal(value)) is not None}
    bound = {name: value for name, value in same.items() if name not in literals}
    columns = ", ".join(f'"{name}"' for name in (*told, *bound, *literals))
    places = ", ".join(["?"] * (len(told) + len(bound)) + list(literals.values()))
    tuples = zip(*told.values(), *(repeat(value, count) for value in bound.values()), strict=True)
    statement = f"INSERT INTO {table} ({columns}) VALUES ({places}) {twice}"
    cursor.executemany(statement, tuples if told or bound else repeat((), count))
    return int(cursor.rowcount)


def _literal(value: Any) -> str | None:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and len(value) <= LONGEST and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return None


def _insert_server(cursor: Any, rows: Rows, twice: str) -> int:
    """By way of a table beside: COPY itself cannot leave a row alone whose key is there."""
    kinds = {column.name: column.type for column in rows.table.columns}
    arrays = rows.arrays or {"place": pa.nulls(rows.count, pa.int64())}
    stage(cursor, "postgresql", f"told_{rows.table.name}", arrays, kinds | {"place": BigInteger()})
    columns = ", ".join(f'"{name}"' for name in (*rows.arrays, *rows.same))
    told = [server_value(f'r."{name}"', kinds[name]) for name in rows.arrays]
    same = [server_value(f"%s::{_server_kind(kinds[name])}", kinds[name]) for name in rows.same]
    cursor.execute(
        f'INSERT INTO "{rows.table.name}" ({columns}) SELECT {", ".join(told + same)} FROM told_{rows.table.name} AS r '
        f"{twice}",
        list(rows.same.values()),
    )
    return int(cursor.rowcount)


def _copy_server(cursor: Any, rows: Rows) -> int:
    kinds = {column.name: wire.kind_of(column.type) for column in rows.table.columns}
    _copy(cursor, f'"{rows.table.name}"', rows, kinds)
    return int(cursor.rowcount)


def in_hex(array: pa.Array) -> pa.Array:
    """Bytes as a server reads them in text."""
    return pa.array([None if each is None else "\\x" + each.hex() for each in array.to_pylist()], pa.large_string())


def _server_kind(kind: Any) -> str:
    """Of a column that is laid beside the tables: moments stay whole numbers there."""
    return "bigint" if isinstance(kind, Instant) else wire.kind_of(kind)


def server_value(expression: str, kind: Any) -> str:
    if isinstance(kind, Instant):
        return f"'epoch'::timestamptz + ({expression}) * interval '1 microsecond'"
    return expression


def stage(cursor: Any, dialect: str, name: str, arrays: Mapping[str, pa.Array], kinds: Mapping[str, Any]) -> None:
    """Lays columns beside the tables as a temporary table of their own, to be joined with."""
    columns = ", ".join(f'"{column}" {_server_kind(kinds[column])}' for column in arrays)
    own = "temp" if dialect == "sqlite" else "pg_temp"
    cursor.execute(f"DROP TABLE IF EXISTS {own}.{name}")
    cursor.execute(f"CREATE TEMP TABLE {name} ({columns}) {'' if dialect == 'sqlite' else 'ON COMMIT DROP'}")
    count = len(next(iter(arrays.values())))
    if dialect == "sqlite":
        _put(cursor, f"temp.{name}", {one: listed(array) for one, array in arrays.items()}, {}, "", count=count)
        return
    _copy(cursor, name, Rows(None, count, dict(arrays), {}), {column: _server_kind(kinds[column]) for column in arrays})
    cursor.execute(f"ANALYZE {name}")


def _copy(cursor: Any, table: str, rows: Rows, kinds: Mapping[str, str]) -> None:
    arrays = wire.in_order(rows.arrays, kinds)
    names = ", ".join(f'"{name}"' for name in (*arrays, *rows.same))
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as copy:
        for piece in wire.copied(arrays, kinds, rows.same, rows=rows.count):
            copy.write(piece)
