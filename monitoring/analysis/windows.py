"""
A line fitted to the last values of a series, at every value and for every number of values that fits a window.

Least squares on the log scale with the known noise of the test: for two values it is the log-normal reference change
value, for more it is the same idea on all values of the window. A line may also have a turn: level up to some value
and rising or falling from there, so that a long quiet time before a change helps to see it early.

Work goes by the distance between two values of a series, not by series: a dozen passes over all patients at once, not
one pass a patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Table, as_array
from monitoring.analysis.earlier import highest_so_far

USED = ["series", "segment", "hour", "line_log", "line_sigma", "counts", "usable", "exact", "received_at"]
FARTHEST_HOURS = 1e7  # more than any series lasts; keeps two series apart on one axis


@dataclass
class Fits:
    """
    One row a point, the line that ends there. `slope` and `error` are per hour on the log scale, `z` their ratio;
    `first` is the position of the oldest value used, `turn` of the one from which the line goes (the same, where there
    is no level before it), `n` how many values were used, `span` the hours since the turn, `known` the position of the
    value that was received last. n < 2: nothing to compare.
    """

    slope: np.ndarray
    error: np.ndarray
    z: np.ndarray
    n: np.ndarray
    span: np.ndarray
    first: np.ndarray
    turn: np.ndarray
    known: np.ndarray


def steepest(
    points: Table | pd.DataFrame,
    *,
    hours: float,
    way: int,
    enough: Callable[[Fits], np.ndarray],
    level_hours: float = 0.0,
    asked: np.ndarray | None = None,
) -> Fits:
    """
    Of all lines of at most `hours` that end at each point, the one that speaks most for `way` (+1 up, -1 down, 0
    either) among those that `enough` accepts. Where none is accepted z is NaN. With `level_hours` lines with a turn
    are tried too; their level is taken from at most so many hours before it. `asked`: the points of which anybody wants
    to know; at all others z is NaN as well.
    """
    series = Series.of(points)
    if asked is not None:
        series = replace(series, ends=series.ends & asked)
    best = _nothing(len(series.hour))
    for fit in _growing(series, hours, level_hours):
        strength, held = (np.abs(fit.z), np.abs(best.z)) if way == 0 else (way * fit.z, way * best.z)
        _take(best, fit, np.isfinite(fit.z) & enough(fit) & ~(strength <= held))
    return best


def whole(points: Table | pd.DataFrame, *, hours: float) -> Fits:
    """The widest window of at most `hours` that ends at each point, without a turn."""
    series = Series.of(points)
    widest = _nothing(len(series.hour))
    for fit in _growing(series, hours, 0.0):
        _take(widest, fit, np.isfinite(fit.z))
    return widest


@dataclass
class Series:
    """The columns that fits need. `place`: series and segment; `ends`: may end a line, `counts`: lie in one."""

    hour: np.ndarray
    log: np.ndarray
    sigma: np.ndarray
    place: np.ndarray
    received: np.ndarray
    ends: np.ndarray
    counts: np.ndarray

    @staticmethod
    def of(points: Table | pd.DataFrame) -> Series:
        told = points if isinstance(points, dict) else {name: as_array(points[name]) for name in USED}
        series, segment = told["series"], told["segment"]
        broken = np.r_[True, (series[1:] != series[:-1]) | (segment[1:] != segment[:-1])][: len(series)]
        counts = told["counts"].astype(bool)
        return Series(
            hour=told["hour"],
            log=told["line_log"],
            sigma=told["line_sigma"],
            place=np.cumsum(broken),
            received=told["received_at"].astype("int64"),
            ends=counts | (told["usable"] & ~told["exact"]),
            counts=counts,
        )


def _growing(series: Series, hours: float, level_hours: float) -> Iterator[Fits]:
    """Yields the fits of windows that hold one value more each time, until no series has another within `hours`."""
    size = len(series.hour)
    sums = Sums(series.ends.astype(float), *(np.zeros(size) for _ in range(4)))
    levels = Levels.of(series, level_hours) if level_hours else None
    first, known, latest = np.arange(size), np.arange(size), series.received.copy()
    for lag in range(1, size):
        here = np.arange(lag, size)
        here = here[(series.place[lag:] == series.place[:-lag]) & (series.hour[lag:] - series.hour[:-lag] <= hours)]
        if not len(here):
            return
        here = here[series.counts[here - lag] & series.ends[here]]
        there = here - lag
        if levels:
            yield _turned(series, sums, levels, here, there)
        sums.add(here, series.hour[there] - series.hour[here], series.log[there] - series.log[here])
        first[here] = there
        newer = series.received[there] > latest[here]
        latest[here[newer]], known[here[newer]] = series.received[there[newer]], there[newer]
        yield _straight(series, sums, first, known)


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


@dataclass
class Levels:
    """For each point the values of the quiet time that may end there: from `lowest`, `n`, the sum `y` of their logs."""

    lowest: np.ndarray
    n: np.ndarray
    y: np.ndarray
    known: np.ndarray

    @staticmethod
    def of(series: Series, hours: float) -> Levels:
        axis = series.place * FARTHEST_HOURS + (series.hour - series.hour.min(initial=0.0))
        lowest = np.searchsorted(axis, axis - hours)
        lowest = np.maximum(lowest, np.searchsorted(series.place, series.place))
        n, y = (np.r_[0.0, np.cumsum(told)] for told in (series.counts, np.where(series.counts, series.log, 0.0)))
        here = np.arange(len(axis))
        return Levels(lowest, n[here + 1] - n[lowest], y[here + 1] - y[lowest], _latest(series))


def _latest(series: Series) -> np.ndarray:
    """Of the values up to each point of its series, the position of the one received last."""
    latest = highest_so_far(series.received, series.place)
    return np.maximum.accumulate(np.where(series.received == latest, np.arange(len(latest)), 0))


def _straight(series: Series, sums: Sums, first: np.ndarray, known: np.ndarray) -> Fits:
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = sums.tt - sums.t**2 / sums.n
        slope = np.where(spread > 0, (sums.ty - sums.t * sums.y / sums.n) / spread, np.nan)
        error = np.where(spread > 0, series.sigma / np.sqrt(spread), np.nan)
        z = slope / error
    span = series.hour - series.hour[first]
    return Fits(slope, error, z, sums.n.astype(int), span, first.copy(), first.copy(), known.copy())


def _turned(series: Series, sums: Sums, levels: Levels, here: np.ndarray, turn: np.ndarray) -> Fits:
    """
    The lines that are level up to `turn` and go from there to `here`: least squares on max(0, hours since the turn).
    Only where the level has a value before the turn itself; else the straight line says the same.
    """
    fits = _nothing(len(series.hour))
    since, after, n = series.hour[here] - series.hour[turn], sums.n[here], sums.n[here] + levels.n[turn]
    x = after * since + sums.t[here]
    xx = after * since**2 + 2 * since * sums.t[here] + sums.tt[here]
    y = sums.y[here] + levels.y[turn] - levels.n[turn] * series.log[here]
    xy = since * sums.y[here] + sums.ty[here]
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = xx - x**2 / n
        slope = (xy - x * y / n) / spread
        error = series.sigma[here] / np.sqrt(spread)
        z = np.where((spread > 0) & (levels.n[turn] > 1), slope / error, np.nan)
    fits.slope[here], fits.error[here], fits.z[here], fits.n[here], fits.span[here] = slope, error, z, n, since
    fits.first[here], fits.turn[here] = levels.lowest[turn], turn
    early = levels.known[turn]
    fits.known[here] = np.where(series.received[early] > series.received[here], early, here)
    return fits


def _nothing(size: int) -> Fits:
    slope, error, z = (np.full(size, np.nan) for _ in range(3))
    first, turn, known = (np.arange(size) for _ in range(3))
    return Fits(slope, error, z, np.ones(size, dtype=int), np.zeros(size), first, turn, known)


def _take(best: Fits, fit: Fits, where: np.ndarray) -> None:
    for name in vars(best):
        getattr(best, name)[where] = getattr(fit, name)[where]
