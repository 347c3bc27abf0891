"""Where each marker stands after a steroid start: improved, unchanged, worse, not interpretable, missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.near import NONE, Near, baselines, latest, names, near, newest
from monitoring.analysis.response_odds import free_hours, with_odds
from monitoring.analysis.shares import shares
from monitoring.terms import Catalog

KEY = ["patient_id", "t0", "analyte"]
SIDES = ["base", "now"]
COMPARED = ["log", "value", "hour", "above", "below", "confounded_way", "confounded_kept"]
UP, DOWN = 1.0, -1.0


def markers(points: pd.DataFrame, t0: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    One row a steroid start, window and marker: KEY, t0_hour, hours, state, reason, change_percent, z, n (values in the
    fitted line), share, share_error, free and log_odds (see shares.py and response_odds.py), the bounds of the change,
    base_at and now_at (positions in `points` of the two values compared, -1 where there is none), base_since, now_since
    (their hours after T0). The columns of the two values themselves come with `sides`.

    Compared are the last value before the steroid and the one nearest to the window's hour; the change counts when it,
    or the course of all values between, is beyond the noise of the test.
    """
    numbers = catalog.rules["steroid_response"].parameters
    told = near(points, t0, catalog)
    base = baselines(told, numbers, len(t0) * len(names(numbers)))
    parts = [_window(told, base, window, numbers) for window in numbers["windows"]]
    table = pd.concat(
        [grid(t0, numbers, window).assign(**part) for window, part in zip(numbers["windows"], parts, strict=True)]
    )
    table = table.sort_values(["order", "hours", "place"], kind="stable", ignore_index=True).drop(
        columns=["order", "place"]
    )
    table = table.assign(**_times(table, points))
    return with_odds(_judged(table, _compared(table, points), catalog), catalog)


def sides(told: pd.DataFrame, points: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The columns `names` of the two values compared, as base_… and now_…; empty where there is none."""
    parts = []
    for side in SIDES:
        at = points.index.get_indexer(pd.Index(told[f"{side}_at"]))
        parts.append(pd.DataFrame({f"{side}_{name}": _of_points(points[name], at) for name in names}, index=told.index))
    return pd.concat(parts, axis=1)


def _of_points(column: pd.Series, at: np.ndarray) -> pd.Series:
    """Whole numbers stay whole: a number of 19 digits is not the same as a float."""
    whole = column.astype("Int64") if column.dtype.kind in "iu" else column
    return pd.Series(whole.array.take(at, allow_fill=True))


def grid(t0: pd.DataFrame, numbers: Mapping[str, Any], window: float) -> pd.DataFrame:
    """Every start and marker there is to judge in a window, whether or not anything was measured."""
    codes = names(numbers)
    starts = t0[["patient_id", "t0", "t0_hour"]].loc[t0.index.repeat(len(codes))].reset_index(drop=True)
    order, place = np.divmod(np.arange(len(starts)), len(codes))
    return starts.assign(analyte=np.tile(codes, len(t0)), hours=window, order=order, place=place)


def _window(told: Near, base: np.ndarray, window: float, numbers: Mapping[str, Any]) -> dict[str, np.ndarray]:
    now = newest(told, window, numbers, base)
    last = latest(told, window, numbers, now)
    fits = [shares(told, numbers, last, free) for free in free_hours(numbers)]
    plain = _straight(told, base, now)
    shown = {f"share_{place}": fit.share for place, fit in enumerate(fits)}
    shown |= {f"error_{place}": fit.error for place, fit in enumerate(fits)}
    return {
        "base_at": _taken(told.place, base, NONE), "now_at": _taken(told.place, now, NONE),
        "base_since": _taken(told.since, base, np.nan), "now_since": _taken(told.since, now, np.nan),
        "last_at": _taken(told.place, last, NONE), "last_since": _taken(told.since, last, np.nan),
        "sigma": _taken(told.sigma, now, np.nan), "fit_z": plain, "n": fits[0].n,
    } | shown  # fmt: skip


def _taken(values: np.ndarray, entries: np.ndarray, empty: float) -> np.ndarray:
    """The value of each entry; `empty` where there is none."""
    return np.where(entries == NONE, empty, values[entries]) if len(values) else np.full(len(entries), empty)


def _straight(told: Near, base: np.ndarray, now: np.ndarray) -> np.ndarray:
    """z of the straight line through all exact, sound values from the baseline to the window's own."""
    first, last = _taken(told.since, base, np.inf), _taken(told.since, now, -np.inf)
    used = np.flatnonzero(told.exact & told.sound)
    used = used[(told.since[used] >= first[told.cell[used]]) & (told.since[used] <= last[told.cell[used]])]
    cell, t, y = told.cell[used], told.since[used], told.log[used]
    n, st, sy, stt, sty = (
        np.bincount(cell, part, minlength=len(base)) for part in (np.ones(len(t)), t, y, t * t, t * y)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = stt - st**2 / n
        z = (sty - st * sy / n) / np.sqrt(spread) / _taken(told.sigma, now, np.nan)
    return np.where(spread > 1e-9, z, np.nan)


def _compared(table: pd.DataFrame, points: pd.DataFrame) -> dict[str, np.ndarray]:
    """The columns COMPARED of both values, as base_… and now_…; NaN or "" where there is none."""
    told = {}
    columns = {name: _plain(points[name]) for name in COMPARED}
    for side in SIDES:
        at = table[f"{side}_at"].to_numpy(dtype=int)
        for name, column in columns.items():
            empty = "" if name == "confounded_way" else np.nan if column.dtype.kind == "f" else False
            told[f"{side}_{name}"] = np.where(at == NONE, empty, column[at]) if len(column) else np.full(len(at), empty)
    return told


def _times(table: pd.DataFrame, points: pd.DataFrame) -> dict[str, pd.Series]:
    """used_at: when the later of the baseline and the last value used came in; seen_at: when the last was drawn."""
    base, now = (points.index.get_indexer(pd.Index(table[f"{side}_at"])) for side in ("base", "last"))
    received = points["received_at"].array
    both = [pd.Series(received.take(at, allow_fill=True)) for at in (base, now)]
    drawn = points["collected_at"].array.take(now, allow_fill=True)
    return {"used_at": both[1].where(~(both[0] > both[1]), both[0]), "seen_at": pd.Series(drawn)}


def _plain(column: pd.Series) -> np.ndarray:
    """Texts that are empty nearly everywhere need not be turned into objects one by one."""
    if column.dtype.kind in "fbiu":
        return column.to_numpy()
    plain = np.full(len(column), "", dtype=object)
    told = np.flatnonzero(column.ne("").to_numpy(dtype=bool))
    plain[told] = column.take(told).to_numpy()
    return plain


def _judged(table: pd.DataFrame, sides: Mapping[str, np.ndarray], catalog: Catalog) -> pd.DataFrame:
    numbers = catalog.rules["steroid_response"].parameters
    limit = numbers["z"] * np.sqrt(2.0) * table["sigma"].to_numpy(dtype=float)
    good = table["analyte"].map(better_ways(catalog)).to_numpy(dtype=float)
    least, most = _bounds(sides)
    delta = sides["now_log"] - sides["base_log"]
    fit = table.pop("fit_z").to_numpy(dtype=float)
    fitted = np.where(np.sign(fit) == np.sign(delta), fit, 0.0)
    rose = (least >= limit) | ((least == most) & (fitted >= numbers["z"]))
    fell = (most <= -limit) | ((least == most) & (fitted <= -numbers["z"]))
    improved, worse = (good > 0) & rose | (good < 0) & fell, (good > 0) & fell | (good < 0) & rose
    improved, worse = _with_fever(table, sides, improved, worse, numbers)
    feverish = sides["now_value"] > numbers["fever_celsius"]
    now_exact = ~(sides["now_above"].astype(bool) | sides["now_below"].astype(bool))
    table = table.assign(
        least=least, most=most, z=fitted, change_percent=100.0 * np.expm1(delta), feverish=feverish, now_exact=now_exact
    )
    return _told(table, sides, improved, worse, catalog)


def better_ways(catalog: Catalog) -> dict[str, float]:
    """Marker -> the way it goes under response; the expected courses say so where the analyte itself has no worse."""
    numbers = catalog.rules["steroid_response"].parameters
    ways = {code: {"up": DOWN, "down": UP}.get(a.worse, np.nan) for code, a in catalog.analytes.items()}
    for name in names(numbers):
        if np.isnan(ways[name]) and f"{name}_if_responding" in numbers:
            last = (numbers[f"{name}_if_responding"][-1][1], numbers[f"{name}_if_not"][-1][1])
            ways[name] = UP if last[0] > last[1] else DOWN
    return ways


def _bounds(sides: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most the change of logs can be, when ">40000" stands for all that lies above it."""
    ends = {}
    for side in SIDES:
        log = sides[f"{side}_log"]
        ends[side] = np.where(sides[f"{side}_below"], -np.inf, log), np.where(sides[f"{side}_above"], np.inf, log)
    return ends["now"][0] - ends["base"][1], ends["now"][1] - ends["base"][0]


def _with_fever(
    table: pd.DataFrame,
    sides: Mapping[str, np.ndarray],
    improved: np.ndarray,
    worse: np.ndarray,
    numbers: Mapping[str, Any],
) -> tuple[np.ndarray, np.ndarray]:
    """Temperature has no noise model: it improves when fever goes, and is worse when fever comes."""
    mine = table["analyte"].eq("temperature").to_numpy()
    before, after = sides["base_value"] > numbers["fever_celsius"], sides["now_value"] > numbers["fever_celsius"]
    known = np.isfinite(sides["base_value"]) & np.isfinite(sides["now_value"])
    return np.where(mine, before & ~after & known, improved), np.where(mine, ~before & after & known, worse)


def _told(
    table: pd.DataFrame, sides: Mapping[str, np.ndarray], improved: np.ndarray, worse: np.ndarray, catalog: Catalog
) -> pd.DataFrame:
    words = catalog.phrases["marker_reasons"]
    exact = (table["least"] == table["most"]).to_numpy()
    never, none = (table[f"{side}_at"].eq(NONE).to_numpy() for side in SIDES)
    unknown = ~exact & ~improved & ~worse & ~never
    cases = {
        "no_values": never & none, "no_value": none, "no_baseline": never, "product": _fooled(sides, improved, worse),
        "too_fast": improved & _too_fast(table, sides, catalog), "out_of_range": unknown,
    }  # fmt: skip
    why = np.select(list(cases.values()), [np.asarray(name, dtype=object) for name in cases], "")
    told = np.select([improved, worse], ["improved", "worse"], "unchanged")
    told = np.where(
        np.isin(why, ["no_values", "no_value", "no_baseline"]),
        "missing",
        np.where(why != "", "not_interpretable", told),
    )
    texts = {"": "", "product": ""} | {name: words[name] for name in cases if name != "product"}
    optional = table["analyte"].isin(catalog.rules["steroid_response"].parameters["markers_if_measured"])
    table = table.assign(state=told, why=why, reason=pd.Series(why, dtype="str").map(texts))
    table = table.assign(
        lifted=_pulled(sides, catalog, table, better=True), lowered=_pulled(sides, catalog, table, better=False)
    )
    return table[~(optional & table["state"].eq("missing")).to_numpy()].reset_index(drop=True)


def _pulled(sides: Mapping[str, np.ndarray], catalog: Catalog, table: pd.DataFrame, *, better: bool) -> np.ndarray:
    """Whether a product that is still in play pulls this marker the better (or the worse) way by itself."""
    ways = table["analyte"].map(better_ways(catalog)).to_numpy(dtype=float) * (1.0 if better else -1.0)
    way = np.where(ways > 0, "up", "down")
    return (sides["now_confounded_way"] == way) | (sides["now_confounded_way"] == "any")


def _fooled(sides: Mapping[str, np.ndarray], improved: np.ndarray, worse: np.ndarray) -> np.ndarray:
    """
    A product may have made this change by itself. A worsening against the product's own pull is still believed, and
    so is one under a drug that works for weeks; an improvement that a product explains never is.
    """
    now, base = sides["now_confounded_way"], sides["base_confounded_way"]
    rise, fall = sides["now_log"] > sides["base_log"], sides["now_log"] < sides["base_log"]
    lifted = rise & (np.isin(now, ["up", "any"]) | np.isin(base, ["down", "any"]))
    lowered = fall & (np.isin(now, ["down", "any"]) | np.isin(base, ["up", "any"]))
    either = (now == "any") | (base == "any")
    left_out = [
        (sides[f"{side}_confounded_way"] != "") & ~sides[f"{side}_confounded_kept"].astype(bool) for side in SIDES
    ]
    return (lifted | lowered | either) & ~(worse & ~left_out[0] & ~left_out[1])


def _too_fast(table: pd.DataFrame, sides: Mapping[str, np.ndarray], catalog: Catalog) -> np.ndarray:
    """A fall beyond what the plasma half-life allows even if production stopped at once: not to be rested on."""
    numbers = catalog.rules["steroid_response"].parameters
    halves = {code: a.half_life_hours for code, a in catalog.analytes.items() if a.worse == "up"}
    half = table["analyte"].map(halves).to_numpy(dtype=float)
    elapsed = sides["now_hour"] - sides["base_hour"]
    least = -np.log(2.0) * elapsed / half - numbers["z"] * np.sqrt(2.0) * table["sigma"].to_numpy(dtype=float)
    return (sides["now_log"] - sides["base_log"]) < least
