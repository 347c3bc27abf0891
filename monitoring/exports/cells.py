"""
A table as the cells of a CSV file: moments as ISO 8601, texts that no program takes for anything else, and what was
reported with its unit, so that nobody takes it for a number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from monitoring.csv_marks import harmless
from monitoring.exports.marking import marked
from monitoring.exports.worded import UNIT_OF, WITHOUT

TRUTHS = {True: "TRUE", False: "FALSE"}
KEYED = {"value_id", "dose_id", "finding_id"}  # sixteen signs of which some are letters in all but one of 2,000


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Moments and texts as they are written for a spreadsheet; numbers and truths untouched."""
    return _told(frame, lambda _, column: harmless(column))


def as_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The same of a table of the export: whoever reads it without arguments, R too, takes nothing for anything else."""
    truths = {str(name): column.map(TRUTHS) for name, column in frame.select_dtypes("boolean").items()}
    return _told(frame, _cells).assign(**truths)


def _told(frame: pd.DataFrame, mark: Callable[[str, pd.Series], pd.Series]) -> pd.DataFrame:
    frame = frame.assign(**{name: _worded(frame, name) for name in UNIT_OF if name in frame})
    moments, texts = (frame.select_dtypes(kind) for kind in ("datetimetz", "str"))
    told: dict[Any, pd.Series] = {name: _iso(column) for name, column in moments.items()}
    told |= {name: mark(str(name), column) for name, column in texts.items()}
    return frame.assign(**told)


def _cells(name: str, column: pd.Series) -> pd.Series:
    """Each text looked at once, however many rows have it."""
    if name in KEYED:
        return column
    codes, each = pd.factorize(column)
    texts = pa.array(each.tolist(), pa.string())
    told = marked(texts, name)
    if told is texts:
        return column
    return pd.Series(pd.array([*told.to_pylist(), None], dtype="str")[codes], index=column.index)  # -1: missing


def _worded(frame: pd.DataFrame, name: str) -> pd.Series:
    """See monitoring.exports.worded; what is missing stays missing."""
    units = frame[UNIT_OF[name]]
    return frame[name] + " " + units.where(units.str.strip().fillna("").ne(""), WITHOUT)


def _iso(times: pd.Series) -> pd.Series:
    """With microseconds only where there are any; an absent one as nothing."""
    whole = times.dt.microsecond.fillna(0).eq(0)
    seconds = times.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    if not whole.all():
        seconds = seconds.where(whole, times.dt.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"))
    return seconds.where(times.notna(), "")
