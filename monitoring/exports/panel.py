"""Series laid side by side on a time grid: at each point the last value, if it is not too old, and how old it is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from monitoring.analysis.matching import of_each, spread
from monitoring.exports.wanted import Wanted

TAKEN = ["value", "comparator", "usable"]


def panel(points: pd.DataFrame, zero: pd.Series, wanted: Wanted, hours: tuple[float, float]) -> pd.DataFrame:
    """
    patient_id, grid_hours, at, and four columns an analyte there is; empty where nothing is known for so long.

    `hours`: between two points, and for how long a value is carried.
    """
    grid = _grid(points, zero, bool(wanted.align), hours[0])
    columns = {"patient_id": grid["patient_id"], "grid_hours": grid["grid_hours"], "at": grid["at"]}
    for analyte, values in points.groupby("analyte"):
        columns |= _laid(grid, values, str(analyte), hours[1])
    return pd.DataFrame(columns).sort_values(["patient_id", "grid_hours"], ignore_index=True)


def _grid(points: pd.DataFrame, zeros: pd.Series, aligned: bool, every: float) -> pd.DataFrame:
    """From the point at or before the first value to the one at or after the last; ordered by moment."""
    drawn = points.groupby("patient_id")["collected_at"].agg(["min", "max"])
    zero = of_each(drawn.index.to_series(), zeros) if aligned else drawn["min"]
    drawn, zero = drawn[zero.notna()], zero[zero.notna()]
    first = np.floor(_hours(drawn["min"] - zero) / every)
    last = np.ceil(_hours(drawn["max"] - zero) / every)
    place, step = spread((last - first).astype("int64") + 1)
    at_hours = (first[place] + step) * every
    at = zero.array[place] + pd.to_timedelta(at_hours, unit="h")
    grid = pd.DataFrame({"patient_id": drawn.index.to_numpy()[place], "grid_hours": at_hours, "at": at})
    return grid.astype({"patient_id": "str", "at": "datetime64[us, UTC]"}).sort_values(
        ["at", "patient_id"], ignore_index=True
    )


def _laid(grid: pd.DataFrame, values: pd.DataFrame, analyte: str, carry_hours: float) -> dict[str, pd.Series]:
    told = values[["patient_id", "collected_at", *TAKEN]].sort_values("collected_at", kind="stable")
    near = pd.merge_asof(
        grid[["patient_id", "at"]], told, left_on="at", right_on="collected_at", by="patient_id",
        tolerance=pd.Timedelta(hours=carry_hours),
    )  # fmt: skip
    return {
        analyte: near["value"],
        f"{analyte}_comparator": near["comparator"],
        f"{analyte}_age_hours": pd.Series(_hours(near["at"] - near["collected_at"]).round(2)),
        f"{analyte}_usable": near["usable"],
    }


def _hours(spans: pd.Series) -> np.ndarray:
    return spans.dt.total_seconds().to_numpy(dtype=float) / 3600.0
