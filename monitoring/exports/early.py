"""The first rows of a CSV table: patients who show its columns stand first, and what none of them shows is told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from monitoring.exports.fields import Table
from monitoring.exports.leading import EARLY, leading

LATE = (
    "In the first {rows} rows of {table}.csv these columns are empty, so that polars takes them for text unless it is "
    "told infer_schema_length=None: {columns}."
)


class Early:
    """Of one table, part by part; `late` is right after the last."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._typed = [one.name for one in table.fields if one.type != "string"]
        self._rows = 0
        self._shown, self._held = set[str](), set[str]()

    def led(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The next rows; of the first of all in the order of `leading`."""
        filled = frame[self._typed].notna().to_numpy()
        order = leading(pd.factorize(frame["patient_id"])[0], filled) if not self._rows else None
        if order is not None:
            frame, filled = frame.iloc[order], filled[order]
        self._held |= self._names(filled)
        self._shown |= self._names(filled[: max(EARLY - self._rows, 0)])
        self._rows += len(frame)
        return frame

    def _names(self, filled: np.ndarray) -> set[str]:
        return {name for name, there in zip(self._typed, np.logical_or.reduce(filled), strict=True) if there}

    @property
    def late(self) -> str:
        """One sentence, or nothing."""
        columns = [name for name in self._typed if name in self._held - self._shown]
        return LATE.format(rows=EARLY, table=self._table.name, columns=", ".join(columns)) if columns else ""
