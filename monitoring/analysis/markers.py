"""Where each marker stands after a steroid start: improved, unchanged, worse, not interpretable, missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.columns import NEVER, Table, framed, moments, texts
from monitoring.analysis.near import NONE, Near, baselines, latest, names, near, newest
from monitoring.analysis.response_odds import free_hours, with_odds
from monitoring.analysis.shares import shares
from monitoring.terms import Analyte, Catalog

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
    told, codes, windows = near(points, t0, catalog), names(numbers), sorted(numbers["windows"])
    base = baselines(told, numbers, len(t0) * len(codes))
    parts = [_window(told, base, window, numbers) for window in windows]
    laid = (len(windows), len(t0), len(codes))
    table = {name: np.array([part[name] for part in parts]).reshape(laid).swapaxes(0, 1).ravel() for name in parts[0]}
    start, window, marker = (axis.ravel() for axis in np.indices((len(t0), len(windows), len(codes))))
    table |= _times(table, points) | {"marker": marker, "hours": np.array(windows)[window]}
    table = _judged(table, _compared(table, points), catalog)
    table = with_odds(table, start * len(windows) + window, catalog)
    kept = np.flatnonzero(~table.pop("left_out"))
    shown = {name: t0[name].array[start[kept]] for name in ("patient_id", "t0", "t0_hour")}
    shown["analyte"] = np.array(codes, dtype=object)[table.pop("marker")[kept]]
    return framed(shown | {name: column[kept] for name, column in table.items()})


def sides(told: pd.DataFrame, points: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The columns `names` of the two values compared, as base_… and now_…; empty where there is none."""
    parts = []
    for side in SIDES:
        at = points.index.get_indexer(pd.Index(told[f"{side}_at"]))
        parts.append(pd.DataFrame({f"{side}_{name}": _column_of(points[name], at) for name in names}, index=told.index))
    return pd.concat(parts, axis=1)


def _column_of(column: pd.Series, at: np.ndarray) -> pd.Series:
    """Whole numbers stay whole: a number of 19 digits is not the same as a float."""
    whole = column.astype("Int64") if column.dtype.kind in "iu" else column
    return pd.Series(whole.array.take(at, allow_fill=True))


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


def _taken(values: np.ndarray, entries: np.ndarray, empty: Any) -> np.ndarray:
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


def _compared(table: Table, points: pd.DataFrame) -> Table:
    """The columns COMPARED of both values, as base_… and now_…; NaN or "" where there is none."""
    return {f"{side}_{name}": _of_points(points[name], table[f"{side}_at"]) for side in SIDES for name in COMPARED}


def _of_points(column: pd.Series, at: np.ndarray) -> np.ndarray:
    """The values at these positions; NaN, False or "" where there is none."""
    some = np.flatnonzero(at != NONE)
    taken = column.take(at[some])
    values = taken.to_numpy() if column.dtype.kind in "fb" else texts(taken)
    told = np.full(len(at), {"f": np.nan, "b": False}.get(values.dtype.kind, ""), dtype=values.dtype)
    told[some] = values
    return told


def _times(table: Table, points: pd.DataFrame) -> Table:
    """used_at: when the later of the baseline and the last value used came in; seen_at: when the last was drawn."""
    received, drawn = moments(points["received_at"]), moments(points["collected_at"])
    base, last = (_taken(received, table[f"{side}_at"], NEVER) for side in ("base", "last"))
    return {"used_at": np.where(base > last, base, last), "seen_at": _taken(drawn, table["last_at"], NEVER)}


def _judged(table: Table, sides: Table, catalog: Catalog) -> Table:
    numbers = catalog.rules["steroid_response"].parameters
    limit = numbers["z"] * np.sqrt(2.0) * table["sigma"]
    good = _good(table, catalog)
    least, most = _bounds(sides)
    delta = sides["now_log"] - sides["base_log"]
    fit = table.pop("fit_z")
    fitted = np.where(np.sign(fit) == np.sign(delta), fit, 0.0)
    rose = (least >= limit) | ((least == most) & (fitted >= numbers["z"]))
    fell = (most <= -limit) | ((least == most) & (fitted <= -numbers["z"]))
    improved, worse = (good > 0) & rose | (good < 0) & fell, (good > 0) & fell | (good < 0) & rose
    improved, worse = _with_fever(table, sides, (improved, worse), numbers)
    table = table | {
        "least": least, "most": most, "z": fitted, "change_percent": 100.0 * np.expm1(delta),
        "feverish": sides["now_value"] > numbers["fever_celsius"],
        "now_exact": ~(sides["now_above"] | sides["now_below"]),
    }  # fmt: skip
    return _told(table, sides, (improved, worse), catalog)


def _good(table: Table, catalog: Catalog) -> np.ndarray:
    """For each row +1 where its marker goes up under response, -1 where it goes down."""
    ways = better_ways(catalog)
    return np.array([ways[name] for name in names(catalog.rules["steroid_response"].parameters)])[table["marker"]]


def better_ways(catalog: Catalog) -> dict[str, float]:
    """Marker -> the way it goes under response; the expected courses say so where the analyte itself has no worse."""
    numbers = catalog.rules["steroid_response"].parameters
    ways = {code: {"up": DOWN, "down": UP}.get(a.worse, np.nan) for code, a in catalog.analytes.items()}
    for name in names(numbers):
        if np.isnan(ways[name]) and f"{name}_if_responding" in numbers:
            last = (numbers[f"{name}_if_responding"][-1][1], numbers[f"{name}_if_not"][-1][1])
            ways[name] = UP if last[0] > last[1] else DOWN
    return ways


def _bounds(sides: Table) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most the change of logs can be, when ">40000" stands for all that lies above it."""
    ends = {}
    for side in SIDES:
        log = sides[f"{side}_log"]
        ends[side] = np.where(sides[f"{side}_below"], -np.inf, log), np.where(sides[f"{side}_above"], np.inf, log)
    return ends["now"][0] - ends["base"][1], ends["now"][1] - ends["base"][0]


def _with_fever(
    table: Table, sides: Table, ways: tuple[np.ndarray, np.ndarray], numbers: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Temperature has no noise model: it improves when fever goes, and is worse when fever comes."""
    mine = table["marker"] == names(numbers).index("temperature")
    before, after = sides["base_value"] > numbers["fever_celsius"], sides["now_value"] > numbers["fever_celsius"]
    known = np.isfinite(sides["base_value"]) & np.isfinite(sides["now_value"])
    return np.where(mine, before & ~after & known, ways[0]), np.where(mine, ~before & after & known, ways[1])


def _told(table: Table, sides: Table, ways: tuple[np.ndarray, np.ndarray], catalog: Catalog) -> Table:
    """With the words; `left_out`: a marker that counts only where somebody measured it, and nobody did."""
    words, numbers = catalog.phrases["marker_reasons"], catalog.rules["steroid_response"].parameters
    improved, worse = ways
    never, none = (table[f"{side}_at"] == NONE for side in SIDES)
    unknown = (table["least"] != table["most"]) & ~improved & ~worse & ~never
    cases = {
        "no_values": never & none, "no_value": none, "no_baseline": never, "product": _fooled(sides, improved, worse),
        "too_fast": improved & _too_fast(table, sides, catalog), "out_of_range": unknown,
    }  # fmt: skip
    why = np.select([*cases.values()], [np.asarray(name, dtype=object) for name in cases], "")
    told = np.select([improved, worse], ["improved", "worse"], "unchanged").astype(object)
    told[why != ""] = "not_interpretable"
    told[never | none] = "missing"
    optional = table["marker"] >= len(numbers["markers"])
    reasons = {"": "", "product": ""} | {name: words[name] for name in cases if name != "product"}
    return table | {
        "state": told, "why": why, "reason": np.array([reasons[name] for name in why.tolist()], dtype=object),
        "lifted": _pulled(table, sides, catalog, better=True), "lowered": _pulled(table, sides, catalog, better=False),
        "left_out": optional & (never | none),
    }  # fmt: skip


def _pulled(table: Table, sides: Table, catalog: Catalog, *, better: bool) -> np.ndarray:
    """Whether a product that is still in play pulls this marker the better (or the worse) way by itself."""
    up = _good(table, catalog) > 0 if better else _good(table, catalog) < 0
    way = sides["now_confounded_way"]
    return np.asarray((way == "any") | np.where(up, way == "up", way == "down"))


def _fooled(sides: Table, improved: np.ndarray, worse: np.ndarray) -> np.ndarray:
    """
    A product may have made this change by itself. A worsening against the product's own pull is still believed, and
    so is one under a drug that works for weeks; an improvement that a product explains never is.
    """
    now, base = sides["now_confounded_way"], sides["base_confounded_way"]
    rise, fall = sides["now_log"] > sides["base_log"], sides["now_log"] < sides["base_log"]
    either = (now == "any") | (base == "any")
    lifted = rise & ((now == "up") | (base == "down") | either)
    lowered = fall & ((now == "down") | (base == "up") | either)
    left_out = [(sides[f"{side}_confounded_way"] != "") & ~sides[f"{side}_confounded_kept"] for side in SIDES]
    return np.asarray((lifted | lowered | either) & ~(worse & ~left_out[0] & ~left_out[1]), dtype=bool)


def _too_fast(table: Table, sides: Table, catalog: Catalog) -> np.ndarray:
    """A fall beyond what the plasma half-life allows even if production stopped at once: not to be rested on."""
    numbers = catalog.rules["steroid_response"].parameters
    halves = [_half_life(catalog.analytes[name]) for name in names(numbers)]
    half = np.array(halves)[table["marker"]]
    elapsed = sides["now_hour"] - sides["base_hour"]
    least = -np.log(2.0) * elapsed / half - numbers["z"] * np.sqrt(2.0) * table["sigma"]
    return np.asarray((sides["now_log"] - sides["base_log"]) < least)


def _half_life(analyte: Analyte) -> float:
    return analyte.half_life_hours or np.nan if analyte.worse == "up" else np.nan
