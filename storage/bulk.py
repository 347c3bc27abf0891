"""Set-based work straight through the driver, on either engine: insert columns, look keys up by a join."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from sqlalchemy import BigInteger, Connection, Text

from storage import wire
from storage.columns import UNKNOWN, Rows, listed
from storage.errors import TWICE, StoreError
from storage.instants import Instant

LEFT_ALONE = "ON CONFLICT DO NOTHING"


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


def patients_seen(connection: Connection, table: Any, patients: Sequence[str]) -> list[str]:
    """Which of `patients` have rows in `table`."""
    cursor = connection.connection.cursor()
    _stage(cursor, connection.dialect.name, "wanted_patient", {"patient_id": _texts(patients)}, {"patient_id": Text()})
    exists = f'EXISTS (SELECT 1 FROM "{table.name}" AS t WHERE t.patient_id = w.patient_id)'
    seen = _looked_up(cursor, connection.dialect.name, f"SELECT w.patient_id FROM wanted_patient AS w WHERE {exists}")
    cursor.close()
    return [patient for (patient,) in seen]


def versions_of(connection: Connection, table: Any, keys: pd.DataFrame) -> pd.DataFrame:
    """Every version of the wanted (patient_id, ref), with digest, resulted_at and told_at (microseconds)."""
    cursor, embedded = connection.connection.cursor(), connection.dialect.name == "sqlite"
    keys = _once_in_order(keys)
    arrays = {"patient_id": _texts(keys["patient_id"]), "ref": pa.array(keys["ref"].to_numpy())}
    _stage(cursor, connection.dialect.name, "wanted_ref", arrays, {"patient_id": Text(), "ref": BigInteger()})
    # without statistics SQLite would walk through all of a patient's rows for each key
    index = f"INDEXED BY ix_{table.name}_ref" if embedded else ""
    known = _looked_up(
        cursor, connection.dialect.name,
        f"SELECT t.patient_id, t.ref, t.version, t.digest, {_moment(table, 'resulted_at', embedded)}, "
        f"{_moment(table, 'told_at', embedded)} FROM wanted_ref AS w "
        f'CROSS JOIN "{table.name}" AS t {index} WHERE t.patient_id = w.patient_id AND t.ref = w.ref',
    )  # fmt: skip
    columns = list(zip(*known, strict=True)) or [()] * 6
    cursor.close()
    whole = dict(zip(("ref", "version", "digest", "resulted_at", "told_at"), columns[1:], strict=True))
    return pd.DataFrame(
        {"patient_id": pd.Series(columns[0], dtype="str")}
        | {name: pd.Series(values, dtype="int64") for name, values in whole.items()}
    )


def _looked_up(cursor: Any, dialect: str, statement: str) -> list[tuple[Any, ...]]:
    """Key by key in the index; a server would rather read the whole table, longer the more was ever kept."""
    if dialect == "sqlite":
        return list(cursor.execute(statement))
    for way in ("hashjoin", "mergejoin"):
        cursor.execute(f"SET LOCAL enable_{way} TO off")
    rows = list(cursor.execute(statement))
    for way in ("hashjoin", "mergejoin"):
        cursor.execute(f"SET LOCAL enable_{way} TO DEFAULT")
    return rows


def _once_in_order(keys: pd.DataFrame) -> pd.DataFrame:
    """Each key once, in the order of the index that it is looked up in: each page of it is read once."""
    patients, _ = pd.factorize(keys["patient_id"], sort=True)
    refs = keys["ref"].to_numpy()
    order = np.lexsort((refs, patients))
    patients, refs = patients[order], refs[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (patients[1:] != patients[:-1]) | (refs[1:] != refs[:-1])
    return keys.iloc[order[first]]


def _texts(values: Any) -> pa.Array:
    texts = pa.array(values, pa.large_string(), from_pandas=True)
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def _moment(table: Any, name: str, embedded: bool) -> str:
    unknown = f"CAST('{UNKNOWN}' AS bigint)"
    if name not in table.columns:
        return unknown
    moment = f"t.{name}" if embedded else f"(extract(epoch from t.{name}) * 1000000)::bigint"
    return f"coalesce({moment}, {unknown})"


def _insert_embedded(cursor: Any, rows: Rows, twice: str = LEFT_ALONE) -> int:
    # a value that is the same in every row is written into the statement: binding a column takes a 30th of the time
    literals = {name: literal for name, value in rows.same.items() if (literal := _literal(value)) is not None}
    bound = {name: value for name, value in rows.same.items() if name not in literals}
    columns = ", ".join(f'"{name}"' for name in (*rows.arrays, *bound, *literals))
    places = ", ".join(["?"] * (len(rows.arrays) + len(bound)) + list(literals.values()))
    lists = [listed(array) for array in rows.arrays.values()]
    tuples = zip(*lists, *(repeat(value, rows.count) for value in bound.values()), strict=True)
    statement = f'INSERT INTO "{rows.table.name}" ({columns}) VALUES ({places}) {twice}'
    cursor.executemany(statement, tuples if rows.arrays or bound else repeat((), rows.count))
    return int(cursor.rowcount)


def _literal(value: Any) -> str | None:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return None


def _insert_server(cursor: Any, rows: Rows, twice: str) -> int:
    """By way of a table beside: COPY itself cannot leave a row alone whose key is there."""
    kinds = {column.name: column.type for column in rows.table.columns}
    arrays = rows.arrays or {"place": pa.nulls(rows.count, pa.int64())}
    _stage(cursor, "postgresql", f"told_{rows.table.name}", arrays, kinds | {"place": BigInteger()})
    columns = ", ".join(f'"{name}"' for name in (*rows.arrays, *rows.same))
    told = [_server_value(f'r."{name}"', kinds[name]) for name in rows.arrays]
    same = [_server_value(f"%s::{_server_kind(kinds[name])}", kinds[name]) for name in rows.same]
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


def _server_value(expression: str, kind: Any) -> str:
    if isinstance(kind, Instant):
        return f"'epoch'::timestamptz + ({expression}) * interval '1 microsecond'"
    return expression


def _stage(cursor: Any, dialect: str, name: str, arrays: Mapping[str, pa.Array], kinds: Mapping[str, Any]) -> None:
    """Lays columns beside the tables as a temporary table of their own, to be joined with."""
    columns = ", ".join(f'"{column}" {_server_kind(kinds[column])}' for column in arrays)
    own = "temp" if dialect == "sqlite" else "pg_temp"
    cursor.execute(f"DROP TABLE IF EXISTS {own}.{name}")
    cursor.execute(f"CREATE TEMP TABLE {name} ({columns}) {'' if dialect == 'sqlite' else 'ON COMMIT DROP'}")
    if dialect == "sqlite":
        marks = ", ".join("?" * len(arrays))
        lists = [listed(array) for array in arrays.values()]
        cursor.executemany(f"INSERT INTO temp.{name} VALUES ({marks})", zip(*lists, strict=True))
        return
    count = len(next(iter(arrays.values())))
    _copy(cursor, name, Rows(None, count, dict(arrays), {}), {column: _server_kind(kinds[column]) for column in arrays})
    cursor.execute(f"ANALYZE {name}")


def _copy(cursor: Any, table: str, rows: Rows, kinds: Mapping[str, str]) -> None:
    arrays = wire.in_order(rows.arrays, kinds)
    names = ", ".join(f'"{name}"' for name in (*arrays, *rows.same))
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as copy:
        for piece in wire.copied(arrays, kinds, rows.same, rows=rows.count):
            copy.write(piece)
