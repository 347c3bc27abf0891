"""Where each marker stands after a steroid start: improved, unchanged, worse, not interpretable, missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from monitoring.terms import Catalog

KEY = ["patient_id", "t0", "analyte"]
USED = ["hour", "log", "above", "below", "value", "comparator", "unit", "collected_at", "received_at", "ref", "version",
        "value_text", "unit_text", "confounded_way", "confounded_why", "confounded_kept", "sigma"]  # fmt: skip
UP, DOWN = 1.0, -1.0


def markers(points: pd.DataFrame, t0: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    One row a steroid start, window and marker: KEY, hours, state, reason, change_percent, base_* and now_* of the two
    values compared (columns USED), z, n (values in the fitted line).

    Compared are the last value before the steroid and the one nearest to the window's hour; the change counts when it,
    or the line through all values between, is beyond the noise of the test.
    """
    numbers = catalog.rules["steroid_response"].parameters
    near = _near(points, t0, numbers)
    base = near[near["since"] <= numbers["baseline_after_hours"]].drop_duplicates(KEY, keep="last")
    after = near[near["since"] > numbers["baseline_after_hours"]]
    grid = _grid(t0, numbers)
    table = grid.merge(base[KEY + USED].rename(columns=lambda n: f"base_{n}" if n in USED else n), on=KEY, how="left")
    table = table.merge(_nearest(after, numbers), on=[*KEY, "hours"], how="left")
    table = table.join(_fitted(near, table))
    return _judged(table, catalog)


def names(numbers: Mapping[str, Any]) -> list[str]:
    """The rule's markers, in its order."""
    return list(numbers["markers"])


def _near(points: pd.DataFrame, t0: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.DataFrame:
    mine = points[points["analyte"].isin(names(numbers))]
    near = mine.merge(t0[["patient_id", "t0", "t0_hour"]], on="patient_id")
    near["since"] = near["hour"] - near["t0_hour"]
    last = max(numbers["windows"]) + numbers["window_after_hours"]
    near = near[(near["since"] >= -numbers["baseline_before_hours"]) & (near["since"] <= last)]
    return near.sort_values([*KEY, "hour"], kind="stable", ignore_index=True)


def _grid(t0: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.DataFrame:
    """Every start, window and marker there is to judge, whether or not anything was measured."""
    windows = pd.DataFrame({"hours": numbers["windows"]})
    marker = pd.DataFrame({"analyte": names(numbers)})
    return t0[["patient_id", "t0", "t0_hour"]].merge(windows, how="cross").merge(marker, how="cross")


def _nearest(after: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.DataFrame:
    """For each window the value nearest to its hour; of two as near, the later one."""
    found = []
    for window in numbers["windows"]:
        inside = after[
            after["since"].between(window - numbers["window_before_hours"], window + numbers["window_after_hours"])
        ]
        inside = inside.assign(hours=window, away=(inside["since"] - window).abs())
        found.append(inside.sort_values([*KEY, "away", "since"], ascending=[True] * 4 + [False]).drop_duplicates(KEY))
    told = pd.concat(found, ignore_index=True)[[*KEY, "hours", *USED]]
    return told.rename(columns=lambda n: f"now_{n}" if n in USED else n)


def _fitted(near: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """z and n of the line through all exact, usable values from the one before the steroid to the window's own."""
    ends = table.reset_index(names="row")[["row", *KEY, "base_hour", "now_hour"]].dropna(
        subset=["base_hour", "now_hour"]
    )
    used = near[near["exact"] & near["usable"]][[*KEY, "hour", "log", "sigma"]].merge(ends, on=KEY)
    used = used[(used["hour"] >= used["base_hour"]) & (used["hour"] <= used["now_hour"])]
    used = used.assign(t=used["hour"] - used["base_hour"], one=1.0)
    used = used.assign(tt=used["t"] ** 2, ty=used["t"] * used["log"])
    sums = used.groupby("row")[["one", "t", "log", "tt", "ty"]].sum().join(used.groupby("row")["sigma"].first())
    spread = sums["tt"] - sums["t"] ** 2 / sums["one"]
    spread = spread.where(spread > 0)
    slope = (sums["ty"] - sums["t"] * sums["log"] / sums["one"]) / spread
    return pd.DataFrame({"fit_z": slope * np.sqrt(spread) / sums["sigma"], "n": sums["one"]}).reindex(table.index)


def _judged(table: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    numbers = catalog.rules["steroid_response"].parameters
    good = (
        table["analyte"]
        .map({c: DOWN if a.worse == "up" else UP for c, a in catalog.analytes.items()})
        .to_numpy(dtype=float)
    )
    limit = numbers["z"] * np.sqrt(2.0) * table["now_sigma"].to_numpy(dtype=float)
    least, most = _bounds(table)
    delta = (table["now_log"] - table["base_log"]).to_numpy(dtype=float)
    fitted = np.where(np.sign(table["fit_z"]) == np.sign(delta), table["fit_z"], 0.0)
    rose = (least >= limit) | ((least == most) & (fitted >= numbers["z"]))
    fell = (most <= -limit) | ((least == most) & (fitted <= -numbers["z"]))
    improved, worse = (good > 0) & rose | (good < 0) & fell, (good > 0) & fell | (good < 0) & rose
    improved, worse = _with_fever(table, improved, worse, numbers)
    state, reason = _states(table, improved, worse, least == most, catalog)
    return table.assign(state=state, reason=reason, change_percent=100.0 * np.expm1(delta), z=fitted)


def _bounds(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most the change of logs can be, when ">40000" stands for all that lies above it."""
    now, base = table["now_log"].to_numpy(dtype=float), table["base_log"].to_numpy(dtype=float)
    high_now, low_now = (
        np.where(_yes(table["now_above"]), np.inf, now),
        np.where(_yes(table["now_below"]), -np.inf, now),
    )
    high_base, low_base = (
        np.where(_yes(table["base_above"]), np.inf, base),
        np.where(_yes(table["base_below"]), -np.inf, base),
    )
    return low_now - high_base, high_now - low_base


def _yes(column: pd.Series) -> np.ndarray:
    return column.eq(True).to_numpy(dtype=bool)


def _with_fever(
    table: pd.DataFrame, improved: np.ndarray, worse: np.ndarray, numbers: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Temperature has no noise model: it improves when fever goes, and is worse when fever comes."""
    mine = table["analyte"].eq("temperature").to_numpy()
    base, now = (table[name].to_numpy(dtype=float) for name in ("base_value", "now_value"))
    before, after = base > numbers["fever_celsius"], now > numbers["fever_celsius"]
    known = np.isfinite(base) & np.isfinite(now)
    return np.where(mine, before & ~after & known, improved), np.where(mine, ~before & after & known, worse)


def _states(
    table: pd.DataFrame, improved: np.ndarray, worse: np.ndarray, exact: np.ndarray, catalog: Catalog
) -> tuple[np.ndarray, np.ndarray]:
    words = catalog.phrases["marker_reasons"]
    unknown = ~exact & ~improved & ~worse & table["base_value"].notna().to_numpy()
    fooled = _fooled(table, improved, worse)
    rushed = improved & _too_fast(table, catalog)
    never, none = table["base_value"].isna().to_numpy(), table["now_value"].isna().to_numpy()
    why = np.where(
        table["now_confounded_why"].fillna("").ne(""),
        table["now_confounded_why"].fillna(""),
        table["base_confounded_why"].fillna(""),
    )
    cases = [none & never, none, never, fooled, rushed, unknown, improved, worse]
    states = [
        "missing",
        "missing",
        "missing",
        "not_interpretable",
        "not_interpretable",
        "not_interpretable",
        "improved",
        "worse",
    ]
    reasons = [
        words["no_values"],
        words["no_value"],
        words["no_baseline"],
        why,
        words["too_fast"],
        words["out_of_range"],
        "",
        "",
    ]
    texts = [np.broadcast_to(np.asarray(reason, dtype=object), len(table)) for reason in reasons]
    return np.select(cases, [np.asarray(state) for state in states], "unchanged"), np.select(cases, texts, "")


def _fooled(table: pd.DataFrame, improved: np.ndarray, worse: np.ndarray) -> np.ndarray:
    """
    A product may have made this change by itself. A worsening against the product's own pull is still believed, and
    so is one under a drug that works for weeks; an improvement that a product explains never is.
    """
    now, base = table["now_confounded_way"].fillna(""), table["base_confounded_way"].fillna("")
    rise, fall = table["now_log"] > table["base_log"], table["now_log"] < table["base_log"]
    lifted = rise & (now.isin(["up", "any"]) | base.isin(["down", "any"]))
    lowered = fall & (now.isin(["down", "any"]) | base.isin(["up", "any"]))
    either = now.eq("any") | base.eq("any")
    kept = ~(now.ne("") & ~_yes(table["now_confounded_kept"])) & ~(base.ne("") & ~_yes(table["base_confounded_kept"]))
    moved = (lifted | lowered | either).to_numpy(dtype=bool)
    return moved & ~(worse & kept.to_numpy(dtype=bool))


def _too_fast(table: pd.DataFrame, catalog: Catalog) -> np.ndarray:
    """A fall beyond what the plasma half-life allows even if production stopped at once: not to be rested on."""
    numbers = catalog.rules["steroid_response"].parameters
    half = (
        table["analyte"]
        .map({c: a.half_life_hours for c, a in catalog.analytes.items() if a.worse == "up"})
        .to_numpy(dtype=float)
    )
    elapsed = (table["now_hour"] - table["base_hour"]).to_numpy(dtype=float)
    least = -np.log(2.0) * elapsed / half - numbers["z"] * np.sqrt(2.0) * table["now_sigma"].to_numpy(dtype=float)
    return (table["now_log"] - table["base_log"]).to_numpy(dtype=float) < least
