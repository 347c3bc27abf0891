"""
Which patients stand first in a CSV file: those whose first rows show what its columns hold.

Programs guess a column's type from the first rows (polars from 100, DuckDB from 20,480), and take one that is empty in
all of them for text. So of the first patients of an export as few as it takes stand before the others, short ones
first, chosen by nothing but which cells are filled; rows of a patient stay in their order. Imports no pandas: see flow.
"""

from __future__ import annotations

import numpy as np

EARLY = 100  # rows by which polars, which looks at the fewest, takes a column for a number
AMONG = 150  # patients that are looked at: those judged together
MOST = 12  # of them moved


def leading(patient: np.ndarray, filled: np.ndarray) -> np.ndarray | None:
    """
    The rows in a better order; None: they stand well, or nothing would make it better.

    `patient`: of each row, counted from 0 in the order of the file; `filled`: rows by columns, whether there is
    a value.
    """
    if len(patient) <= EARLY or not _late(filled).any():
        return None
    near = patient < AMONG
    size, first = _first(patient[near], filled[near])
    moved: list[int] = []
    while len(moved) < MOST and (better := _better(moved, size, first)) is not None:
        moved = better
    if not moved:
        return None
    rank = np.full(int(patient.max()) + 1, len(moved))
    rank[moved] = np.arange(len(moved))
    return np.argsort(rank[patient], kind="stable")


def _late(filled: np.ndarray) -> np.ndarray:
    """Columns that hold something, but not in the first rows."""
    return np.logical_or.reduce(filled) & ~np.logical_or.reduce(filled[:EARLY])


def _first(patient: np.ndarray, filled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many rows each patient has; by patient and column which of them is the first with a value, or far away."""
    size = np.bincount(patient)
    order = np.argsort(patient, kind="stable")
    place = np.empty(len(patient), dtype="int64")
    place[order] = np.arange(len(patient)) - np.repeat(np.cumsum(size) - size, size)
    first = np.full((len(size), filled.shape[1]), len(patient) + EARLY)
    early = np.flatnonzero(place < EARLY)
    row, column = np.nonzero(filled[early])
    np.minimum.at(first, (patient[early][row], column), place[early][row])
    return size, first


def _better(moved: list[int], size: np.ndarray, first: np.ndarray) -> list[int] | None:
    """With one patient more in front, of those who show most the shortest; None: nobody shows more."""
    now = _shown(moved, size, first)
    told = []
    for one in np.flatnonzero(size):
        if one not in moved:
            tried = sorted([*moved, int(one)], key=size.__getitem__)
            told.append((-_shown(tried, size, first), min(int(size[one]), EARLY), int(one), tried))
    best = min(told, default=None)
    return best[3] if best is not None and -best[0] > now else None


def _shown(moved: list[int], size: np.ndarray, first: np.ndarray) -> int:
    """How many columns the first rows show when these stand first."""
    others = np.delete(
        np.arange(min(len(size), EARLY + len(moved))), [one for one in moved if one < EARLY + len(moved)]
    )
    order = np.r_[np.array(moved, dtype="int64"), others]
    start = np.cumsum(size[order]) - size[order]
    near = start < EARLY
    return int((start[near, None] + first[order[near]] < EARLY).any(axis=0).sum())
