"""Series laid side by side on a time grid: at each point the last value, if it is not too old, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.columns import moments, spans
from monitoring.analysis.matching import of_each, spread
from monitoring.exports.wanted import Wanted

TAKEN = ["value", "comparator", "usable"]
SECOND = np.timedelta64(1, "s")


def panel(points: pd.DataFrame, zero: pd.Series, wanted: Wanted, hours: tuple[float, float]) -> pd.DataFrame:
    """
    patient_id, grid_hours, at, and four columns an analyte there is; empty where nothing is known for so long.

    `points`: the values of each patient in order of time; of one moment the last counts. `hours`: between two points,
    and for how long a value is carried.
    """
    grid = _grid(points, zero, bool(wanted.align), hours[0])
    columns: dict[str, Any] = {name: grid[name] for name in ("patient_id", "grid_hours", "at")}
    at, taken = moments(grid["at"]), moments(points["collected_at"])
    for analyte, last in _last(points, grid["patient_id"], at, taken):
        age = at - taken[last]
        columns |= _laid(points, np.where(age <= spans(hours[1]), last, -1), age / SECOND / 3600.0, analyte)
    return pd.DataFrame(columns)


def _grid(points: pd.DataFrame, zeros: pd.Series, aligned: bool, every: float) -> pd.DataFrame:
    """From the point at or before the first value to the one at or after the last; by patient and moment."""
    drawn = points.groupby("patient_id")["collected_at"].agg(["min", "max"])
    zero = of_each(drawn.index.to_series(), zeros) if aligned else drawn["min"]
    drawn, zero = drawn[zero.notna()], zero[zero.notna()]
    first = np.floor(_hours(drawn["min"] - zero) / every)
    last = np.ceil(_hours(drawn["max"] - zero) / every)
    place, step = spread((last - first).astype("int64") + 1)
    at_hours = (first[place] + step) * every
    at = zero.array[place] + pd.to_timedelta(at_hours, unit="h")
    grid = pd.DataFrame({"patient_id": drawn.index.to_numpy()[place], "grid_hours": at_hours, "at": at})
    return grid.astype({"patient_id": "str", "at": "datetime64[us, UTC]"})


def _last(
    points: pd.DataFrame, patients: pd.Series, at: np.ndarray, taken: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """Of each analyte the position in `points` of the last value then or before, -1 where there is none."""
    whose, names = pd.factorize(points["patient_id"])
    asked = pd.Index(names).get_indexer(pd.Index(patients))
    moment = np.unique(np.r_[taken, at])  # places in it and not the moments: they leave room for the patient
    key, wanted = (
        patient * (len(moment) + 1) + np.searchsorted(moment, when) for patient, when in ((whose, taken), (asked, at))
    )
    codes, analytes = pd.factorize(points["analyte"])
    order = np.lexsort((key, codes))
    edges = np.searchsorted(codes[order], np.arange(len(analytes) + 1))
    for number, analyte in enumerate(analytes):
        own = order[edges[number] : edges[number + 1]]
        last = own[np.maximum(np.searchsorted(key[own], wanted, side="right") - 1, 0)]
        yield str(analyte), np.where((whose[last] == asked) & (key[last] <= wanted), last, -1)


def _laid(points: pd.DataFrame, last: np.ndarray, age: np.ndarray, analyte: str) -> dict[str, Any]:
    """`last`: of each point of the grid the value in `points`, `age` its hours; -1 where none is carried."""
    there = last >= 0
    value, usable = (points[name].to_numpy()[last] for name in ("value", "usable"))
    return {
        analyte: np.where(there, value, np.nan),
        f"{analyte}_comparator": points["comparator"].array.take(last, allow_fill=True),
        f"{analyte}_age_hours": np.where(there, age, np.nan).round(2),
        f"{analyte}_usable": pd.arrays.BooleanArray(usable.astype(bool), ~there),
    }


def _hours(spans: pd.Series) -> np.ndarray:
    return spans.dt.total_seconds().to_numpy(dtype=float) / 3600.0
