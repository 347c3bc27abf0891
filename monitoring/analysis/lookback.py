"""How far back a cycle reads, worked out from the rules: as far as any window reaches, and some days besides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from monitoring.terms import Catalog, Rule

# of how a flag of each kind can change, without its older values, `in_doubt` gives an account
OF_SERIES = ("trend", "level")
EXACT = (*OF_SERIES, "overdue")
OTHERS = ("response_window", "relapse", "hook", "draw", "comparability", "lineages")
NO_FLAG = ("response", "comparison", "caution")
# Facts may be stored some time after they were stamped as received, and what came later than a day is found by an
# index: what was told less than so long before the last judgement counts as not yet judged.
UNJUDGED_HOURS = 24.0
LATE_HOURS = 24.0
# how many hours may lie between two judgements before everybody is judged by all that was ever known
APART_HOURS = 48.0


@dataclass(frozen=True)
class Lookback:
    """
    `since`: values drawn from here on are read; `trusted`: from here on every window of theirs is whole; `heard`: what
    was received by then had been judged before.
    """

    since: pd.Timestamp
    trusted: pd.Timestamp
    heard: pd.Timestamp


def lookback(catalog: Catalog, *, as_of: pd.Timestamp, judged_at: pd.Timestamp | None) -> Lookback | None:
    """None: nothing short of all history will do, because the last judgement is too long ago or a rule is unknown."""
    kinds = {rule.kind for rule in catalog.rules.values()}
    if judged_at is None or kinds - {*EXACT, *OTHERS, *NO_FLAG} or as_of - judged_at > pd.Timedelta(hours=APART_HOURS):
        return None
    trusted = as_of - pd.Timedelta(hours=APART_HOURS + UNJUDGED_HOURS + LATE_HOURS)
    since = trusted - pd.Timedelta(hours=reach_hours(catalog))
    return Lookback(since, trusted, judged_at - pd.Timedelta(hours=UNJUDGED_HOURS))


def reach_hours(catalog: Catalog) -> float:
    """The longest time between a value and the oldest one that plays a part in what is said of it."""
    rules = catalog.rules.values()
    return max(_window(rule) for rule in rules) + max(_doubt(rule) for rule in rules)


def _window(rule: Rule) -> float:
    """A line through values, and those drawn with them."""
    numbers = rule.parameters
    if rule.kind not in ("trend", "relapse"):
        return float(numbers.get("carry_hours", 0.0)) if rule.kind == "lineages" else 0.0
    line = _number(numbers, "window_hours") + _number(numbers, "level_hours")
    return max(line, _number(numbers, "span_hours")) + _number(numbers, "together_hours")


def _doubt(rule: Rule) -> float:
    """Whether a value of such a line is doubted follows from the ones before it in turn."""
    names = {"draw": ("recent_hours",), "hook": ("bound_hours", "panel_hours")}.get(rule.kind, ())
    return sum(_number(rule.parameters, name) for name in names)


def _number(numbers: Any, name: str) -> float:
    return float(numbers.get(name, 0.0))
