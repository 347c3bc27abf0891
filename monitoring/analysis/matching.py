"""Rows of two frames that belong together, found without joining the frames."""

from __future__ import annotations

import numpy as np
import pandas as pd


def of_each(keys: pd.Series, values: pd.Series) -> pd.Series:
    """For each key its value, missing where there is none; keeps the type of `values`, also when there are none."""
    codes, names = pd.factorize(keys)  # a few hundred patients are looked up, and not each of their rows
    if (codes < 0).any():
        return pd.Series(values.reindex(keys.to_numpy()).array, index=keys.index)
    return pd.Series(values.reindex(names).array.take(codes), index=keys.index)


def numbered(*columns: np.ndarray) -> np.ndarray:
    """A number for each row, the same for rows that are equal in all `columns`; from 0 by first appearance."""
    number = pd.factorize(columns[0])[0].astype(np.int64)
    for column in columns[1:]:
        other, names = pd.factorize(column)
        number = pd.factorize(number * max(len(names), 1) + other)[0].astype(np.int64)
    return number


def paired(left: list[np.ndarray], right: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """
    Positions in left and in right of every two rows that are equal in all columns, in order of left, then of right.
    """
    size = len(left[0])
    if not size or not len(right[0]):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    number = numbered(*(np.concatenate(both) for both in zip(left, right, strict=True)))
    ours, theirs = number[:size], number[size:]
    order = np.argsort(theirs, kind="stable")
    begin, end = (np.searchsorted(theirs[order], ours, side=side) for side in ("left", "right"))
    place, within = spread(end - begin)
    return place, order[begin[place] + within]


def spread(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each position as often as its count says, and which time it is: 0, 1, 2 …"""
    place = np.repeat(np.arange(len(counts)), counts)
    return place, np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)


def last_of_each(number: np.ndarray) -> np.ndarray:
    """The position of the last row of each number, in order of position."""
    _, back = np.unique(number[::-1], return_index=True)
    return np.sort(len(number) - 1 - back)


def first_of_each(number: np.ndarray) -> np.ndarray:
    """The position of the first row of each number, in order of position."""
    return np.sort(np.unique(number, return_index=True)[1])
