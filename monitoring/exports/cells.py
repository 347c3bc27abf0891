"""A table as the cells of a CSV file: moments as ISO 8601, and texts that no spreadsheet takes for a formula."""

from __future__ import annotations

from typing import Any

import pandas as pd

from monitoring.csv_marks import harmless


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Moments and texts as they are written; numbers and truths untouched."""
    moments, texts = (frame.select_dtypes(kind) for kind in ("datetimetz", "str"))
    told: dict[Any, pd.Series] = {name: _iso(column) for name, column in moments.items()}
    told |= {name: harmless(column) for name, column in texts.items()}
    return frame.assign(**told)


def _iso(times: pd.Series) -> pd.Series:
    """With microseconds only where there are any; an absent one as nothing."""
    whole = times.dt.microsecond.fillna(0).eq(0)
    seconds = times.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    if not whole.all():
        seconds = seconds.where(whole, times.dt.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"))
    return seconds.where(times.notna(), "")
