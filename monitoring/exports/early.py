"""The first rows of a CSV table: patients who show its columns stand first, and what none of them shows is told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.exports.cells import cell_lines
from monitoring.exports.fields import Table
from monitoring.exports.leading import EARLY, leading
from monitoring.exports.lines import Lines

LATE = (
    "In the first {rows} rows of {table}.csv these columns are empty, so that polars takes them for text unless it is "
    "told infer_schema_length=None: {columns}."
)


@dataclass(frozen=True)
class Shown:
    """
    Rows as lines of CSV, and which columns that are no text hold something: in any row (`held`), and in each of the
    first (`first`, rows by columns).
    """

    lines: Lines
    held: np.ndarray
    first: np.ndarray

    def __len__(self) -> int:
        return len(self.lines)

    def whole(self) -> Shown:
        """The same with all of its lines made, so that another process can be sent them."""
        made = Lines(tuple(bytes(piece) for piece in self.lines.pieces), len(self.lines))
        return Shown(made, self.held, self.first)


def shown(frame: pd.DataFrame, table: Table, *, leads: bool) -> Shown:
    """`leads`: these rows are the first of the file, and come in the order of `leading`."""
    filled = frame[_typed(table)].notna().to_numpy()
    order = leading(pd.factorize(frame["patient_id"])[0], filled) if leads else None
    if order is not None:
        frame, filled = frame.take(order), filled[order]
    return Shown(cell_lines(frame), np.logical_or.reduce(filled), filled[:EARLY])


def _typed(table: Table) -> list[str]:
    return [one.name for one in table.fields if one.type != "string"]


class Early:
    """Of one table, part by part; `late` is right after the last."""

    def __init__(self, table: Table) -> None:
        self._table, self._typed = table, _typed(table)
        self._rows = 0
        self._shown, self._held = set[str](), set[str]()

    def led(self, told: Shown | pd.DataFrame) -> Lines:
        """The next rows."""
        told = shown(told, self._table, leads=not self._rows) if isinstance(told, pd.DataFrame) else told
        self._held |= self._names(told.held)
        self._shown |= self._names(np.logical_or.reduce(told.first[: max(EARLY - self._rows, 0)]))
        self._rows += len(told)
        return told.lines

    def _names(self, filled: np.ndarray) -> set[str]:
        return {name for name, there in zip(self._typed, filled, strict=True) if there}

    @property
    def late(self) -> str:
        """One sentence, or nothing."""
        columns = [name for name in self._typed if name in self._held - self._shown]
        return LATE.format(rows=EARLY, table=self._table.name, columns=", ".join(columns)) if columns else ""
