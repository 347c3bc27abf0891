"""From signals along a series to stretches in which a flag held: on at +1, off at -1, else as it was before."""

from __future__ import annotations

import numpy as np

from monitoring.analysis.columns import NEVER, Table


def states(signal: np.ndarray, series: np.ndarray) -> np.ndarray:
    """1 where the last thing said in the series was +1, -1 where it was -1, 0 where nothing was said yet."""
    place = np.arange(len(signal))
    last = np.maximum.accumulate(np.where(signal != 0, place, -1)) if len(signal) else place
    begins = np.searchsorted(series, series)
    return np.where(last >= begins, signal[np.maximum(last, 0)], 0)


def episodes(
    points: Table,
    signal: np.ndarray,
    *,
    first: np.ndarray,
    turn: np.ndarray,
    known: np.ndarray,
    urgent: np.ndarray,
    known_at: np.ndarray | None = None,
) -> Table:
    """
    One entry a stretch: `at`, the position in `points` of the value that raised it, began_at (the turn of the line that
    raised it), raised_at (when that could be known), cleared_at (NaT while it holds), urgent (at its worst), and
    positions: first..now (the newest line that speaks for it), turn (from where that line goes), end (what ended it, -1
    if nothing did). `points`: series, received_at and collected_at. `known_at`: when all that a point's signal rests on
    was received, where that is more than the values `known` points at.
    """
    series, received = points["series"], points["received_at"]
    on = states(signal, series) == 1
    new_series = np.r_[True, series[1:] != series[:-1]] if len(series) else np.zeros(0, dtype=bool)
    before = np.r_[False, on[:-1]] & ~new_series if len(on) else on
    at = np.flatnonzero(on & ~before)
    end = _ends(on, before, series, at)
    number = np.cumsum(on & ~before) - 1
    now = at.copy()
    said = np.flatnonzero(on & (signal == 1))
    now[number[said]] = said
    raised = np.maximum(received[at], received[known[at]])
    if known_at is not None:
        raised = np.maximum(raised, known_at[at])
    return {
        "at": at,
        "began_at": points["collected_at"][turn[at]],
        "raised_at": raised,
        "cleared_at": np.where(end >= 0, np.maximum(received[np.maximum(end, 0)], raised), NEVER)
        if len(end)
        else received[:0],
        "urgent": np.bincount(number[said[urgent[said]]], minlength=len(at)) > 0,
        "first": first[now],
        "turn": turn[now],
        "now": now,
        "end": end,
    }


def _ends(on: np.ndarray, before: np.ndarray, series: np.ndarray, at: np.ndarray) -> np.ndarray:
    """For each stretch the point that ended it, -1 where it still holds at the end of its series."""
    off = np.flatnonzero(before & ~on)
    place = np.searchsorted(off, at)
    found = off[np.minimum(place, max(len(off) - 1, 0))] if len(off) else np.full(len(at), -1)
    fits = (place < len(off)) & (series[np.maximum(found, 0)] == series[at])
    return np.where(fits, found, -1)
