"""
A table as the cells of a CSV file: moments as ISO 8601, texts that no spreadsheet takes for a formula, and what was
reported with its unit, so that nobody takes it for a number.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from monitoring.csv_marks import harmless
from monitoring.exports.worded import UNIT_OF, WITHOUT


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Moments and texts as they are written; numbers and truths untouched."""
    frame = frame.assign(**{name: _worded(frame, name) for name in UNIT_OF if name in frame})
    moments, texts = (frame.select_dtypes(kind) for kind in ("datetimetz", "str"))
    told: dict[Any, pd.Series] = {name: _iso(column) for name, column in moments.items()}
    told |= {name: harmless(column) for name, column in texts.items()}
    return frame.assign(**told)


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
