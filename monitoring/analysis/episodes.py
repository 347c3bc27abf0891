"""From signals along a series to stretches in which a flag held: on at +1, off at -1, else as it was before."""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = [
    "patient_id",
    "flag",
    "severity",
    "began_at",
    "raised_at",
    "cleared_at",
    "first",
    "turn",
    "now",
    "end",
    "why",
]


def states(signal: np.ndarray, series: np.ndarray) -> np.ndarray:
    """1 where the last thing said in the series was +1, -1 where it was -1, 0 where nothing was said yet."""
    place = np.arange(len(signal))
    last = np.maximum.accumulate(np.where(signal != 0, place, -1)) if len(signal) else place
    begins = np.searchsorted(series, series)
    return np.where(last >= begins, signal[np.maximum(last, 0)], 0)


def episodes(
    points: pd.DataFrame,
    signal: np.ndarray,
    *,
    first: np.ndarray,
    turn: np.ndarray,
    known: np.ndarray,
    urgent: np.ndarray,
    known_at: np.ndarray | None = None,
) -> pd.DataFrame:
    """
    One row a stretch: patient_id, began_at (the turn of the line that raised it), raised_at (when that could be known),
    cleared_at (NaT while it holds), urgent (at its worst), and positions in `points`: first..now (the newest line that
    speaks for it), turn (from where that line goes), end (what ended it, -1 if nothing did). `known_at` (datetime64):
    when all that a point's signal rests on was received, where that is more than the values `known` points at.
    """
    series = points["series"].to_numpy()
    on = states(signal, series) == 1
    new_series = np.r_[True, series[1:] != series[:-1]] if len(series) else np.zeros(0, dtype=bool)
    before = np.r_[False, on[:-1]] & ~new_series if len(on) else on
    at = np.flatnonzero(on & ~before)
    end = _ends(on, before, series, at)
    number = np.cumsum(on & ~before) - 1
    now = at.copy()
    said = np.flatnonzero(on & (signal == 1))
    now[number[said]] = said
    received = points["received_at"]
    raised = pd.Series(np.maximum(received.iloc[at].to_numpy(), received.iloc[known[at]].to_numpy()))
    if known_at is not None:
        raised = raised.clip(lower=pd.Series(known_at[at]).dt.tz_localize("UTC"))
    return pd.DataFrame(
        {
            "patient_id": points["patient_id"].iloc[at].to_numpy(),
            "began_at": points["collected_at"].iloc[turn[at]].array,
            "raised_at": raised.array,
            "cleared_at": _cleared(received, end, raised),
            "urgent": np.bincount(number[said[urgent[said]]], minlength=len(at)) > 0,
            "first": first[now],
            "turn": turn[now],
            "now": now,
            "end": end,
        }
    )


def _ends(on: np.ndarray, before: np.ndarray, series: np.ndarray, at: np.ndarray) -> np.ndarray:
    """For each stretch the point that ended it, -1 where it still holds at the end of its series."""
    off = np.flatnonzero(before & ~on)
    place = np.searchsorted(off, at)
    found = off[np.minimum(place, max(len(off) - 1, 0))] if len(off) else np.full(len(at), -1)
    fits = (place < len(off)) & (series[np.maximum(found, 0)] == series[at])
    return np.where(fits, found, -1)


def _cleared(received: pd.Series, end: np.ndarray, raised: pd.Series) -> pd.Series:
    ended = received.iloc[np.maximum(end, 0)].reset_index(drop=True) if len(end) else received.iloc[:0]
    later = ended.where(ended >= raised, raised) if len(end) else ended
    return later.where(pd.Series(end >= 0), pd.NaT)
