"""
Ferritin that is lower than it can be: the hook effect, in which too much antigen reads as little.

What production stopped at once would leave, the last values halved once per half-life, is the least that can be true;
a value below it beyond the noise, or a number below an earlier ">", is suspected while the other markers do not
improve. A fall is no reason to be reassured before it was verified by dilution.

A number with nothing recent to be compared with neither raises nor clears, and what was drawn while a doubt stood is
nothing to compare with: else one low reading would vouch for the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Laid, by_text, framed, moments
from monitoring.analysis.earlier import highest_between, last_before
from monitoring.analysis.episodes import episodes, states
from monitoring.analysis.panel import Panel, Stretches, panel
from monitoring.terms import Catalog, Rule

DAY_HOURS = 24.0
NONE = -1
MILLISECONDS = 3_600_000.0  # of an hour
USED = ["series", "segment", "hour", "log", "value", "sigma", "exact", "above", "below", "usable", "suspect"]
Values = dict[str, np.ndarray]  # columns of the values of one analyte


@dataclass(frozen=True)
class Hooked:
    """
    The values of the rule's analyte: `at` their positions in the points, `signal` (+1 suspected, -1 compatible again,
    0 neither), `base` and `bound` the positions in `at` they were compared with (-1: none). `panel`: the other markers
    up to each value that had to ask them, `later`: up to the next value; `received`: when each was known.
    """

    at: np.ndarray
    signal: np.ndarray
    base: np.ndarray
    bound: np.ndarray
    panel: Panel
    later: Panel
    received: np.ndarray

    def suspected(self) -> np.ndarray:
        """Positions in the points of the values that are suspected and that no other marker has since spoken for."""
        on = np.flatnonzero(self.signal == 1)
        return self.at[on[~self.later.improving(on)]]


def hooked(points: pd.DataFrame, laid: Laid, rule: Rule, catalog: Catalog) -> Hooked:
    """`points` have the column `suspect`: what is doubted already is neither judged here nor compared with."""
    at = np.flatnonzero(laid.among([rule.analyte]))
    values: Values = {name: points[name].to_numpy()[at] for name in USED}
    way = points["confounded_way"].take(at)
    values["explained"] = ~values["usable"] & by_text(way, {"down": True, "any": True}, False)
    looks = _looks(values, rule, catalog.analytes[rule.analyte].half_life_hours or math.inf)
    series, hour = values["series"], values["hour"]
    after = np.where(np.r_[series[1:] == series[:-1], False], np.r_[hour[1:], np.inf], np.inf)[: len(at)]
    patient = laid.patient[laid.number[at]]
    found, later = (
        panel(points, laid, _stretches_of(hour, patient, looks, until), rule, catalog=catalog, rows=len(at))
        for until in (hour, np.nextafter(after, -np.inf))
    )
    signal = _signal(values, looks, found)
    only_by_panel = (signal == 1) & ~looks["deep"]
    received = found.known(moments(points["received_at"])[at], np.flatnonzero(only_by_panel))
    return Hooked(at, signal, looks["base"], looks["bound"], found, later, received)


def hook_stretches(points: pd.DataFrame, found: Hooked, rule: Rule, catalog: Catalog) -> pd.DataFrame:
    """
    A row a stretch; `places` are positions in `points`: the value compared with, the bound (-1: none), the suspected
    value, then pairs of the other markers, before and now.
    """
    if not (found.signal == 1).any():
        return pd.DataFrame()
    received, here = found.received, np.arange(len(found.at))
    drawn, series = moments(points["collected_at"])[found.at], points["series"].to_numpy()[found.at]
    values = {"series": series, "collected_at": drawn, "received_at": received}
    base = np.maximum(found.base, 0)
    known = np.where((found.base >= 0) & (received[base] > received), base, here)
    told = episodes(values, found.signal, first=here, turn=here, known=known, urgent=np.zeros(len(here), dtype=bool))
    words = catalog.phrases["safety"]
    cleared, raised = told["cleared_at"], told["raised_at"]
    better = found.later.improving(told["now"]) & np.isnat(cleared)
    cleared = np.where(better, np.maximum(found.later.known(received, here)[told["now"]], raised), cleared)
    why = np.select([better, ~np.isnat(cleared)], [words["panel_better"], words["compatible"]], "")
    return framed(
        {
            "patient_id": points["patient_id"].array[found.at[told["at"]]],
            "began_at": told["began_at"],
            "raised_at": raised,
            "cleared_at": cleared,
        }
    ).assign(
        places=pd.Series(_places(found, told["now"].tolist()), dtype=object),
        flag=rule.code,
        severity=rule.severity,
        why=why,
    )


def _places(found: Hooked, ends: list[int]) -> list[tuple[int, ...]]:
    base, bound = (np.where(place >= 0, found.at[place], NONE) for place in (found.base, found.bound))
    others = found.panel.places()
    return [(int(base[now]), int(bound[now]), int(found.at[now]), *others.get(now, ())) for now in ends]


def _looks(values: Values, rule: Rule, half_life: float) -> Values:
    """What each value looks like beside the earlier ones of its block, before the other markers are asked."""
    numbers = rule.parameters
    log, block = values["log"], _blocks(values)
    trusted = ~values["suspect"]
    above = values["above"]
    base, peak = _bases(values, block, numbers["base_hours"], math.log(2.0) / half_life)
    bound = last_before(above & trusted, block)
    fall, hours, crossed = _from(values, base, numbers["method_factor"])
    noise = numbers["z"] * math.sqrt(2.0) * values["sigma"]
    below_bound, since_bound, bound_crossed = _from(values, bound, numbers["method_factor"])
    told = trusted & ~above & ~values["explained"] & (base >= 0)
    told &= log[np.maximum(base, 0)] >= math.log(numbers["floor"])
    fast = told & (fall - math.log(2.0) * hours / half_life - crossed > noise)
    day = -math.log1p(-numbers["fall_percent_per_day"] / 100.0) / DAY_HOURS
    steep = told & (fall - crossed > np.maximum(noise, day * hours))
    under = told & (bound >= 0) & (below_bound - bound_crossed > 0) & (since_bound <= numbers["bound_hours"])
    high = under | above[np.maximum(base, 0)] | (peak >= numbers["peak"])
    return {
        "base": base, "bound": np.where(under, bound, NONE), "asked": fast | steep | under,
        "told": told, "odd": fast | under, "deep": (fast | under) & high, "steep": steep,
        "back": above & (base >= 0) & (fall <= math.log(2.0) * hours / half_life),
    }  # fmt: skip


def _from(values: Values, there: np.ndarray, method_factor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fall (log) and hours since the values at `there`, and what another method may account for; NaN where none."""
    log, hour, segment = (values[name] for name in ("log", "hour", "segment"))
    at = np.maximum(there, 0)
    none = there < 0
    crossed = np.where(segment == segment[at], 0.0, math.log(method_factor))
    fall, hours = np.where(none, np.nan, log[at] - log), np.where(none, np.nan, hour - hour[at])
    return fall, hours, crossed


def _blocks(values: Values) -> np.ndarray:
    """Series, parted where a product that lowers the analyte by itself began: what it removed is no longer there."""
    series, explained = values["series"], values["explained"]
    begins = np.r_[True, (series[1:] != series[:-1]) | (explained[1:] & ~explained[:-1])] if len(series) else series
    return np.cumsum(begins)


def _bases(values: Values, block: np.ndarray, base_hours: float, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """
    For each value the earlier one of which most would be left by now at `rate` (log per hour), -1: none that is not
    too old; and the highest value up to it.
    """
    fit, hour = ~values["suspect"] & ~values["below"], values["hour"]
    since, here = _since(block, hour, base_hours), np.arange(len(hour))
    left = np.where(fit, values["log"] + rate * (hour - hour.min(initial=np.inf)), -np.inf)
    value = np.where(fit, values["value"], -np.inf)
    most = highest_between(left, since, here)
    base = np.where((most >= 0) & np.isfinite(left[most]), most, NONE) if len(most) else most
    return base, value[highest_between(value, since, here + 1)]


def _since(block: np.ndarray, hour: np.ndarray, base_hours: float) -> np.ndarray:
    """For each value the position of the first of its block that is not too old to be compared with."""
    age, most = (np.rint(spell * MILLISECONDS).astype(np.int64) for spell in (hour, np.float64(base_hours)))
    place = block * (np.ptp(age) + 2 * most) + age if len(age) else age  # on one axis no block reaches another
    return np.searchsorted(place, place - most)


def _stretches_of(hour: np.ndarray, patient: np.ndarray, looks: Values, until: np.ndarray) -> Stretches:
    asked = np.flatnonzero(looks["asked"])
    return Stretches(asked, patient[asked], hour[looks["base"][asked]], hour[asked], until[asked])


def _signal(values: Values, looks: Values, found: Panel) -> np.ndarray:
    here = np.arange(len(values["hour"]))
    better, worse = found.improving(here), found.worsening(here)
    on = (looks["deep"] & ~better) | (looks["steep"] & worse)
    if not on.any():
        return np.zeros(len(here), dtype=np.int64)
    possible = (looks["told"] & values["exact"] & ~looks["odd"]) | looks["back"]
    sure = (looks["told"] & values["exact"] & better) | _risen(values, looks["base"], on)
    return _settled(np.where(on, 1, np.where(possible | sure, -1, 0)), looks["base"], values["series"], sure)


def _risen(values: Values, base: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Which values are as high again as the one that the last doubt before them compared with, however long ago."""
    last = last_before(on, values["series"])
    there = np.maximum(base[np.maximum(last, 0)], 0)
    high = (values["log"] >= values["log"][there]) & ~values["below"] & ~values["suspect"]
    return np.asarray((last >= 0) & high)


def _settled(signal: np.ndarray, base: np.ndarray, series: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """The same without the clearings, but the `sure` ones, whose base was drawn while the doubt stood."""
    while True:
        doubted = (base >= 0) & (states(signal, series)[np.maximum(base, 0)] == 1)
        idle = (signal == -1) & doubted & ~sure
        if not idle.any():
            return signal
        signal = np.where(idle, 0, signal)
