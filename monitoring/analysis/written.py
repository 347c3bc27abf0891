"""Values as JSON and sentences need them: no NaN, no naive time, no false precision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd


def rounded(value: Any, digits: int) -> float | None:
    """A number or null; a missing number is never 0."""
    return None if value is None or pd.isna(value) else round(float(value), digits)


def iso(moment: Any) -> str | None:
    return None if pd.isna(moment) else pd.Timestamp(moment).isoformat()


def moment(value: datetime | pd.Timestamp) -> pd.Timestamp:
    told = pd.Timestamp(value)
    if told.tzinfo is None:
        raise ValueError("a judgement needs a moment with its time zone")
    return told.tz_convert("UTC")


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Each row as plain values: numbers, texts, None; times as ISO text, but for `t0`, which is part of a key."""
    columns = {str(name): plain(frame[name]) for name in frame.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def plain(column: pd.Series) -> list[Any]:
    if column.name != "t0" and isinstance(column.dtype, pd.DatetimeTZDtype):
        return _iso_texts(column)
    values, missing = column.to_numpy(dtype=object), column.isna().to_numpy()
    if missing.any():
        values = values.copy()
        values[missing] = None
    return list(values.tolist())


def _iso_texts(column: pd.Series) -> list[Any]:
    """To the second, UTC; None where there is no time."""
    plain_times = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[s]")
    texts = np.datetime_as_string(plain_times, unit="s")
    return [None if text == "NaT" else f"{text}+00:00" for text in texts.tolist()]
