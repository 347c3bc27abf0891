"""The last of the values before each point of a series that is fit to be compared with."""

from __future__ import annotations

import numpy as np


def last_before(chosen: np.ndarray, series: np.ndarray) -> np.ndarray:
    """For each point the position of the last `chosen` one before it in its series, -1 where there is none."""
    if not len(series):
        return np.zeros(0, dtype=int)
    place = np.arange(len(series))
    last = np.r_[-1, np.maximum.accumulate(np.where(chosen, place, -1))[:-1]]
    return np.where(last >= first_of(series), last, -1)


def first_of(series: np.ndarray) -> np.ndarray:
    """For each point the position of the first of its series; equal numbers of `series` lie side by side."""
    new = np.r_[True, series[1:] != series[:-1]] if len(series) else np.zeros(0, dtype=bool)
    return np.maximum.accumulate(np.where(new, np.arange(len(series)), 0))


def highest_so_far(values: np.ndarray, series: np.ndarray) -> np.ndarray:
    """For each point the highest of the values of its series up to it; equal numbers of `series` lie side by side."""
    size = len(values)
    order = np.argsort(values, kind="stable")
    rank = np.empty(size, dtype=np.int64)
    rank[order] = np.arange(size)
    base = first_of(series) * size  # grows from series to series, so that none reaches into the next
    return values[order[np.maximum.accumulate(base + rank) - base]] if size else values


def highest_between(values: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Position of the highest of values[begin:end] for each pair of positions, the last of equals; -1 where empty."""
    found, length = np.full(len(begin), -1), end - begin
    best, step = np.arange(len(values)), 1
    while (length >= step).any():  # `best`: of each `step` values from here on, so that any stretch is two that overlap
        mine = (length >= step) & (length < 2 * step)
        found[mine] = _higher(values, best[begin[mine]], best[end[mine] - step])
        best, step = _higher(values, best[: max(len(best) - step, 0)], best[step:]), 2 * step
    return found


def _higher(values: np.ndarray, one: np.ndarray, later: np.ndarray) -> np.ndarray:
    return np.where(values[later] >= values[one], later, one)
