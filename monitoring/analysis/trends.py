"""What each series does at its newest value: direction, rate, doubling or halving time, and the words for it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.hinges import Ward
from monitoring.analysis.rules import WAYS, percent
from monitoring.analysis.turning import Belief, turning
from monitoring.analysis.windows import Fits, steepest
from monitoring.terms import Catalog

COLUMNS = [
    "patient_id", "analyte", "value", "comparator", "unit", "value_text", "unit_text", "collected_at", "n", "hours",
    "change_percent", "rate_per_day", "z", "doubling_hours", "doubling_low", "doubling_high", "beyond_noise",
    "direction", "phrase", "relevant_percent_per_day", "probability", "confounded_by", "confounded_why",
]  # fmt: skip


def trends(points: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    One row a series (COLUMNS). `hours` and `n` are of the window that speaks most; `doubling_hours` is positive for
    doubling, negative for halving, NaN inside the noise; its interval is that of the fitted rate. `probability`: that
    the true rate at the newest value is beyond `relevant_percent_per_day`, which the analyte's rule names (NaN: none).
    """
    numbers = catalog.settings
    fit = _fits(points, numbers)
    change = percent(fit.slope * fit.span)
    told = points.assign(
        n=fit.n,
        hours=fit.span,
        change_percent=change,
        rate_per_day=fit.slope * 24.0,
        z=fit.z,
        slope=fit.slope,
        error=fit.error,
    )
    told = told[~points.duplicated(["patient_id", "analyte"], keep="last").to_numpy()].reset_index(drop=True)
    real = (told["z"].abs() >= numbers["trend_z"]) & (told["change_percent"].abs() >= numbers["trend_least_percent"])
    low, high = told["slope"] - numbers["trend_z"] * told["error"], told["slope"] + numbers["trend_z"] * told["error"]
    told = told.assign(
        beyond_noise=real,
        direction=np.select([told["z"].isna(), ~real, told["z"] > 0], ["unknown", "flat", "up"], "down"),
        doubling_hours=np.where(real, np.log(2.0) / told["slope"], np.nan),
        doubling_low=np.where(real, np.log(2.0) / high, np.nan),
        doubling_high=np.where(real, np.log(2.0) / low, np.nan),
    )
    return told.assign(phrase=_phrases(told, catalog), **_probabilities(points, catalog))[COLUMNS]


def _probabilities(points: pd.DataFrame, catalog: Catalog) -> dict[str, np.ndarray]:
    """Of the newest value of each series: the rate its rule calls relevant, and how probable a faster one is."""
    newest = np.flatnonzero(~points.duplicated(["patient_id", "analyte"], keep="last").to_numpy())
    analyte, counts = points["analyte"].to_numpy()[newest], points["counts"].to_numpy()[newest]
    ward = Ward.of(points)
    limit, probability = np.full(len(newest), np.nan), np.full(len(newest), np.nan)
    for rule in catalog.rules.values():
        if rule.kind != "trend":
            continue
        mine, way = analyte == rule.analyte, WAYS[rule.parameters["direction"]]
        limit[mine] = way * rule.parameters["min_rate_percent_per_day"]
        at = newest[mine & counts]
        probability[mine & counts] = turning(ward, rule.analyte, Belief.of(rule.parameters, way), at=at).relevant
    return {"relevant_percent_per_day": limit, "probability": probability}


def _fits(points: pd.DataFrame, numbers: Mapping[str, Any]) -> Fits:
    """The same lines that the flags go by, so that the words beside a value are those of its flag."""

    def enough(fit: Fits) -> np.ndarray:
        return (fit.turn == fit.first) | (np.abs(fit.z) >= numbers["trend_turn_z"])

    hours, level = numbers["trend_window_hours"], numbers["trend_level_hours"]
    return steepest(points, hours=hours, way=0, enough=enough, level_hours=level)


def _phrases(told: pd.DataFrame, catalog: Catalog) -> list[str]:
    by_time = [catalog.analytes[code].axis == "log" for code in told["analyte"]]
    spoken = told[["direction", "doubling_hours", "change_percent", "hours", "comparator"]].assign(by_time=by_time)
    return [_phrase(row, catalog) for row in spoken.to_dict("records")]


def _phrase(row: Mapping[Hashable, Any], catalog: Catalog) -> str:
    words, doubling = catalog.phrases["trends"], row["doubling_hours"]
    if row["comparator"]:
        return words["above_range" if row["comparator"].startswith(">") else "below_range"]
    if row["direction"] in ("unknown", "flat"):
        return words[row["direction"]]
    if row["by_time"] and abs(doubling) <= catalog.settings["trend_most_doubling_hours"]:
        return words["doubling" if doubling > 0 else "halving"].format(hours=f"{abs(doubling):.0f}")
    change = f"{row['change_percent']:+.0f}".replace("-", "−")
    return words["change"].format(change=change, hours=f"{row['hours']:.0f}")
