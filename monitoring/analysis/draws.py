"""
Draws in which many markers jumped together: all down by one factor (diluted), or stable ones out of their course
(another patient's sample). Rare by design: the markers named by the rule, beyond the noise, without a product in play.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Laid, by_text, clean
from monitoring.analysis.earlier import last_before
from monitoring.analysis.evidence import Row
from monitoring.analysis.matching import numbered
from monitoring.terms import Catalog, Rule

Places = tuple[int, ...]
DRAW = ["patient_id", "hour"]
COMPARED = [*DRAW, "draw", "analyte", "place", "before", "delta", "z", "jumped", "stable"]


def odd_draws(points: pd.DataFrame, rule: Rule, catalog: Catalog) -> pd.DataFrame:
    """
    A row a marker compared in an odd draw (COMPARED): place, before (positions in `points`), delta (log), z (delta in
    noises of a difference); and for the draw: known_at, began_at, cleared_at, back (True: the next draw went back).
    """
    mine = _comparable(points, rule)
    if mine.empty:
        return pd.DataFrame(columns=[*COMPARED, "common", "diluted"])
    found = _odd(_compared(mine, np.ones(len(mine), dtype=bool), rule), rule, catalog)
    if found.empty:
        return found
    # after a wrong sample the right one jumps back: each odd draw is weighed again against values of other draws
    trusted = ~mine["place"].isin(found["place"]).to_numpy()
    again = _compared(mine, trusted, rule)
    again = again[again["draw"].isin(found["draw"]).to_numpy()].reset_index(drop=True)
    found = _odd(again, rule, catalog)
    return found if found.empty else _with_times(found, mine, points, rule)


def draw_stretches(points: pd.DataFrame, odd: pd.DataFrame, rule: Rule, catalog: Catalog) -> pd.DataFrame:
    """A row an odd draw; `places`: pairs of positions, the value before and that of the draw, of all compared."""
    if odd.empty:
        return pd.DataFrame()
    told = odd.sort_values([*DRAW, "place"])
    first = np.flatnonzero(~told.duplicated(DRAW).to_numpy())
    pairs = told[["before", "place"]].to_numpy(dtype=np.int64).ravel().tolist()
    places = [tuple(pairs[since:until]) for since, until in pairwise([*2 * first, len(pairs)])]
    rows = told.take(first)
    words = catalog.phrases["safety"]
    why = np.where(rows["back"].eq(True), words["went_back"], words["stayed"])
    return pd.DataFrame(
        {
            "patient_id": rows["patient_id"],
            "began_at": rows["began_at"],
            "raised_at": rows["known_at"],
            "cleared_at": rows["cleared_at"],
            "places": places,
            "flag": rule.code,
            "severity": rule.severity,
            "why": np.where(rows["cleared_at"].notna(), why, ""),
        }
    )


def doubted(points: pd.DataFrame, odd: pd.DataFrame, catalog: Catalog) -> np.ndarray:
    """Which points were drawn with an odd draw that no later one confirmed; what no sample is needed for is not."""
    if odd.empty:
        return np.zeros(len(points), dtype=bool)
    draws = odd.loc[~odd["back"].eq(False), DRAW].drop_duplicates()
    near = np.flatnonzero(np.isin(points["hour"].to_numpy(), draws["hour"].to_numpy()))
    drawn = np.zeros(len(points), dtype=bool)
    keys = pd.MultiIndex.from_frame(points[DRAW].take(near))
    drawn[near] = keys.isin(pd.MultiIndex.from_frame(draws))
    sampled = Laid.of(points).each({code: bool(a.specimens) for code, a in catalog.analytes.items()}, False)
    return drawn & sampled


def _comparable(points: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """
    Exact values of the rule's markers that no product touched, with their `place` in `points`; only of patients of
    whom enough values jumped in one draw: all others are looked at no further.
    """
    laid = Laid.of(points)
    sound = laid.among({*rule.parameters["analytes"], *rule.parameters["stable"]}) & clean(points)
    at = np.flatnonzero(sound & (points["sigma"].to_numpy() > 0))
    log, sigma, series, hour = (points[name].to_numpy()[at] for name in ("log", "sigma", "series", "hour"))
    jumps = np.abs(np.diff(log)) >= rule.parameters["z_jump"] * np.sqrt(2.0) * sigma[1:]
    jumped = np.flatnonzero(jumps & (series[1:] == series[:-1])) + 1
    patient = laid.patients()[laid.number]
    draw = numbered(patient[at[jumped]], hour[jumped])
    many = np.bincount(draw, minlength=1)[draw] >= rule.parameters["least_jumps"]
    at = at[np.isin(patient[at], patient[at[jumped[many]]])]
    columns = ["patient_id", "analyte", "hour", "log", "sigma", "series", "segment", "received_at"]
    told = points[columns].take(at).reset_index(drop=True)
    return told.assign(place=at, draw=numbered(patient[at], told["hour"].to_numpy()))


def _compared(mine: pd.DataFrame, trusted: np.ndarray, rule: Rule) -> pd.DataFrame:
    """
    Each value beside the last trusted one before it, where that is recent and by the same method; only of draws in
    which enough values jumped.
    """
    numbers = rule.parameters
    last = last_before(trusted, mine["series"].to_numpy())
    here = np.flatnonzero(last >= 0)
    there = last[here]
    hour, segment, log = (mine[name].to_numpy() for name in ("hour", "segment", "log"))
    recent = (hour[here] - hour[there] <= numbers["recent_hours"]) & (segment[here] == segment[there])
    here, there = here[recent], there[recent]
    delta, draw = log[here] - log[there], mine["draw"].to_numpy()[here]
    jumped = np.abs(delta / (np.sqrt(2.0) * mine["sigma"].to_numpy()[here])) >= numbers["z_jump"]
    many = np.bincount(draw[jumped], minlength=len(mine))[draw] >= numbers["least_jumps"]
    here, there, delta = here[many], there[many], delta[many]
    told = mine.iloc[here].reset_index(drop=True)
    return _weighed(told.assign(before=mine["place"].to_numpy()[there], delta=delta), rule)


def _weighed(told: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    z = told["delta"] / (np.sqrt(2.0) * told["sigma"])
    stable = told["analyte"].isin(rule.parameters["stable"])
    return told.assign(z=z, jumped=z.abs() >= rule.parameters["z_jump"], stable=stable)


def _odd(compared: pd.DataFrame, rule: Rule, catalog: Catalog) -> pd.DataFrame:
    """Of the values compared those of draws that are odd, with `common` (log factor) and `diluted`."""
    numbers = rule.parameters
    draw = compared["draw"].to_numpy()
    many = np.bincount(draw[compared["jumped"].to_numpy()], minlength=draw.max(initial=0) + 1)
    told = compared[(many >= numbers["least_jumps"])[draw]]
    if told.empty:
        return pd.DataFrame(columns=[*COMPARED, "common", "diluted"])
    told = told.merge(_dilution(told, rule), on="draw", how="left")
    told = told.assign(diluted=told["diluted"].eq(True))
    return told[told["diluted"] | _mixed(told, rule, catalog)].reset_index(drop=True)


def _dilution(told: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """Per draw: the common factor of all that dilution lowers, and whether they went down by it together."""
    numbers = rule.parameters
    mine = told[told["analyte"].isin(numbers["analytes"])]
    common = mine.groupby("draw")["delta"].transform("median")
    noise = numbers["z_alike"] * np.sqrt(2.0) * mine["sigma"]
    room = np.maximum(noise, np.log1p(numbers["alike_percent"] / 100.0))
    mine = mine.assign(
        common=common,
        alike=(mine["delta"] - common).abs() <= room,
        down=mine["jumped"] & (mine["z"] < 0),
        up=mine["jumped"] & (mine["z"] > 0),
        stable_down=mine["stable"] & mine["jumped"] & (mine["z"] < 0),
    )
    draws = mine.groupby("draw").agg(
        common=("common", "first"), alike=("alike", "mean"), down=("down", "sum"), up=("up", "sum"),
        stable_down=("stable_down", "sum"),
    )  # fmt: skip
    draws["diluted"] = (
        (draws["common"] <= np.log1p(-numbers["least_percent"] / 100.0))
        & (draws["alike"] >= numbers["share"])
        & (draws["down"] >= numbers["least_jumps"])
        & (draws["stable_down"] >= numbers["least_stable"])
        & (draws["up"] == 0)
    )
    return draws[["common", "diluted"]].reset_index()


def diluted_draws(told: Mapping[Places, Sequence[tuple[Row, Row]]], rule: Rule) -> frozenset[Places]:
    """The same for draws that are known by their places: each value with the one before it. Of all of them at once."""
    rows = [
        (number, after["analyte"], after["log"] - before["log"], after["sigma"])
        for number, pairs in enumerate(told.values())
        for before, after in pairs
    ]
    compared = pd.DataFrame(rows, columns=["draw", "analyte", "delta", "sigma"])
    found = _dilution(_weighed(compared, rule), rule)
    places = list(told)
    return frozenset(places[number] for number in found.loc[found["diluted"], "draw"])


def _mixed(told: pd.DataFrame, rule: Rule, catalog: Catalog) -> pd.Series:
    """
    Stable markers out of their course, some of them for the better. All of them for the worse is what a patient who
    crashes looks like, and must never be taken for a fault of the sample.
    """
    numbers = rule.parameters
    good = by_text(told["analyte"], {c: {"up": -1, "down": 1}.get(a.worse, 0) for c, a in catalog.analytes.items()}, 0)
    jumped = told["stable"] & told["jumped"]
    better = jumped & (good * told["z"] > 0)
    draw = told["draw"]
    jumps, all_stable = (side.groupby(draw).transform("sum") for side in (jumped, told["stable"]))
    enough = (jumps >= numbers["least_jumps"]) & (jumps >= numbers["share"] * all_stable)
    return enough & (better.groupby(draw).transform("sum") >= numbers["least_better"])


def _with_times(found: pd.DataFrame, mine: pd.DataFrame, points: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    jumps = found[found["jumped"]].merge(_following(mine), on="place", how="left")
    received = points["received_at"].to_numpy(dtype="datetime64[us]")
    both = np.maximum(received[jumps["place"]], received[jumps["before"]])
    jumps["known"] = pd.Series(both, index=jumps.index).dt.tz_localize("UTC")
    known = _nth(jumps, "known", int(rule.parameters["least_jumps"]))
    later = jumps[jumps["next_log"].notna()]
    cleared = _nth(later, "next_received", int(rule.parameters["least_next"]))
    log = points["log"].to_numpy()
    away = (later["next_log"] - log[later["place"]]).abs() - (later["next_log"] - log[later["before"]]).abs()
    back = (away > 0).groupby(later["draw"]).mean() >= 0.5
    of_draw = pd.DataFrame({"known_at": known, "cleared_at": cleared}).assign(back=back.astype(object))
    of_draw["back"] = of_draw["back"].where(of_draw["cleared_at"].notna(), None)
    of_draw["cleared_at"] = of_draw["cleared_at"].where(
        ~(of_draw["cleared_at"] < of_draw["known_at"]), of_draw["known_at"]
    )
    began = points["collected_at"].array[found["place"]]
    return found.assign(began_at=began).merge(of_draw.reset_index(), on="draw", how="left")


def _following(mine: pd.DataFrame) -> pd.DataFrame:
    """For each place the next value of its series by the same method: next_log, next_received."""
    next_one = mine.groupby(["series", "segment"])[["log", "received_at"]].shift(-1)
    return pd.DataFrame({"place": mine["place"], "next_log": next_one["log"], "next_received": next_one["received_at"]})


def _nth(rows: pd.DataFrame, column: str, n: int) -> pd.Series:
    """Per draw the n-th smallest time: when so many values were known; draws with fewer are not there."""
    ordered = rows.sort_values(column)
    chosen = ordered[ordered.groupby("draw").cumcount() == n - 1]
    return chosen.set_index("draw")[column]
