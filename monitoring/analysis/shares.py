"""
How much of the response one would expect each marker shows, by least squares on all its values.

Each marker has two expected courses after T0, one under response and one under non-response (steroid_response in
rules.toml). Between them lies the share s: 0 is the course of non-response, 1 that of response:

    log value = level + log(expected without response) + s * log(expected with / expected without) + noise

The noise is that of the test; a value from before the steroid counts less the older it is, because the course may have
moved since. s and its error say how far the marker has answered, whatever the hours at which blood was drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.analysis.near import NONE, Near, names

DAY_HOURS = 24.0


@dataclass(frozen=True)
class Shares:
    """One entry a cell: the share, its standard error (NaN where no line can be drawn), and how many values it used."""

    share: np.ndarray
    error: np.ndarray
    n: np.ndarray


def expected(numbers: Mapping[str, Any], marker: np.ndarray, since: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each value: the log level expected without response, and what a response adds to it; 0 before the steroid."""
    without, added = np.zeros(len(since)), np.full(len(since), np.nan)
    for place, name in enumerate(names(numbers)):
        mine = marker == place
        if f"{name}_if_responding" in numbers:
            without[mine] = course(numbers[f"{name}_if_not"], since[mine])
            added[mine] = course(numbers[f"{name}_if_responding"], since[mine]) - without[mine]
    return without, added


def course(steps: tuple[tuple[float, float], ...], since: np.ndarray) -> np.ndarray:
    """The log level at each hour, straight between the steps (hour, percent of the level before the steroid)."""
    hours = np.array([0.0, *(hour for hour, _ in steps)])
    levels = np.array([0.0, *(np.log(percent / 100.0) for _, percent in steps)])
    return np.interp(since, hours, levels)


def shares(told: Near, numbers: Mapping[str, Any], now: np.ndarray, free: float) -> Shares:
    """
    `now`: for each cell the entry its window ends with; only values up to it are used. `free`: hours after T0 in which
    the marker may have gone its own way: where there are any, only values from then on are used.
    """
    until = np.where(now == NONE, -np.inf, told.since[now]) if len(told.since) else np.full(len(now), -np.inf)
    fits = told.exact & told.sound & (told.since <= until[told.cell]) & ((told.since >= free) | (free <= 0))
    used = np.flatnonzero(fits)
    cell, since = told.cell[used], told.since[used]
    without, added = expected(numbers, told.marker[used], since)
    weight = 1.0 / (told.sigma[used] ** 2 + (numbers["drift_per_day"] * np.minimum(since, 0.0) / DAY_HOURS) ** 2)
    rest = told.log[used] - without
    w, wx, wy, wxx, wxy = (
        np.bincount(cell, weight * part, minlength=len(now))
        for part in (np.ones(len(used)), added, rest, added * added, added * rest)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = wxx - wx * wx / w
        spread = np.where(spread > 1e-9, spread, np.nan)
        share = (wxy - wx * wy / w) / spread
    return Shares(share, 1.0 / np.sqrt(spread), np.bincount(cell, minlength=len(now)))
