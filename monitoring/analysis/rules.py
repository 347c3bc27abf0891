"""
One function a kind of rule: points in, stretches out. The numbers come from the rule, never from here.

`mine` are the positions of the rule's analyte. Nothing is ever cleared by values that are missing, bounded or moved by
a product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.analysis.episodes import COLUMNS, episodes
from monitoring.analysis.hinges import Ward
from monitoring.analysis.turning import Belief, turning
from monitoring.analysis.windows import Fits, steepest
from monitoring.terms import Catalog, Rule

WAYS = {"up": 1, "down": -1}
SERIES = [
    "patient_id", "series", "segment", "hour", "value", "line_log", "line_sigma", "counts", "usable", "exact", "above",
    "below", "comparator", "confounded_by", "suspect", "collected_at", "received_at",
]  # fmt: skip


def stretches(points: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """All stretches of all rules that read one series; columns of episodes.COLUMNS. Positions are those of `points`."""
    looked = Looked(points, Ward.of(points))
    found = [_of_rule(looked, rule) for rule in catalog.rules.values() if rule.kind in KINDS]
    found = [frame for frame in found if len(frame)]
    if not found:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(found, ignore_index=True)[COLUMNS]


@dataclass(frozen=True)
class Looked:
    """What a rule looks at: the points, and the same as columns of numbers."""

    points: pd.DataFrame
    ward: Ward


def _of_rule(at: Looked, rule: Rule) -> pd.DataFrame:
    mine = at.ward.places(rule.analyte)
    found = KINDS[rule.kind](at, rule, mine)
    for name in ("first", "turn", "now", "end"):
        found[name] = np.where(found[name] >= 0, mine[found[name]], -1) if len(found) else found[name]
    found["severity"] = np.where(found.pop("urgent").astype(bool), "urgent", rule.severity)
    return found.assign(flag=rule.code, why="")


def trend(at: Looked, rule: Rule, mine: np.ndarray) -> pd.DataFrame:
    """
    A rise or a fall: probable (p_raise) from all values of the series and of its company; over when it no longer is
    (p_clear).

    A bound such as ">40000" has no place in a line, but may prove a rise by itself: then the line through it must be
    beyond the noise (z_raise), large and fast.
    """
    numbers, way = rule.parameters, WAYS[rule.parameters["direction"]]
    series = at.points[SERIES].iloc[mine].reset_index(drop=True)
    told = turning(at.ward, rule.analyte, Belief.of(numbers, way))
    here = np.searchsorted(mine, told.place)
    probable, known_at = np.full(len(series), np.nan), series["received_at"].to_numpy(dtype="datetime64[us]").copy()
    probable[here] = told.probability
    # where the series speaks for itself, what came in later of its company delays nothing
    known_at[here] = np.where(told.alone >= numbers["p_raise"], known_at[here], told.known_at)
    fit = told_line(series, rule)
    high = series["value"].to_numpy() >= numbers["floor"]
    on = np.isfinite(fit.z) & ((high & (probable >= numbers["p_raise"])) | _proven(series, fit, rule))
    off = probable < numbers["p_clear"]
    signal = np.where(on, 1, np.where(off, -1, 0))
    return episodes(
        series,
        signal,
        first=fit.first,
        turn=fit.turn,
        known=fit.known,
        urgent=_urgent_trend(series, fit, rule),
        known_at=known_at,
    )


def told_line(series: pd.DataFrame, rule: Rule) -> Fits:
    """The line that is told: of all that go the rule's way the one that speaks most."""
    numbers, way = rule.parameters, WAYS[rule.parameters["direction"]]
    return steepest(
        series,
        hours=numbers["window_hours"],
        way=way,
        enough=lambda fit: way * fit.slope > 0,
        level_hours=numbers["level_hours"],
    )


def _proven(series: pd.DataFrame, fit: Fits, rule: Rule) -> np.ndarray:
    """A bound speaks only for the way it lies: ">40000" may prove a rise, never a fall."""
    numbers, way = rule.parameters, WAYS[rule.parameters["direction"]]
    bound = (series["above" if way > 0 else "below"] & (series["value"] >= numbers["floor"])).to_numpy()
    change, rate = percent(fit.slope * fit.span), percent(fit.slope * 24.0)
    large = way * change >= numbers["min_change_percent"]
    fast = way * rate >= numbers["min_rate_percent_per_day"]
    certain = way * fit.z >= np.where(fit.turn > fit.first, numbers["z_turn"], numbers["z_raise"])
    return bound & certain & large & fast


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


def level(at: Looked, rule: Rule, mine: np.ndarray) -> pd.DataFrame:
    """
    A value beyond a limit; over when it comes back past a second one. What a product moved, or is doubted, clears
    nothing.
    """
    points = at.points[SERIES].iloc[mine].reset_index(drop=True)
    numbers, value = rule.parameters, points["value"].to_numpy()
    if "above" in numbers:
        on, urgent = _over(points, numbers["above"]), _over(points, numbers.get("urgent_above", np.inf))
        off = value < numbers["clear_below"]
    else:
        on, urgent = _under(points, numbers["below"]), _under(points, numbers.get("urgent_below", -np.inf))
        off = value > numbers["clear_above"]
    clear = off & points["exact"].to_numpy() & points["confounded_by"].eq("").to_numpy() & ~points["suspect"].to_numpy()
    here = np.arange(len(points))
    return episodes(points, np.where(on, 1, np.where(clear, -1, 0)), first=here, turn=here, known=here, urgent=urgent)


def _over(points: pd.DataFrame, limit: float) -> np.ndarray:
    """Surely above: a number above it, or a bound ">" at it or above. "<20000" is above nothing."""
    value = points["value"].to_numpy()
    bound = points["comparator"].eq(">").to_numpy() & (value >= limit)
    return bound | ((value > limit) & ~points["below"].to_numpy())


def _under(points: pd.DataFrame, limit: float) -> np.ndarray:
    """Surely below: a number below it, or a bound "<" at it or below."""
    value = points["value"].to_numpy()
    bound = points["comparator"].eq("<").to_numpy() & (value <= limit)
    return bound | ((value < limit) & ~points["above"].to_numpy())


KINDS: dict[str, Callable[[Looked, Rule, np.ndarray], pd.DataFrame]] = {"trend": trend, "level": level}
