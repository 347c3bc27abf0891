"""
What was worked out before for the very same values: a replay and a dashboard ask for the same windows again and again.

A key is 64 bits of the values themselves (times relative to each other, logs, noise), so that what comes back is what
working it out again would give, whoever the patient is and whenever it is asked.
"""

from __future__ import annotations

import numpy as np

STEP = np.uint64(0x9E3779B97F4A7C15)  # odd, so that its powers have inverses modulo 2^64
BACK = np.uint64(pow(int(STEP), -1, 2**64))


class Remembered:
    """
    Rows of numbers by key, at most `limit` of them; when it is full, all is forgotten.

    Several threads may ask and add at once (a dashboard has one a session): keys and rows are held, read and replaced
    as one, or a row of another patient could be found.
    """

    def __init__(self, columns: int, limit: int) -> None:
        self.limit = limit
        self.nothing = np.zeros(0, dtype=np.uint64), np.zeros((0, columns))
        self.held = self.nothing

    def forget(self) -> None:
        self.held = self.nothing

    def find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which keys are known, and a row for each key (of no meaning where it is not)."""
        known, rows = self.held
        if not len(known):
            return np.zeros(len(keys), dtype=bool), np.zeros((len(keys), rows.shape[1]))
        place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        return known[place] == keys, rows[place]

    def add(self, keys: np.ndarray, rows: np.ndarray) -> None:
        """`keys` that are not known yet, each once."""
        known, told = self.nothing if len(keys) + len(self.held[0]) > self.limit else self.held
        keys, rows = np.r_[known, keys], np.concatenate([told, rows])
        order = np.argsort(keys, kind="stable")
        self.held = keys[order], rows[order]


def mixed(*columns: np.ndarray) -> np.ndarray:
    """64 bits for each row of columns (floats, or bits already mixed), by the steps of splitmix64."""
    total = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        bits = column if column.dtype == np.uint64 else (column + 0.0).view(np.uint64)
        total = _stirred(total * STEP + bits)
    return total


def _stirred(bits: np.ndarray) -> np.ndarray:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def chained(bits: np.ndarray, first: np.ndarray) -> np.ndarray:
    """
    For each entry 64 bits of all entries from `first` of it up to it, in their order: sum of bits[j] * STEP^(i - j).
    """
    size = len(bits)
    powers = np.cumprod(np.full(size, STEP)) if size else bits
    inverse = np.cumprod(np.full(size, BACK)) if size else bits
    total = np.r_[np.zeros(1, dtype=np.uint64), np.cumsum(bits * inverse, dtype=np.uint64)]
    return (total[1:] - total[first]) * powers
