"""Rows for any table, with what a column of its kind may hold at worst."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, Integer, LargeBinary, Table

from storage.copying import tables
from storage.engine import Store
from storage.instants import Instant
from tests.storage.facts import HOUR, MORNING

ROWS = 3
TEXTS = ["", 'a "quoted" word, and\nanother line', "µg/L – Müller 'x' \\N"]
NUMBERS = [0.1 + 0.2, None, 1e-300]


def value(column: Any, row: int) -> Any:
    """Something of the column's kind, other in each row; nothing where the column may hold nothing."""
    if column.nullable and row == 1:
        return None
    if isinstance(column.type, Instant):
        return MORNING + row * HOUR
    if isinstance(column.type, LargeBinary):
        return bytes(range(256)) * (row + 1)
    if isinstance(column.type, Float):
        return NUMBERS[row] if column.nullable else float(row)
    if isinstance(column.type, Integer):
        return -(2**31) + row
    return f"{column.name}{row}" if column.primary_key else TEXTS[row]


def filled(table: Table) -> list[dict[str, Any]]:
    return [{column.name: value(column, row) for column in table.columns} for row in range(ROWS)]


def fill(store: Store) -> None:
    """ROWS rows in every table."""
    with store.writing() as connection:
        for table in tables():
            connection.execute(table.insert(), filled(table))
