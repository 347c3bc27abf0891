"""
A fitted line through the last values of a series, at every value and for every number of values that fits a window.

Ordinary least squares on the log scale with the known noise of the test: for two values it is the log-normal
reference change value, for more it is the same idea on all values of the window. Work goes by the distance between
two values of a series, not by series: twenty passes over all patients at once, not one pass a patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

MOST_SEGMENTS = 1000  # breaks of comparability told apart within one series


@dataclass
class Fits:
    """
    One row a point, the window that ends there. `slope` and `error` are per hour on the log scale, `z` their ratio;
    `first` is the position of the oldest value used, `n` how many were, `span` its hours, `known` the position of the
    value that was received last. n < 2: nothing to compare.
    """

    slope: np.ndarray
    error: np.ndarray
    z: np.ndarray
    n: np.ndarray
    span: np.ndarray
    first: np.ndarray
    known: np.ndarray


def steepest(points: pd.DataFrame, *, hours: float, way: int, enough: Callable[[Fits], np.ndarray]) -> Fits:
    """
    Of all windows of at most `hours` that end at each point, the one that speaks most for `way` (+1 up, -1 down,
    0 either) among those that `enough` accepts. Where none is accepted z is NaN.
    """
    best = _nothing(len(points))
    for fit in _growing(points, hours):
        strength, held = (np.abs(fit.z), np.abs(best.z)) if way == 0 else (way * fit.z, way * best.z)
        _take(best, fit, np.isfinite(fit.z) & enough(fit) & ~(strength <= held))
    return best


def whole(points: pd.DataFrame, *, hours: float) -> Fits:
    """The widest window of at most `hours` that ends at each point."""
    widest = _nothing(len(points))
    for fit in _growing(points, hours):
        _take(widest, fit, np.isfinite(fit.z))
    return widest


def _growing(points: pd.DataFrame, hours: float) -> Iterator[Fits]:
    """Yields the fits of windows that hold one value more each time, until no series has another within `hours`."""
    hour, log, sigma = (points[name].to_numpy(dtype=float) for name in ("hour", "log", "sigma"))
    ends = points["usable"].to_numpy(dtype=bool)
    counts = ends & points["exact"].to_numpy(dtype=bool)
    place = points["series"].to_numpy() * MOST_SEGMENTS + np.minimum(points["segment"].to_numpy(), MOST_SEGMENTS - 1)
    received = points["received_at"].to_numpy(dtype="datetime64[us]").astype("int64")
    size = len(points)
    sums = Sums(ends.astype(float), *(np.zeros(size) for _ in range(4)))
    first, known, latest = np.arange(size), np.arange(size), received.copy()
    for lag in range(1, size):
        here = np.arange(lag, size)
        here = here[(place[lag:] == place[:-lag]) & (hour[lag:] - hour[:-lag] <= hours)]
        if not len(here):
            return
        here = here[counts[here - lag] & ends[here]]
        there = here - lag
        sums.add(here, hour[there] - hour[here], log[there] - log[here])
        first[here] = there
        newer = received[there] > latest[here]
        latest[here[newer]], known[here[newer]] = received[there[newer]], there[newer]
        yield _fit(sums, sigma, first, known, hour)


@dataclass
class Sums:
    """Running sums of a window, relative to its last point: how many, times, logs, and their products."""

    n: np.ndarray
    t: np.ndarray
    y: np.ndarray
    tt: np.ndarray
    ty: np.ndarray

    def add(self, here: np.ndarray, dt: np.ndarray, dy: np.ndarray) -> None:
        self.n[here] += 1
        self.t[here] += dt
        self.y[here] += dy
        self.tt[here] += dt * dt
        self.ty[here] += dt * dy


def _fit(sums: Sums, sigma: np.ndarray, first: np.ndarray, known: np.ndarray, hour: np.ndarray) -> Fits:
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = sums.tt - sums.t**2 / sums.n
        slope = np.where(spread > 0, (sums.ty - sums.t * sums.y / sums.n) / spread, np.nan)
        error = np.where(spread > 0, sigma / np.sqrt(spread), np.nan)
        z = slope / error
    return Fits(slope, error, z, sums.n.astype(int), hour - hour[first], first.copy(), known.copy())


def _nothing(size: int) -> Fits:
    here = np.arange(size)
    slope, error, z = (np.full(size, np.nan) for _ in range(3))
    return Fits(slope, error, z, np.ones(size, dtype=int), np.zeros(size), here, here.copy())


def _take(best: Fits, fit: Fits, where: np.ndarray) -> None:
    for name in vars(best):
        getattr(best, name)[where] = getattr(fit, name)[where]
