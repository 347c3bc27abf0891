"""
Ferritin that is lower than it can be: the hook effect, in which too much antigen reads as little.

What production stopped at once would leave, the last values halved once per half-life, is the least that can be true;
a value below it beyond the noise, or a number below an earlier ">", is suspected while the other markers do not
improve. A fall is no reason to be reassured before it was verified by dilution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.analysis.earlier import last_before
from monitoring.analysis.episodes import episodes
from monitoring.analysis.panel import Panel, measured, panel
from monitoring.terms import Catalog, Rule

DAY_HOURS = 24.0
NONE = -1
USED = ["patient_id", "series", "segment", "hour", "log", "value", "sigma", "exact", "above", "below", "usable",
        "suspect", "confounded_way", "collected_at", "received_at"]  # fmt: skip


@dataclass(frozen=True)
class Hooked:
    """
    The values of the rule's analyte: `at` their positions in the points, `signal` (+1 suspected, -1 compatible again,
    0 neither), `base` and `bound` the positions in `at` they were compared with (-1: none). `panel`: the other markers
    up to each value that had to ask them, `later`: up to the next value; `values`: what is needed of the points.
    """

    at: np.ndarray
    signal: np.ndarray
    base: np.ndarray
    bound: np.ndarray
    panel: Panel
    later: Panel
    values: pd.DataFrame

    def suspected(self) -> np.ndarray:
        """Positions in the points of the values that are suspected and that no other marker has since spoken for."""
        on = np.flatnonzero(self.signal == 1)
        return self.at[on[~self.later.improving(on)]]


def hooked(points: pd.DataFrame, rule: Rule, catalog: Catalog) -> Hooked:
    """`points` have the column `suspect`: what is doubted already is neither judged here nor compared with."""
    at = np.flatnonzero(points["analyte"].eq(rule.analyte).to_numpy())
    values = points.iloc[at][USED].reset_index(drop=True)
    looks = _looks(values, rule, catalog.analytes[rule.analyte].half_life_hours or math.inf)
    asked = np.flatnonzero(looks["asked"])
    after = values["series"].to_numpy()
    next_hour = np.where(np.r_[after[1:] == after[:-1], False], np.r_[values["hour"][1:], np.inf], np.inf)
    others = measured(points, values["patient_id"].to_numpy()[asked], rule)
    found, later = (
        panel(others, _stretches_of(values, looks, asked, until), rule, catalog)
        for until in (values["hour"].to_numpy(), np.nextafter(next_hour, -np.inf))
    )
    signal = _signal(values, looks, found)
    only_by_panel = (signal == 1) & ~looks["deep"]
    values = values.assign(received_at=found.known(values["received_at"], np.flatnonzero(only_by_panel)))
    return Hooked(at, signal, looks["base"], looks["bound"], found, later, values)


def hook_stretches(points: pd.DataFrame, found: Hooked, rule: Rule, catalog: Catalog) -> pd.DataFrame:
    """
    A row a stretch; `places` are positions in `points`: the value compared with, the bound (-1: none), the suspected
    value, then pairs of the other markers, before and now.
    """
    if not (found.signal == 1).any():
        return pd.DataFrame()
    values, here = found.values, np.arange(len(found.values))
    received = values["received_at"].to_numpy()
    base = np.maximum(found.base, 0)
    known = np.where((found.base >= 0) & (received[base] > received), base, here)
    told = episodes(values, found.signal, first=here, turn=here, known=known, urgent=np.zeros(len(here), dtype=bool))
    words = catalog.phrases["safety"]
    better = found.later.improving(told["now"].to_numpy()) & told["cleared_at"].isna().to_numpy()
    spoken = found.later.known(values["received_at"], here).array[told["now"]]
    ended = pd.Series(spoken).where(better, told["cleared_at"])
    why = np.select([better, told["cleared_at"].notna()], [words["panel_better"], words["compatible"]], "")
    return pd.DataFrame(
        {
            "patient_id": told["patient_id"],
            "began_at": told["began_at"],
            "raised_at": told["raised_at"],
            "cleared_at": ended.where(~(ended < told["raised_at"]), told["raised_at"]),
            "places": _places(found, told["now"].tolist()),
            "flag": rule.code,
            "severity": rule.severity,
            "why": why,
        }
    )


def _places(found: Hooked, ends: list[int]) -> list[tuple[int, ...]]:
    base, bound = (np.where(place >= 0, found.at[place], NONE) for place in (found.base, found.bound))
    others = found.panel.places()
    return [(int(base[now]), int(bound[now]), int(found.at[now]), *others.get(now, ())) for now in ends]


def _looks(values: pd.DataFrame, rule: Rule, half_life: float) -> dict[str, np.ndarray]:
    """What each value looks like beside the earlier ones of its block, before the other markers are asked."""
    numbers = rule.parameters
    log, block = values["log"].to_numpy(), _blocks(values)
    trusted = ~values["suspect"].to_numpy()
    above = values["above"].to_numpy()
    base = _highest_left(values, trusted & ~values["below"].to_numpy(), block, math.log(2.0) / half_life)
    bound = last_before(above & trusted, block)
    fall, hours, crossed = _from(values, base, numbers["method_factor"])
    noise = numbers["z"] * math.sqrt(2.0) * values["sigma"].to_numpy()
    below_bound, since_bound, bound_crossed = _from(values, bound, numbers["method_factor"])
    told = trusted & ~above & ~_explained(values) & (base >= 0)
    told &= log[np.maximum(base, 0)] >= math.log(numbers["floor"])
    fast = told & (fall - math.log(2.0) * hours / half_life - crossed > noise)
    day = -math.log1p(-numbers["fall_percent_per_day"] / 100.0) / DAY_HOURS
    steep = told & (fall - crossed > np.maximum(noise, day * hours))
    under = told & (bound >= 0) & (below_bound - bound_crossed > 0) & (since_bound <= numbers["bound_hours"])
    high = under | above[np.maximum(base, 0)] | (_highest(values, trusted, block) >= numbers["peak"])
    return {
        "base": base, "bound": np.where(under, bound, NONE), "told": told, "asked": fast | steep | under,
        "odd": fast | under, "deep": (fast | under) & high, "steep": steep,
        "back": above & (base >= 0) & (fall <= math.log(2.0) * hours / half_life),
    }  # fmt: skip


def _from(values: pd.DataFrame, there: np.ndarray, method_factor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fall (log) and hours since the values at `there`, and what another method may account for; NaN where none."""
    log, hour, segment = (values[name].to_numpy() for name in ("log", "hour", "segment"))
    at = np.maximum(there, 0)
    none = there < 0
    crossed = np.where(segment == segment[at], 0.0, math.log(method_factor))
    fall, hours = np.where(none, np.nan, log[at] - log), np.where(none, np.nan, hour - hour[at])
    return fall, hours, crossed


def _blocks(values: pd.DataFrame) -> np.ndarray:
    """Series, parted where a product that lowers the analyte by itself began: what it removed is no longer there."""
    series, explained = values["series"].to_numpy(), _explained(values)
    begins = np.r_[True, (series[1:] != series[:-1]) | (explained[1:] & ~explained[:-1])] if len(series) else series
    return np.cumsum(begins)


def _explained(values: pd.DataFrame) -> np.ndarray:
    return (~values["usable"] & values["confounded_way"].isin(["down", "any"])).to_numpy(dtype=bool)


def _highest_left(values: pd.DataFrame, chosen: np.ndarray, block: np.ndarray, rate: float) -> np.ndarray:
    """For each value the earlier one of which most would be left by now at `rate` (log per hour); -1: none."""
    left = np.where(chosen, values["log"] + rate * (values["hour"] - values["hour"].min()), -np.inf)
    most = pd.Series(left).groupby(block).cummax().to_numpy()
    return last_before(chosen & (left == most), block)


def _highest(values: pd.DataFrame, chosen: np.ndarray, block: np.ndarray) -> np.ndarray:
    value = np.where(chosen & ~values["below"].to_numpy(), values["value"], -np.inf)
    return pd.Series(value).groupby(block).cummax().to_numpy()


def _stretches_of(
    values: pd.DataFrame, looks: dict[str, np.ndarray], asked: np.ndarray, until: np.ndarray
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": asked,
            "patient_id": values["patient_id"].to_numpy()[asked],
            "since": values["hour"].to_numpy()[looks["base"][asked]],
            "now": values["hour"].to_numpy()[asked],
            "until": until[asked],
        }
    )


def _signal(values: pd.DataFrame, looks: dict[str, np.ndarray], found: Panel) -> np.ndarray:
    here = np.arange(len(values))
    better, worse = found.improving(here), found.worsening(here)
    on = (looks["deep"] & ~better) | (looks["steep"] & worse)
    off = looks["told"] & values["exact"].to_numpy() & (~looks["odd"] | better)
    return np.where(on, 1, np.where(off | looks["back"], -1, 0))
