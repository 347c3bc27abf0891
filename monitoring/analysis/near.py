"""The values around each steroid start, laid out by start and marker; and which two of them a window compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from monitoring.terms import Catalog

NONE = -1
USED = ["log", "sigma", "exact", "usable", "confounded_by", "suspect"]


def names(numbers: Mapping[str, Any]) -> list[str]:
    """The rule's markers in its order, then those that count only where somebody measured them."""
    return [*numbers["markers"], *numbers["markers_if_measured"]]


@dataclass(frozen=True)
class Near:
    """
    One entry a value and start, sorted by start, marker and time. `place` is its position in `points`, `cell` is
    start * markers + marker, `since` the hours after T0; `clean`: no product moved it and nobody doubts it; `sound`:
    clean, or moved by a drug that works for weeks; `exact`: no bound.
    """

    cell: np.ndarray
    marker: np.ndarray
    place: np.ndarray
    since: np.ndarray
    log: np.ndarray
    sigma: np.ndarray
    exact: np.ndarray
    clean: np.ndarray
    sound: np.ndarray


def near(points: pd.DataFrame, t0: pd.DataFrame, catalog: Catalog) -> Near:
    numbers = catalog.rules["steroid_response"].parameters
    codes = names(numbers)
    begins, number = _series(points)
    kind = pd.Index(codes).get_indexer(pd.Index(points["analyte"].take(begins)))
    series = pd.DataFrame(
        {"patient_id": points["patient_id"].take(begins).array, "series": np.arange(len(begins)), "kind": kind}
    )
    start = pd.DataFrame({"patient_id": t0["patient_id"].array, "start": np.arange(len(t0))})
    pairs = series[series["kind"] >= 0].merge(start, on="patient_id")
    counts = np.bincount(number, minlength=len(begins))[pairs["series"]]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    place = np.repeat(begins[pairs["series"]], counts) + within
    begun, marker = np.repeat(pairs["start"].to_numpy(), counts), np.repeat(pairs["kind"].to_numpy(), counts)
    since = points["hour"].to_numpy()[place] - t0["t0_hour"].to_numpy()[begun]
    last = max(numbers["windows"]) + numbers["window_after_hours"]
    inside = np.flatnonzero((since >= -numbers["baseline_before_hours"]) & (since <= last))
    cell = begun[inside] * len(codes) + marker[inside]
    order = np.lexsort((since[inside], cell))
    inside = inside[order]
    return _near(
        points, place[inside], {"cell": cell[order], "marker": marker[inside], "since": since[inside]}, numbers
    )


def _series(points: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The position at which each series begins, and of each point the number of its series: texts are compared once."""
    series = points["series"].to_numpy()
    changed = np.r_[True, series[1:] != series[:-1]] if len(series) else np.zeros(0, dtype=bool)
    return np.flatnonzero(changed), np.cumsum(changed) - 1


def _near(points: pd.DataFrame, place: np.ndarray, laid: Mapping[str, np.ndarray], numbers: Mapping[str, Any]) -> Near:
    mine = points[[name for name in USED if name in points]].take(place)
    sigma = mine["sigma"].to_numpy(dtype=float)
    sound = mine["usable"].to_numpy(dtype=bool) & ~doubted(mine)
    return Near(
        place=place,
        log=mine["log"].to_numpy(dtype=float),
        sigma=np.where(np.isfinite(sigma), sigma, numbers["noise_where_unknown"]),
        exact=mine["exact"].to_numpy(dtype=bool),
        clean=mine["confounded_by"].eq("").to_numpy(dtype=bool) & sound,
        sound=sound,
        **laid,
    )


def doubted(points: pd.DataFrame) -> np.ndarray:
    """Values that something else speaks against: a hook effect, a diluted or another patient's sample."""
    return points["suspect"].to_numpy(dtype=bool) if "suspect" in points else np.zeros(len(points), dtype=bool)


def baselines(told: Near, numbers: Mapping[str, Any], cells: int) -> np.ndarray:
    """
    For each cell the value the windows are compared with: the last sound one before the steroid, else the last at
    all; where nothing was drawn before, the first one soon after.
    """
    before = np.flatnonzero(told.since <= numbers["baseline_after_hours"])
    soon = np.flatnonzero(
        (told.since > numbers["baseline_after_hours"]) & (told.since <= numbers["baseline_late_hours"])
    )
    found = np.full(cells, NONE)
    for order in (
        soon[::-1],
        before,
        before[told.sound[before]],
        before[told.clean[before] & _recent(told, before, numbers)],
    ):
        found[told.cell[order]] = order
    return found


def _recent(told: Near, entries: np.ndarray, numbers: Mapping[str, Any]) -> np.ndarray:
    return told.since[entries] >= -numbers["baseline_before_hours"] / 2.0


def newest(told: Near, window: float, numbers: Mapping[str, Any], base: np.ndarray) -> np.ndarray:
    """
    For each cell the value that stands for the window: the one nearest to its hour, sound ones first; where no draw
    of the window is known, that of the round before.
    """
    after = (told.since > numbers["baseline_after_hours"]) & (np.arange(len(told.since)) != base[told.cell])
    after &= told.since <= window + numbers["window_after_hours"]
    inside = told.since >= window - numbers["window_before_hours"]
    stand_in = told.since >= window - numbers["stand_in_hours"]
    mine = np.flatnonzero(after & stand_in)
    away = -np.abs(told.since[mine] - window)
    order = mine[np.lexsort((told.since[mine], away, told.sound[mine], inside[mine]))]
    found = np.full(len(base), NONE)
    found[told.cell[order]] = order
    return found


def latest(told: Near, window: float, numbers: Mapping[str, Any], now: np.ndarray) -> np.ndarray:
    """For each cell that has a value for the window the last sound one until the window closes."""
    before = np.flatnonzero(told.sound & told.exact & (told.since <= window + numbers["window_after_hours"]))
    found = now.copy()
    found[told.cell[before]] = before
    return np.where(now == NONE, NONE, np.where(_hour(told, found) > _hour(told, now), found, now))


def _hour(told: Near, entries: np.ndarray) -> np.ndarray:
    return np.where(entries == NONE, -np.inf, told.since[entries]) if len(told.since) else np.zeros(len(entries))
