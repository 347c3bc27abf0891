"""
A reference for turning(): the change-point regression worked out with full covariance matrices, one course at a time.

Every line there could be (none, or a turn at a draw between the first and the last) with every pair of slopes is one
Gaussian over all logs. A level of each marker that may be anything is left out exactly: what is weighed are the
contrasts between the values of a marker, which is the limit of level ~ N(0, huge).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.linalg import block_diag, null_space
from scipy.special import expit, logit
from scipy.stats import multivariate_normal, norm

from monitoring.analysis.belief import Belief
from monitoring.analysis.rules import WAYS
from monitoring.analysis.turning import REMEMBERED, Turning, turning
from tests.spec.drawing import at, catalog

Value = tuple[float, float, float]  # hour, value, noise on the log scale
Course = Mapping[str, Sequence[Value]]
NUMBERS = ("probability", "relevant", "alone", "rate", "rate_error")


def belief(rule: str) -> Belief:
    parameters = catalog().rules[rule].parameters
    return Belief.of(parameters, WAYS[parameters["direction"]])


def as_points(course: Course, patient: str = "A") -> pd.DataFrame:
    """The columns of points() that turning() reads."""
    rows = [
        {"patient_id": patient, "analyte": name, "hour": float(hour), "line_log": np.log(value), "line_sigma": noise}
        for name, values in course.items()
        for hour, value, noise in values
    ]
    told = pd.DataFrame(rows).sort_values(["patient_id", "analyte", "hour"], ignore_index=True)
    received = pd.to_datetime([at(0) + pd.Timedelta(hours=hour) for hour in told["hour"]], utc=True)
    nothing = {"since_start": np.nan, "start_known_at": pd.Series(pd.NaT, index=told.index, dtype=received.dtype)}
    return told.assign(segment=0, counts=True, received_at=received, **nothing)


def numbers(told: Turning) -> np.ndarray:
    """A row a value: NUMBERS."""
    return np.column_stack([getattr(told, name) for name in NUMBERS])


def worked(course: Course, analyte: str, rule: str) -> np.ndarray:
    """What turning() says of the last value, worked out anew."""
    REMEMBERED.forget()
    return numbers(turning(as_points(course), analyte, belief(rule)))[-1]


@dataclass(frozen=True)
class Line:
    """One line there could be: where it turns (None: nowhere), the priors of its slopes, and its own prior."""

    turn: float | None
    slopes: tuple[float, float]
    prior: float


def lines(hours: Sequence[float], held: Belief) -> list[Line]:
    """A turn lies in the gap after its draw; one in the very first gap is told by no value, and is not tried."""
    length, share = hours[-1] - hours[0], held.moving_share
    none = float(np.exp(-length / held.turn_hours))
    found = [Line(None, (held.still, 0.0), none * (1 - share)), Line(None, (held.moving, 0.0), none * share)]
    some = 1 - (1 - share) ** 2  # of two slopes at least one moves
    quiet, both = share * (1 - share) / some, share**2 / some
    for turn, after in pairwise(hours[1:]):
        prior = (1 - none) * (after - turn) / length
        found += [
            Line(turn, (held.still, held.moving), prior * quiet),
            Line(turn, (held.moving, held.moving), prior * both),
            Line(turn, (held.moving, held.still), prior * quiet),
        ]
    return found


@dataclass(frozen=True)
class Part:
    """The values of one marker, whose slopes are ratio * the slopes asked for, give or take `spread`."""

    ratio: float
    spread: float
    slack: float
    values: list[Value]

    def along(self, line: Line, now: float) -> np.ndarray:
        """How far along the slope before and the slope after the turn each value lies."""
        hours = np.array([hour for hour, _, _ in self.values])
        if line.turn is None:
            return np.column_stack([hours - now, np.zeros(len(hours))])
        early = hours <= line.turn + self.slack
        since = hours - line.turn
        return np.column_stack([np.where(early, since, 0.0), np.where(early, 0.0, since)])


def weighed(parts: list[Part], line: Line, now: float) -> tuple[float, float, float]:
    """Log density of the logs over that of levels alone, and mean and variance of the slope now."""
    kept = [part for part in parts if len(part.values) > 1]
    which = 0 if line.turn is None else 1
    if not kept:
        return 0.0, 0.0, line.slopes[which] ** 2
    ways = [part.along(line, now) for part in kept]
    contrasts = block_diag(*(null_space(np.ones((1, len(part.values)))) for part in kept)).T
    noise = np.diag([sigma**2 for part in kept for _, _, sigma in part.values])
    own = block_diag(*(part.spread**2 * way @ way.T for part, way in zip(kept, ways, strict=True)))
    loads = contrasts @ np.concatenate([part.ratio * way for part, way in zip(kept, ways, strict=True)])
    prior = np.diag(np.square(line.slopes))
    logs = contrasts @ np.log([value for part in kept for _, value, _ in part.values])
    level = contrasts @ noise @ contrasts.T
    whole = contrasts @ (noise + own) @ contrasts.T + loads @ prior @ loads.T
    better = multivariate_normal(cov=level).logpdf(logs), multivariate_normal(cov=whole).logpdf(logs)
    toward = prior[which] @ loads.T
    gain = np.linalg.solve(whole, toward)
    return float(better[1] - better[0]), float(gain @ logs), float(prior[which, which] - gain @ toward)


def mixed(found: list[tuple[float, float, float]], held: Belief) -> tuple[float, np.ndarray]:
    """Log of the total weight; probabilities beyond `least` and `relevant`, mean slope and mean square."""
    logs, means, spreads = (np.array(column) for column in zip(*found, strict=True))
    total = float(np.logaddexp.reduce(logs))
    weight = np.exp(logs - total)
    beyond = [
        weight @ norm.sf((abs(limit) - held.way * means) / np.sqrt(spreads)) for limit in (held.least, held.relevant)
    ]
    return total, np.array([*beyond, weight @ means, weight @ (means**2 + spreads)])


def expected(course: Course, analyte: str, rule: str, *, most: float | None = None) -> np.ndarray:
    """NUMBERS of the last value of the analyte; `most`: what the company may add, that of the rule if None."""
    held = belief(rule) if most is None else replace(belief(rule), most=most)
    now = course[analyte][-1][0]
    mine = Part(1.0, 0.0, 0.0, [value for value in course[analyte] if value[0] >= now - held.span])
    start, slack = mine.values[0][0], held.together
    others = [
        Part(ratio, spread, slack, [v for v in course.get(name, []) if start - slack <= v[0] <= now + slack])
        for name, ratio, spread in held.company
    ]
    other = dict(held.apart)
    by_themselves = [
        replace(part, ratio=other.get(name, part.ratio))
        for part, (name, _, _) in zip(others, held.company, strict=True)
    ]
    with_, alone, company = [], [], []
    for place, line in enumerate(lines([hour for hour, _, _ in mine.values], held)):
        prior = np.log(line.prior)
        better, mean, variance = weighed([mine], line, now)
        alone.append((better + prior, mean, variance))
        if not place:  # nothing moves: the company is at its level, and so is what moves by itself
            with_.append(alone[0])
            company.append(prior)
            continue
        joint, slope, spread = weighed([mine, *others], line, now)
        with_.append((joint + prior, slope, spread))
        company.append(weighed(by_themselves, line, now)[0] + prior)
    return _joined(mixed(with_, held), mixed(alone, held), float(np.logaddexp.reduce(company)), held)


def _joined(
    together: tuple[float, np.ndarray], alone: tuple[float, np.ndarray], company: float, held: Belief
) -> np.ndarray:
    along = held.along * np.exp(together[0])
    apart = (1 - held.along) * np.exp(alone[0]) * (1 - held.without + held.without * np.exp(company))
    share = along / (along + apart)
    probability = share * together[1][0] + (1 - share) * alone[1][0]
    highest = expit(logit(alone[1][0]) + held.most)  # the company may add so much and no more
    if probability > highest:
        share *= (highest - alone[1][0]) / (probability - alone[1][0])
    beyond, relevant, rate, square = share * together[1] + (1 - share) * alone[1]
    return np.array([beyond, relevant, alone[1][0], rate, np.sqrt(square - rate**2)])
