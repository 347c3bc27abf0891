"""
One function a kind of rule: points in, stretches out. The numbers come from the rule, never from here.

A change counts on all values of its window, beyond the noise of the test, and only when it is also large and fast
enough to matter. Nothing is ever cleared by values that are missing, bounded or moved by a product.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from monitoring.analysis.episodes import COLUMNS, episodes
from monitoring.analysis.windows import Fits, steepest, whole
from monitoring.terms import Catalog, Rule

WAYS = {"up": 1, "down": -1}


def stretches(points: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """All stretches of all rules that read one series; columns of episodes.COLUMNS. Positions are those of `points`."""
    found = [_of_rule(points, rule) for rule in catalog.rules.values() if rule.kind in KINDS]
    found = [frame for frame in found if len(frame)]
    if not found:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(found, ignore_index=True)[COLUMNS]


def _of_rule(points: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    mine = np.flatnonzero(points["analyte"].eq(rule.analyte).to_numpy())
    found = KINDS[rule.kind](points.iloc[mine].reset_index(drop=True), rule)
    for name in ("first", "turn", "now", "end"):
        found[name] = np.where(found[name] >= 0, mine[found[name]], -1) if len(found) else found[name]
    found["severity"] = np.where(found.pop("urgent").astype(bool), "urgent", rule.severity)
    return found.assign(flag=rule.code, why="")


def trend(points: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """
    A rise or a fall: the fitted line beyond the noise (z_raise), by min_change_percent, at min_rate_percent_per_day.

    It is over when the line through the last clear_hours no longer goes that way, or some of its values have turned
    back beyond the noise; an older jump that still lies in the window does not keep it up.
    """
    numbers, way = rule.parameters, WAYS[rule.parameters["direction"]]
    hours, level = numbers["window_hours"], numbers["level_hours"]
    fit = steepest(points, hours=hours, way=way, enough=_enough(points, rule), level_hours=level)
    recent = whole(points, hours=numbers["clear_hours"])
    back = steepest(points, hours=numbers["clear_hours"], way=-way, enough=_certain(-way, numbers["z_raise"]))
    stopped = ((recent.n >= 2) & (way * recent.z <= numbers["z_clear"])) | np.isfinite(back.z)
    on = np.isfinite(fit.z) & ~np.isfinite(back.z) & ((fit.span <= numbers["clear_hours"]) | ~stopped)
    exact = (points["exact"] & points["usable"]).to_numpy()
    signal = np.where(on, 1, np.where(exact & stopped, -1, 0))
    return episodes(
        points, signal, first=fit.first, turn=fit.turn, known=fit.known, urgent=_urgent_trend(points, fit, rule)
    )


def _certain(way: int, z: float) -> Callable[[Fits], np.ndarray]:
    return lambda fit: way * fit.z >= z


def _enough(points: pd.DataFrame, rule: Rule) -> Callable[[Fits], np.ndarray]:
    """What a window must show. A bound speaks only for the way it lies: ">40000" may prove a rise, never a fall."""
    numbers, way = rule.parameters, WAYS[rule.parameters["direction"]]
    value = points["value"].to_numpy()
    sound = ~(points["below"] if way > 0 else points["above"]).to_numpy() & (value >= numbers["floor"])

    def check(fit: Fits) -> np.ndarray:
        change, rate = percent(fit.slope * fit.span), percent(fit.slope * 24.0)
        large = way * change >= numbers["min_change_percent"]
        fast = way * rate >= numbers["min_rate_percent_per_day"]
        certain = way * fit.z >= np.where(fit.turn > fit.first, numbers["z_turn"], numbers["z_raise"])
        return sound & certain & large & fast

    return check


def percent(log_change: np.ndarray) -> np.ndarray:
    """A difference of natural logs as a change in percent."""
    return 100.0 * np.expm1(log_change)


def _urgent_trend(points: pd.DataFrame, fit: Fits, rule: Rule) -> np.ndarray:
    numbers, urgent = rule.parameters, np.zeros(len(points), dtype=bool)
    if "urgent_rate_percent_per_day" in numbers:
        urgent |= np.abs(percent(fit.slope * 24.0)) >= numbers["urgent_rate_percent_per_day"]
    if "urgent_below" in numbers:
        urgent |= points["value"].to_numpy() < numbers["urgent_below"]
    return urgent


def level(points: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """A value beyond a limit; over when it comes back past a second one. A value a product lifted clears nothing."""
    numbers, value = rule.parameters, points["value"].to_numpy()
    bounded = ~points["exact"].to_numpy()
    if "above" in numbers:
        on, off = (value >= numbers["above"]) & ~points["below"].to_numpy(), value < numbers["clear_below"]
        urgent = value >= numbers.get("urgent_above", np.inf)
    else:
        on, off = (value < numbers["below"]) & ~points["above"].to_numpy(), value > numbers["clear_above"]
        urgent = value < numbers.get("urgent_below", -np.inf)
    clear = off & ~bounded & points["confounded_by"].eq("").to_numpy()
    here = np.arange(len(points))
    return episodes(points, np.where(on, 1, np.where(clear, -1, 0)), first=here, turn=here, known=here, urgent=urgent)


KINDS: dict[str, Callable[[pd.DataFrame, Rule], pd.DataFrame]] = {"trend": trend, "level": level}
