"""
The markers joined to one probability that the steroid works, each with its own say in log odds.

    log odds of a marker  = (share - 1/2) / (spread^2 + error^2), no more than `most_log_odds` either way
    precision of a marker = log odds / (share - 1/2): 1 / (spread^2 + error^2), less where the log odds are cut
    log odds together     = prior + sum / (1 + together_spread^2 * sum of the precisions)

The first line is the likelihood ratio of two normal distributions of the share, around 1 under response and around 0
under non-response, which are equally wide. The third takes into account that the markers of one patient answer
together, some patients more and some less (a random effect common to all markers: Laird and Ware, Biometrics
1982;38:963-74). Many precise ones say no more than that allows, and one that is hardly known dilutes no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Table
from monitoring.analysis.near import names
from monitoring.analysis.shares import expected
from monitoring.terms import Catalog

FITS = {"share": "share", "error": "share_error"}
SAID = ("log_odds", "precision")
SLOW = ("slow_odds", "slow_precision")
READ = ["improved", "unchanged", "worse"]
WHOLE = 0.5  # how far a share of 0 or 1 lies from the middle: what fever and bounds are taken for


def free_hours(numbers: Mapping[str, Any]) -> list[float]:
    """The first hours that may have gone their own way: those tried for a response, and those of a slow one."""
    return [*numbers["free_hours"], numbers["slow_free_hours"]]


def with_odds(markers: Table, window: np.ndarray, catalog: Catalog) -> Table:
    """
    `markers` with free (the first hours left free: of those tried, for all markers of a window together, the one that
    speaks most for a response), share, share_error, precision and log_odds: what each marker says for (+) or against
    (-) a response; 0 where it says nothing. slow_odds, slow_precision: the same for a response that began so late that
    it is a slow one.
    `window`: the number of each row's window; rows that are `left_out` have no say in it.
    """
    numbers = catalog.rules["steroid_response"].parameters
    spreads = np.array([numbers.get(f"{name}_spread", np.nan) for name in names(numbers)], dtype=float)
    markers = markers | {"spread": spreads[markers["marker"]], "read": np.isin(markers["state"], READ)}
    tried = np.array([_said(markers, numbers, place) for place in range(len(free_hours(numbers)))])
    usual = tried[:-1]
    best = _best(markers, usual, window, numbers)[window]
    here = np.arange(len(window))
    del markers["read"]
    free = np.array(free_hours(numbers), dtype=float)[best]
    fits = {
        name: np.array([markers[f"{old}_{place}"] for place in range(len(usual))])[best, here]
        for old, name in FITS.items()
    }
    said = dict(zip(SAID, usual[best, :, here].T, strict=True)) | dict(zip(SLOW, tried[-1], strict=True))
    return markers | {"free": free} | said | fits


def _best(markers: Table, tried: np.ndarray, window: np.ndarray, numbers: Mapping[str, Any]) -> np.ndarray:
    """
    For each window the place of the free hours whose markers together speak most for a response. Hours are left free
    only where enough markers have two values after them: what nobody looked at speaks for nothing.
    """
    there = ~markers["left_out"]
    sums, precision = (
        np.array([np.bincount(window, said[part], minlength=1) for said in tried]) for part in range(len(SAID))
    )
    free = np.array(numbers["free_hours"], dtype=float)[:, None]
    shares = [~np.isnan(markers[f"share_{place}"]) & there for place in range(len(tried))]
    fitted = np.array([np.bincount(window, share, minlength=1) for share in shares])
    told = joined(sums, precision, free, numbers)
    return np.asarray(np.where((free > 0) & (fitted < numbers["min_markers"]), -np.inf, told).argmax(axis=0))


def joined(total: Any, precision: Any, free: Any, numbers: Mapping[str, Any]) -> Any:
    """The log odds together: prior, less what a late beginning costs, and the weighted sum of the markers."""
    late = np.where(free > 0, numbers["late_costs"], 0.0)
    return numbers["prior_log_odds"] - late + weight(precision, numbers) * total


def weight(precision: Any, numbers: Mapping[str, Any]) -> Any:
    """What the sum of markers counts that are known so precisely together."""
    return 1.0 / (1.0 + numbers["together_spread"] ** 2 * precision)


def _said(markers: Table, numbers: Mapping[str, Any], place: int) -> tuple[np.ndarray, np.ndarray]:
    """What each marker says, and how precisely: rows as SAID."""
    variance = markers["spread"] ** 2 + markers[f"error_{place}"] ** 2
    odds = (markers[f"share_{place}"] - 0.5) / variance
    from_numbers = (markers["least"] == markers["most"]) | (markers["now_exact"] & (free_hours(numbers)[place] > 0))
    odds = np.where(from_numbers, odds, _of_bounds(markers, numbers))
    fever = markers["marker"] == names(numbers).index("temperature")
    odds = np.where(fever, _of_fever(markers, numbers), odds)
    odds = _believed(markers, np.nan_to_num(odds), numbers)
    apart = np.where(from_numbers & ~fever, np.abs(markers[f"share_{place}"] - 0.5), WHOLE)
    return odds, np.divide(np.abs(odds), apart, out=np.zeros_like(odds), where=odds != 0.0)


def _believed(markers: Table, odds: np.ndarray, numbers: Mapping[str, Any]) -> np.ndarray:
    """No marker says too much, none what a product may have made, and none that was not read anything."""
    odds = np.clip(odds, -numbers["most_log_odds"], numbers["most_log_odds"])
    moved = markers["why"] == "product"
    odds = np.where(markers["lifted"] | moved, np.minimum(odds, 0.0), odds)
    odds = np.where(markers["lowered"], np.maximum(odds, 0.0), odds)
    return np.where(markers["read"] | moved, odds, 0.0)


def _of_bounds(markers: Table, numbers: Mapping[str, Any]) -> np.ndarray:
    """Of two values of which one is a bound: what is certain, whichever value the bound stands for; else nothing."""
    now, base = (expected(numbers, markers["marker"], markers[f"{side}_since"]) for side in ("now", "base"))
    without, added = now[0] - base[0], now[1] - base[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = markers["spread"] ** 2 + 2.0 * (markers["sigma"] / added) ** 2
        ends = [((markers[end] - without) / added - 0.5) / variance for end in ("least", "most")]
    low, high = np.fmin(*ends), np.fmax(*ends)
    return np.where(low > 0, low, np.where(high < 0, high, 0.0))


def _of_fever(markers: Table, numbers: Mapping[str, Any]) -> np.ndarray:
    """Fever that goes, stays or comes; no fever before and none now says nothing."""
    state = markers["state"]
    cases = [state == "improved", state == "worse", (state == "unchanged") & markers["feverish"]]
    return np.select(cases, [numbers["fever_gone"], -numbers["fever_comes"], -numbers["fever_stays"]], 0.0)


def probabilities(markers: Table, begins: np.ndarray, catalog: Catalog) -> Table:
    """
    Of each window of a start, whose rows begin at `begins`: log_odds together, probability of response, and
    probability_low, probability_high: its range when any one marker is left out. `precision`: of the markers together;
    `strongest`: the log odds of the one that says most for a response; `slow_probability`: of one that began too late.
    """
    numbers, count = catalog.rules["steroid_response"].parameters, len(markers["log_odds"])
    window = np.repeat(np.arange(len(begins)), np.diff(np.r_[begins, count]))
    odds, precision, slow, slow_precision = (np.bincount(window, markers[name]) for name in (*SAID, *SLOW))
    whole = joined(odds, precision, markers["free"][begins], numbers)
    others = odds[window] - markers["log_odds"], precision[window] - markers["precision"]
    left = joined(*others, markers["free"], numbers)
    return {
        "precision": precision,
        "strongest": np.maximum.reduceat(markers["log_odds"], begins),
        "log_odds": whole,
        "probability": chance(whole),
        "probability_low": chance(np.minimum(np.minimum.reduceat(left, begins), whole)),
        "probability_high": chance(np.maximum(np.maximum.reduceat(left, begins), whole)),
        "slow_probability": chance(joined(slow, slow_precision, 0.0, numbers)),
    }


def probabilities_so_far(markers: Table, group: np.ndarray, numbers: Mapping[str, Any]) -> Table:
    """After each marker of a group, whose rows lie together: what probabilities() says of it and those before it."""
    grouped = pd.DataFrame({name: markers[name] for name in (*SAID, *SLOW)}).groupby(group)
    sums, free = {name: column.to_numpy() for name, column in grouped.cumsum().items()}, markers["free"]
    whole = joined(sums["log_odds"], sums["precision"], free, numbers)
    lowest = _lowest_so_far(markers, group)
    odds, precision = (sums[name] - markers[name][lowest] for name in SAID)
    return {
        "probability": chance(whole),
        "probability_high": chance(np.maximum(joined(odds, precision, free, numbers), whole)),
        "strongest": grouped["log_odds"].cummax().to_numpy(),
        "slow_probability": chance(joined(sums["slow_odds"], sums["slow_precision"], 0.0, numbers)),
    }


def _lowest_so_far(markers: Table, group: np.ndarray) -> np.ndarray:
    """After each marker of a group the place of the one that speaks most against a response."""
    odds = markers["log_odds"]
    newly = odds <= pd.Series(odds).groupby(group).cummin().to_numpy()
    return np.maximum.accumulate(np.where(newly, np.arange(len(odds)), 0))


def chance(log_odds: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-log_odds))
