"""Why a trend flag holds: the line through the values, and how probable the change is, marker by marker."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.belief import Belief
from monitoring.analysis.columns import Laid, texts
from monitoring.analysis.evidence import SHOWN, Row, calculation, confounders, shown
from monitoring.analysis.hinges import Span, Ward
from monitoring.analysis.newest import dated, hours_later, later_sum
from monitoring.analysis.rules import WAYS
from monitoring.analysis.turning import turning
from monitoring.analysis.written import rounded
from monitoring.analysis.written import rows as plain_rows
from monitoring.terms import Catalog, Rule

LINE = "least squares of the logs on the hours since the turn (0 for the level before it)"
BY = ("change-point regression over the last {span:g} h (Gaussian priors, rule {rule} {version}): the values of this "
      "series, and those of the markers that usually move along")  # fmt: skip
BOUND = ("log odds of the first probability, less those of the series alone and of a steroid's start; for the change "
         "{most:g} at most")  # fmt: skip
BEGUN = "to the log odds of both probabilities, for {hours:g} h from the first dose on; then nothing"
NOISE = "sqrt(ln(1+CVA²) + ln(1+CVI²)), Fokkema 2006"
WIDER = "; of the value, with the uncertainty of what products added (squares summed), over its own part"
READ = ["series", "patient_id", "analyte", "hour", "received_at", "segment", "line_sigma", "line_log", "counts",
        "since_start", "start_known_at"]  # fmt: skip
SURE = 1e-6  # beyond this a probability is not told more exactly


def reasons(flags: pd.DataFrame, points: pd.DataFrame, catalog: Catalog) -> dict[tuple[str, int], list[Row]]:
    """For each trend flag, by its code and newest position: the sums of its probability and the company's values."""
    told: dict[tuple[str, int], list[Row]] = {}
    for code, mine in flags.groupby("flag"):
        rule = catalog.rules[str(code)]
        if rule.kind == "trend":
            told |= _of_rule(rule, mine, points, catalog)
    return told


@dataclass(frozen=True)
class Lines:
    """
    The newest values of trend flags: `now`, their positions in the points, `at`, in the `ward`, which is made of the
    points at `near`, all those of the flags' patients; and the hours at which their lines turn.
    """

    now: np.ndarray
    near: np.ndarray
    ward: Ward
    at: np.ndarray
    turns: np.ndarray

    @staticmethod
    def of(flags: pd.DataFrame, points: pd.DataFrame) -> Lines:
        now = np.sort(flags["now"].to_numpy(dtype=int))
        now = now[points["counts"].to_numpy()[now]]
        near = np.flatnonzero(Laid.of(points).of_patients(texts(flags["patient_id"])))
        ward = Ward.of(points[READ].take(near))
        turns = ward.hour[np.searchsorted(near, flags.set_index("now").loc[now, "turn"])]
        return Lines(now, near, ward, np.searchsorted(near, now), turns)


def company_places(rule: Rule, flags: pd.DataFrame, points: pd.DataFrame) -> dict[int, list[int]]:
    """For each trend flag of the rule, by its newest position: the positions of the company's values told with it."""
    lines = Lines.of(flags, points)
    if not len(lines.now):
        return {}
    company = _company(lines, Belief.of(rule.parameters, WAYS[rule.parameters["direction"]]))
    return {int(now): lines.near[several].tolist() for now, several in zip(lines.now, company, strict=True)}


def _of_rule(
    rule: Rule, flags: pd.DataFrame, points: pd.DataFrame, catalog: Catalog
) -> dict[tuple[str, int], list[Row]]:
    lines = Lines.of(flags, points)
    if not len(lines.now):
        return {}
    ward, at = lines.ward, lines.at
    belief = Belief.of(rule.parameters, WAYS[rule.parameters["direction"]])
    names = [name for name, _, _ in belief.company]
    whole = turning(ward, rule.analyte, belief, at=at)
    free = replace(belief, most=math.inf)  # what each adds is told as if there were no bound on all of them together
    unbounded = whole if belief == free else turning(ward, rule.analyte, free, at=at)
    without = {name: turning(ward, rule.analyte, less(free, name), at=at).probability for name in names}
    company = _company(lines, belief)
    told = _shown(points, lines.near, company)
    since = points["since_start"].to_numpy()
    return {
        (rule.code, int(place)): [
            *_probabilities(rule, belief, whole, k),
            *(_contribution(name, unbounded.probability[k], without[name][k], catalog) for name in names),
            *_together(belief, whole, k),
            *_treated(belief, whole, k, since[place]),
            *(told[place] for place in company[k]),
        ]
        for k, place in enumerate(lines.now)
    }


def less(belief: Belief, name: str) -> Belief:
    return replace(belief, company=tuple(other for other in belief.company if other[0] != name))


def _probabilities(rule: Rule, belief: Belief, told: Any, k: int) -> list[Row]:
    numbers, verb = rule.parameters, "rises" if belief.way > 0 else "falls"
    how = BY.format(span=belief.span, rule=rule.code, version=rule.version)
    least, matters = abs(numbers["least_rate_percent_per_day"]), abs(numbers["min_rate_percent_per_day"])
    return [
        calculation(f"probability that it {verb} faster than {least:g} % in 24 h", told.probability[k], "", how),
        calculation(f"probability that it {verb} faster than {matters:g} % in 24 h", told.relevant[k], "", how),
        calculation("the first, from the values of this series alone", told.alone[k], "", how),
    ]


def _contribution(name: str, whole: float, without: float, catalog: Catalog) -> Row:
    """How much one marker of the company adds: log odds of the probability with it, less those without it."""
    how = "log odds of the probability with all of them, less what they are without this marker"
    return calculation(f"{catalog.analytes[name].label} adds", log_odds(whole) - log_odds(without), "log odds", how)


def _together(belief: Belief, told: Any, k: int) -> list[Row]:
    """What all of the company add, where the rule bounds it."""
    if not math.isfinite(belief.most):
        return []
    added = log_odds(told.probability[k]) - log_odds(told.alone[k]) - told.treated[k]
    return [calculation("these markers together add", added, "log odds", BOUND.format(most=belief.most))]


def _treated(belief: Belief, told: Any, k: int, since: float) -> list[Row]:
    """That a high-dose steroid was begun, where the rule lets it count."""
    if told.treated[k] == 0.0:
        return []
    return [
        calculation(
            "hours since a high-dose steroid was begun", since, "h", "newest value less the course's first dose"
        ),
        calculation("that it was begun adds", told.treated[k], "log odds", BEGUN.format(hours=belief.treated_hours)),
    ]


def log_odds(probability: float) -> float:
    sure = min(max(probability, SURE), 1.0 - SURE)
    return math.log(sure / (1.0 - sure))


def _company(lines: Lines, belief: Belief) -> list[list[int]]:
    """Places in the ward of the company's values from the last one before each turn to the newest."""
    ward, found = lines.ward, []
    span = Span(ward.patient[lines.at], lines.turns - belief.span, lines.turns, ward.hour[lines.at])
    for name, _, _ in belief.company:
        marker = ward.marker(name)
        start, after, stop = marker.spans(span, belief.together)
        begin = np.maximum(after - 1, start)
        found.append([marker.place[one:other].tolist() for one, other in zip(begin, stop, strict=True)])
    return [[place for each in found for place in each[k]] for k in range(len(lines.at))]


def _shown(points: pd.DataFrame, near: np.ndarray, company: list[list[int]]) -> dict[int, Row]:
    places = sorted({place for each in company for place in each})
    rows = plain_rows(points[SHOWN].iloc[near[places]])
    return {place: shown("company", row) for place, row in zip(places, rows, strict=True)}


def trend(flag: Any, rule: Rule, grounds: Any) -> Row:
    between = [grounds.points[place] for place in range(flag.first, flag.now + 1)]
    newest, turn = between[-1], grounds.points[flag.turn]["hour"]
    used = [p for p in between[:-1] if p["counts"] and p["segment"] == newest["segment"]] + [newest]
    slope, spread = line([max(0.0, p["hour"] - turn) for p in used], [p["line_log"] for p in used])
    span = newest["hour"] - turn
    by_time = math.log(2) / abs(slope) <= grounds.catalog.settings["trend_most_doubling_hours"]
    name = "bounded" if newest["comparator"] else "holds" if by_time else "slow"
    sums, told = _sums(slope, spread, span, newest), words(newest, slope, span, grounds.catalog)
    later = hours_later(flag.patient_id, newest, grounds.newest) if name == "bounded" else 0.0  # others tell no value
    sums += later_sum(later, told["label"])
    return {
        "sentence": dated(rule.sentences[name].format(**told), later),
        "evidence": values(used, turn) + sums + grounds.beliefs.get((flag.flag, flag.now), []),
        "confounders": confounders([p | {"usable": p["usable"] or p["counts"]} for p in between]),
    }


def line(hours: list[float], logs: list[float]) -> tuple[float, float]:
    """Slope of the least-squares line per hour, and the sum of squared hours about their mean."""
    t, y = np.array(hours), np.array(logs)
    away = t - t.mean()
    spread = float((away**2).sum())
    return float((away * y).sum()) / spread, spread


def _sums(slope: float, spread: float, span: float, newest: Mapping[str, Any]) -> list[Row]:
    sigma = newest["line_sigma"]
    return [
        calculation("hours since the turn", span, "h", "newest value less the last of role level, or the first value"),
        calculation("change since the turn", 100 * math.expm1(slope * span), "%", LINE),
        calculation("change per 24 h", 100 * math.expm1(slope * 24), "%", "the same line over 24 h"),
        calculation("doubling time" if slope > 0 else "halving time", math.log(2) / abs(slope), "h", "ln 2 / slope"),
        calculation("noise of one value", sigma, "log", NOISE + (WIDER if newest["added"] else "")),
        calculation("z", slope * math.sqrt(spread) / sigma, "", "slope × sqrt(squared hours about their mean) / noise"),
    ]


def words(point: Mapping[str, Any], slope: float, span: float, catalog: Catalog) -> dict[str, str]:
    analyte = catalog.analytes[point["analyte"]]
    time = math.log(2) / abs(slope) if slope else 0.0
    return {
        "label": analyte.label,
        "value": f"{point['comparator']}{point['value']:,.{analyte.decimals}f}",
        "unit": analyte.unit,
        "doubling": f"{time:.0f}",
        "halving": f"{time:.0f}",
        "change": f"{abs(100 * math.expm1(slope * span)):.0f}",
        "rate": f"{abs(100 * math.expm1(slope * 24)):.0f}",
        "hours": f"{span:.0f}",
    }


def values(points: list[Row], turn: float) -> list[Row]:
    """
    Role "level" up to the turn where there is more than one value, "window" after it, "newest" the last. Where a
    product added to a value, `own_value` is what the line goes by.
    """
    newest, quiet = points[-1], sum(p["hour"] <= turn for p in points) > 1
    roles = ["newest" if p is newest else "level" if quiet and p["hour"] <= turn else "window" for p in points]
    return [shown(role, p) | _own(p) for role, p in zip(roles, points, strict=True)]


def _own(point: Row) -> Row:
    added = point["added"]
    if not added:
        return {}
    return {"own_value": rounded(math.exp(point["line_log"]), 4), "added_by_products": rounded(added, 4)}
