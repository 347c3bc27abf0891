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

from monitoring.analysis.belief import Belief
from monitoring.analysis.columns import Table, by_text, framed, moments, moved
from monitoring.analysis.episodes import episodes
from monitoring.analysis.hinges import Ward
from monitoring.analysis.turning import turning
from monitoring.analysis.windows import Fits, steepest
from monitoring.terms import Catalog, Rule

WAYS = {"up": 1, "down": -1}
NUMBERS = ["series", "segment", "hour", "value", "line_log", "line_sigma", "counts", "usable", "exact", "above",
           "below", "suspect"]  # fmt: skip
SIGNS = {">": 2, ">=": 1, "<=": -1, "<": -2}
COLUMNS = [
    "patient_id",
    "flag",
    "severity",
    "began_at",
    "raised_at",
    "cleared_at",
    "first",
    "turn",
    "now",
    "end",
    "why",
]


def stretches(points: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """All stretches of all rules that read one series (COLUMNS). Positions are those of `points`."""
    looked = Looked.of(points)
    rules = [rule for rule in catalog.rules.values() if rule.kind in KINDS]
    found = [_of_rule(looked, rule, number) for number, rule in enumerate(rules)]
    told = {name: np.concatenate([one[name] for one in found]) for name in found[0]} if found else {}
    if not found or not len(told["now"]):
        return pd.DataFrame(columns=COLUMNS)
    rule, at = told.pop("rule"), told.pop("at")
    severity = np.array([one.severity for one in rules], dtype=object)[rule]
    severity[told.pop("urgent").astype(bool)] = "urgent"
    named = {"flag": np.array([one.code for one in rules], dtype=object)[rule], "severity": severity}
    patient = {"patient_id": points["patient_id"].array[at]}
    return framed(patient | named | told).assign(why="")[COLUMNS]


@dataclass(frozen=True)
class Looked:
    """What a rule looks at: the points as columns of numbers, and the same laid out for lines with a turn."""

    columns: Table
    ward: Ward

    @staticmethod
    def of(points: pd.DataFrame) -> Looked:
        columns = {name: points[name].to_numpy() for name in NUMBERS}
        columns["sign"] = by_text(points["comparator"], SIGNS, 0)
        columns["moved"] = moved(points)
        times = {name: moments(points[name]) for name in ("collected_at", "received_at")}
        return Looked(columns | times, Ward.of(points))

    def series(self, mine: np.ndarray) -> Table:
        return {name: column[mine] for name, column in self.columns.items()}


def _of_rule(at: Looked, rule: Rule, number: int) -> Table:
    mine = at.ward.places(rule.analyte)
    found = KINDS[rule.kind](at, rule, mine)
    for name in ("at", "first", "turn", "now", "end"):
        found[name] = np.where(found[name] >= 0, mine[found[name]], -1) if len(mine) else found[name]
    return found | {"rule": np.full(len(found["at"]), number)}


def trend(at: Looked, rule: Rule, mine: np.ndarray) -> Table:
    """
    A rise or a fall: probable (p_raise) from all values of the series and of its company; over when it no longer is
    (p_clear).

    A bound such as ">40000" has no place in a line, but may prove a rise by itself: then the line through it must be
    beyond the noise (z_raise), large and fast.
    """
    numbers, way = rule.parameters, WAYS[rule.parameters["direction"]]
    series = at.series(mine)
    told = turning(at.ward, rule.analyte, Belief.of(numbers, way))
    here = np.searchsorted(mine, told.place)
    probable, known_at = np.full(len(mine), np.nan), series["received_at"].copy()
    probable[here] = told.probability
    # where the series speaks for itself, what came in later of its company delays nothing
    known_at[here] = np.where(told.alone >= numbers["p_raise"], known_at[here], told.known_at)
    likely = (series["value"] >= numbers["floor"]) & (probable >= numbers["p_raise"])
    fit = told_line(series, rule, asked=likely | _bound(series, rule))
    on = np.isfinite(fit.z) & (likely | _proven(series, fit, rule))
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


def told_line(series: Table, rule: Rule, *, asked: np.ndarray | None = None) -> Fits:
    """The line that is told: of all that go the rule's way the one that speaks most. `asked`: see `steepest`."""
    numbers, way = rule.parameters, WAYS[rule.parameters["direction"]]
    return steepest(
        series,
        hours=numbers["window_hours"],
        way=way,
        enough=lambda fit: way * fit.slope > 0,
        level_hours=numbers["level_hours"],
        asked=asked,
    )


def _bound(series: Table, rule: Rule) -> np.ndarray:
    """A bound speaks only for the way it lies: ">40000" may prove a rise, never a fall."""
    side = "above" if WAYS[rule.parameters["direction"]] > 0 else "below"
    return np.asarray(series[side] & (series["value"] >= rule.parameters["floor"]))


def _proven(series: Table, fit: Fits, rule: Rule) -> np.ndarray:
    numbers, way = rule.parameters, WAYS[rule.parameters["direction"]]
    change, rate = percent(fit.slope * fit.span), percent(fit.slope * 24.0)
    large = way * change >= numbers["min_change_percent"]
    fast = way * rate >= numbers["min_rate_percent_per_day"]
    certain = way * fit.z >= np.where(fit.turn > fit.first, numbers["z_turn"], numbers["z_raise"])
    return np.asarray(_bound(series, rule) & certain & large & fast)


def percent(log_change: np.ndarray) -> np.ndarray:
    """A difference of natural logs as a change in percent; beyond all numbers where two values share a moment."""
    with np.errstate(over="ignore"):
        return np.asarray(100.0 * np.expm1(log_change))


def _urgent_trend(points: Table, fit: Fits, rule: Rule) -> np.ndarray:
    numbers, urgent = rule.parameters, np.zeros(len(fit.z), dtype=bool)
    if "urgent_rate_percent_per_day" in numbers:
        urgent |= np.abs(percent(fit.slope * 24.0)) >= numbers["urgent_rate_percent_per_day"]
    if "urgent_below" in numbers:
        urgent |= points["value"] < numbers["urgent_below"]
    return urgent


def level(at: Looked, rule: Rule, mine: np.ndarray) -> Table:
    """
    A value beyond a limit; over when it comes back past a second one. What a product moved, or is doubted, clears
    nothing.
    """
    points, numbers = at.series(mine), rule.parameters
    if "above" in numbers:
        on, urgent = _over(points, numbers["above"]), _over(points, numbers.get("urgent_above", np.inf))
        off = points["value"] < numbers["clear_below"]
    else:
        on, urgent = _under(points, numbers["below"]), _under(points, numbers.get("urgent_below", -np.inf))
        off = points["value"] > numbers["clear_above"]
    clear = off & points["exact"] & ~points["moved"] & ~points["suspect"]
    here = np.arange(len(mine))
    return episodes(points, np.where(on, 1, np.where(clear, -1, 0)), first=here, turn=here, known=here, urgent=urgent)


def _over(points: Table, limit: float) -> np.ndarray:
    """Surely above: a number above it, or a bound ">" at it or above. "<20000" is above nothing."""
    bound = (points["sign"] == SIGNS[">"]) & (points["value"] >= limit)
    return np.asarray(bound | ((points["value"] > limit) & ~points["below"]))


def _under(points: Table, limit: float) -> np.ndarray:
    """Surely below: a number below it, or a bound "<" at it or below."""
    bound = (points["sign"] == SIGNS["<"]) & (points["value"] <= limit)
    return np.asarray(bound | ((points["value"] < limit) & ~points["above"]))


KINDS: dict[str, Callable[[Looked, Rule, np.ndarray], Table]] = {"trend": trend, "level": level}
