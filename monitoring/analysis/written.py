"""Values as JSON and sentences need them: no NaN, no naive time, no false precision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd


def clean(value: Any) -> float | None:
    """A number or null; a missing number is never 0."""
    return None if pd.isna(value) else float(value)


def rounded(value: Any, digits: int) -> float | None:
    return None if pd.isna(value) else round(float(value), digits)


def iso(moment: Any) -> str | None:
    return None if pd.isna(moment) else pd.Timestamp(moment).isoformat()


def moment(value: datetime | pd.Timestamp) -> pd.Timestamp:
    told = pd.Timestamp(value)
    if told.tzinfo is None:
        raise ValueError("a judgement needs a moment with its time zone")
    return told.tz_convert("UTC")
