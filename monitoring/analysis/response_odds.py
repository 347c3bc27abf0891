"""
The markers joined to one probability that the steroid works, each with its own say in log odds.

    log odds of a marker = (share - 1/2) / (spread^2 + error^2), no more than `most_log_odds` either way
    log odds together    = prior + sum / (1 + (markers - 1) * correlation)

The first line is the likelihood ratio of two normal distributions of the share, around 1 under response and around 0
under non-response, which are equally wide. The second takes into account that markers of one disease move together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.near import names
from monitoring.analysis.shares import expected
from monitoring.terms import Catalog

WINDOW = ["patient_id", "t0", "hours"]
FITS = {"share": "share", "error": "share_error"}
READ = ["improved", "unchanged", "worse"]


def free_hours(numbers: Mapping[str, Any]) -> list[float]:
    """The first hours that may have gone their own way: those tried for a response, and those of a slow one."""
    return [*numbers["free_hours"], numbers["slow_free_hours"]]


def with_odds(markers: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    `markers` with free (the first hours left free: of those tried, for all markers of a window together, the one that
    speaks most for a response), share, share_error and log_odds: what each marker says for (+) or against (-) a
    response; 0 where it says nothing. slow_odds: the same for a response that began so late that it is a slow one.
    """
    numbers = catalog.rules["steroid_response"].parameters
    spreads = {name: numbers.get(f"{name}_spread", np.nan) for name in names(numbers)}
    markers = markers.assign(spread=markers["analyte"].map(spreads).astype(float))
    window = markers.groupby(WINDOW, sort=False).ngroup().to_numpy()
    tried = np.array([_odds(markers, numbers, place) for place in range(len(free_hours(numbers)))])
    usual = tried[:-1]
    best = _best(markers, usual, window, numbers)[window]
    here = np.arange(len(markers))
    fits = {
        name: np.array([markers[f"{old}_{place}"] for place in range(len(usual))])[best, here]
        for old, name in FITS.items()
    }
    free = np.array(free_hours(numbers), dtype=float)[best]
    return markers.assign(free=free, log_odds=usual[best, here], slow_odds=tried[-1], **fits)


def _best(markers: pd.DataFrame, tried: np.ndarray, window: np.ndarray, numbers: Mapping[str, Any]) -> np.ndarray:
    """
    For each window the place of the free hours whose markers together speak most for a response. Hours are left free
    only where enough markers have two values after them: what nobody looked at speaks for nothing.
    """
    read = np.bincount(window, markers["state"].isin(READ).to_numpy(), minlength=1)
    sums = np.array([np.bincount(window, odds, minlength=1) for odds in tried])
    free = np.array(numbers["free_hours"], dtype=float)[:, None]
    fitted = np.array(
        [np.bincount(window, markers[f"share_{place}"].notna(), minlength=1) for place in range(len(tried))]
    )
    told = joined(sums, read, free, numbers)
    return np.where((free > 0) & (fitted < numbers["min_markers"]), -np.inf, told).argmax(axis=0)


def joined(total: Any, count: Any, free: Any, numbers: Mapping[str, Any]) -> Any:
    """The log odds together: prior, less what a late beginning costs, and the weighted sum of so many markers."""
    weight = 1.0 / (1.0 + np.maximum(count - 1.0, 0.0) * numbers["correlation"])
    return numbers["prior_log_odds"] - np.where(free > 0, numbers["late_costs"], 0.0) + weight * total


def _odds(markers: pd.DataFrame, numbers: Mapping[str, Any], place: int) -> np.ndarray:
    variance = markers["spread"].to_numpy() ** 2 + markers[f"error_{place}"].to_numpy(dtype=float) ** 2
    odds = (markers[f"share_{place}"].to_numpy(dtype=float) - 0.5) / variance
    from_numbers = (markers["least"] == markers["most"]) | (markers["now_exact"] & (free_hours(numbers)[place] > 0))
    odds = np.where(from_numbers, odds, _of_bounds(markers, numbers))
    odds = np.where(markers["analyte"] == "temperature", _of_fever(markers, numbers), odds)
    odds = np.clip(np.nan_to_num(odds), -numbers["most_log_odds"], numbers["most_log_odds"])
    helped = markers["lifted"] | markers["why"].eq("product")
    odds = np.where(helped, np.minimum(odds, 0.0), odds)
    odds = np.where(markers["lowered"], np.maximum(odds, 0.0), odds)
    return np.where(markers["state"].isin(READ) | markers["why"].eq("product"), odds, 0.0)


def _of_bounds(markers: pd.DataFrame, numbers: Mapping[str, Any]) -> np.ndarray:
    """Of two values of which one is a bound: what is certain, whichever value the bound stands for; else nothing."""
    place = pd.Index(names(numbers)).get_indexer(pd.Index(markers["analyte"]))
    since = {side: markers[f"{side}_since"].to_numpy(dtype=float) for side in ("now", "base")}
    now, base = expected(numbers, place, since["now"]), expected(numbers, place, since["base"])
    without, added = now[0] - base[0], now[1] - base[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = markers["spread"].to_numpy() ** 2 + 2.0 * (markers["sigma"].to_numpy(dtype=float) / added) ** 2
        ends = [((markers[end].to_numpy(dtype=float) - without) / added - 0.5) / variance for end in ("least", "most")]
    low, high = np.fmin(*ends), np.fmax(*ends)
    return np.where(low > 0, low, np.where(high < 0, high, 0.0))


def _of_fever(markers: pd.DataFrame, numbers: Mapping[str, Any]) -> np.ndarray:
    """Fever that goes, stays or comes; no fever before and none now says nothing."""
    state = markers["state"].to_numpy()
    stays = (state == "unchanged") & markers["feverish"].to_numpy(dtype=bool)
    cases = [state == "improved", state == "worse", stays]
    return np.select(cases, [numbers["fever_gone"], -numbers["fever_comes"], -numbers["fever_stays"]], 0.0)


def probabilities(markers: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    One row a start and window: WINDOW, log_odds together, probability of response, and probability_low,
    probability_high: its range when any one marker is left out. `counted`: how many markers were read; `strongest`:
    the log odds of the one that says most for a response; `slow_probability`: of one that began too late.
    """
    numbers = catalog.rules["steroid_response"].parameters
    told = markers.assign(read=markers["state"].isin(READ).astype(float))
    total = told.groupby(WINDOW, sort=False)[["log_odds", "slow_odds", "read"]].transform("sum")
    whole = joined(total["log_odds"], total["read"], told["free"], numbers)
    without = joined(total["log_odds"] - told["log_odds"], total["read"] - told["read"], told["free"], numbers)
    slow = joined(total["slow_odds"], total["read"], 0.0, numbers)
    told = told.assign(whole=whole, slow=slow, left=np.where(told["read"] > 0, without, whole))
    one = told.groupby(WINDOW, sort=False).agg(
        whole=("whole", "first"), slow=("slow", "first"), low=("left", "min"), high=("left", "max"),
        counted=("read", "sum"), strongest=("log_odds", "max"),
    ).reset_index()  # fmt: skip
    return one[[*WINDOW, "counted", "strongest"]].assign(
        log_odds=one["whole"],
        probability=chance(one["whole"]),
        probability_low=chance(np.minimum(one["low"], one["whole"])),
        probability_high=chance(np.maximum(one["high"], one["whole"])),
        slow_probability=chance(one["slow"]),
    )


def chance(log_odds: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-log_odds))
