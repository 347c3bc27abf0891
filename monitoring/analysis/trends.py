"""What each series does at its newest value: direction, rate, doubling or halving time, and the words for it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.belief import Belief
from monitoring.analysis.rules import WAYS, Looked, percent, told_line
from monitoring.analysis.turning import turning
from monitoring.analysis.windows import Fits, steepest
from monitoring.terms import Catalog, Rule

COLUMNS = [
    "patient_id", "analyte", "value", "comparator", "unit", "value_text", "unit_text", "collected_at", "n", "hours",
    "change_percent", "rate_per_day", "z", "doubling_hours", "doubling_low", "doubling_high", "beyond_noise",
    "direction", "phrase", "relevant_percent_per_day", "probability", "confounded_by", "confounded_why",
]  # fmt: skip
LINE = ("n", "span", "slope", "error", "z")


def trends(points: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    One row a series (COLUMNS). `hours` and `n` are of the window that speaks most; `doubling_hours` is positive for
    doubling, negative for halving, NaN inside the noise; its interval is that of the fitted rate. `probability`: that
    the true rate at the newest value is beyond `relevant_percent_per_day`, which the analyte's rule names (NaN: none).
    """
    numbers = catalog.settings
    newest = np.flatnonzero(~points.duplicated(["patient_id", "analyte"], keep="last").to_numpy())
    fit, ruled = _fits(points, numbers), _ruled(points, newest, catalog)
    told = points.iloc[newest].reset_index(drop=True).assign(
        relevant_percent_per_day=ruled["limit"], probability=ruled["relevant"],
        **{name: np.where(ruled["probable"], ruled[name], getattr(fit, name)[newest]) for name in LINE},
    )  # fmt: skip
    change = percent((told["slope"] * told["span"]).to_numpy(dtype=float))
    beyond = (told["z"].abs() >= numbers["trend_z"]) & (np.abs(change) >= numbers["trend_least_percent"])
    real = beyond | ruled["probable"]
    low, high = told["slope"] - numbers["trend_z"] * told["error"], told["slope"] + numbers["trend_z"] * told["error"]
    told = told.assign(
        hours=told["span"],
        change_percent=change,
        rate_per_day=told["slope"] * 24.0,
        beyond_noise=real,
        direction=np.select([told["z"].isna(), ~real, told["z"] > 0], ["unknown", "flat", "up"], "down"),
        doubling_hours=np.where(real, np.log(2.0) / told["slope"], np.nan),
        doubling_low=np.where(real, np.log(2.0) / high, np.nan),
        doubling_high=np.where(real, np.log(2.0) / low, np.nan),
    )
    return told.assign(phrase=_phrases(told, catalog))[COLUMNS]


def _ruled(points: pd.DataFrame, newest: np.ndarray, catalog: Catalog) -> dict[str, np.ndarray]:
    """
    What the trend rules say of the newest values: the rate each calls relevant (`limit`), how probable a faster one is
    (`relevant`), and where its flag would be raised (`probable`) the line that flag is told by.
    """
    looked, found = Looked.of(points), {name: np.full(len(newest), np.nan) for name in ("limit", "relevant", *LINE)}
    found["probable"] = np.zeros(len(newest), dtype=bool)
    for rule in catalog.rules.values():
        if rule.kind == "trend":
            _by_rule(rule, looked, newest, found)
    return found


def _by_rule(rule: Rule, at: Looked, newest: np.ndarray, found: dict[str, np.ndarray]) -> None:
    mine, way = at.ward.places(rule.analyte), WAYS[rule.parameters["direction"]]
    rows = np.flatnonzero(np.isin(newest, mine))
    found["limit"][rows] = way * rule.parameters["min_rate_percent_per_day"]
    rows = rows[at.columns["counts"][newest[rows]]]
    told = turning(at.ward, rule.analyte, Belief.of(rule.parameters, way), at=newest[rows])
    line = told_line(at.series(mine), rule)
    place = np.searchsorted(mine, newest[rows])
    found["relevant"][rows] = told.relevant
    found["probable"][rows] = (told.probability >= rule.parameters["p_raise"]) & np.isfinite(line.z[place])
    for name in LINE:
        found[name][rows] = getattr(line, name)[place]


def _fits(points: pd.DataFrame, numbers: Mapping[str, Any]) -> Fits:
    """The line that speaks most, for every value; where a flag holds the words beside it are those of the flag."""

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
