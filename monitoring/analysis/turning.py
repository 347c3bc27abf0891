"""
How probable it is that a series now rises or falls, judged at every value from that value and all before it.

A course is steady or moving, and may have turned once within the span: at any of its draws, with a slope before and
another after. Each slope is either still (a narrow Gaussian about zero) or moving (a wide one); level and slopes are
integrated out, and all turns are weighed by how well they explain the values: a Bayesian change-point regression with
conjugate priors (Gelman et al., Bayesian Data Analysis, 3rd ed., ch. 14; Fearnhead, Stat Comput 2006;16:203-13).

Company: markers that usually move along, each by its ratio to this one, give or take a spread. Either they move with
it, or this one goes its own way; both are weighed, so that company helps a weak rise to be seen early and cannot make
one where the series itself speaks against it. What it adds for a change is bounded (`most`, in log odds), because it
also moves for reasons of its own, an infection first of all: where it moves without this one, its markers may keep
other ratios (CRP most, platelets hardly). The looks every 12 h need no further correction: what is asked is the
probability now, and the prior says how seldom a course turns.

A high-dose steroid is begun in who is getting worse: that it was, a few days ago at most, adds log odds of its own. It
says nothing of how fast, so the rate stays that of the values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from monitoring.analysis.belief import Belief
from monitoring.analysis.cases import SMALL, Case, Cases
from monitoring.analysis.hinges import Hinge, Marker, Span, Ward, exactly
from monitoring.analysis.remembered import Remembered, mixed


@dataclass(frozen=True)
class Turning:
    """
    One entry a value of the analyte that counts. `place`: its position in the points; `probability`: of a slope the
    rule's way beyond `least`; `relevant`: beyond the slope that matters; `alone`: `probability` from the series by
    itself; `treated`: the log odds that a steroid start adds; `rate` and its standard deviation, per hour; `known_at`:
    when the last value or start used was received.
    """

    place: np.ndarray
    probability: np.ndarray
    relevant: np.ndarray
    alone: np.ndarray
    treated: np.ndarray
    rate: np.ndarray
    rate_error: np.ndarray
    known_at: np.ndarray


REMEMBERED = Remembered(columns=5, limit=500_000)


def turning(points: pd.DataFrame | Ward, analyte: str, belief: Belief, *, at: np.ndarray | None = None) -> Turning:
    """`points` of all analytes, as points() gives them; `at`: positions in them, all values that count if None."""
    ward = points if isinstance(points, Ward) else Ward.of(points)
    own = ward.marker(analyte)
    asked = np.arange(len(own.place)) if at is None else np.searchsorted(own.place, at)
    others = {name: ward.marker(name) for name, _, _ in belief.company}
    near = _near(own, others, asked, belief)
    numbers = _worked_out(own, near, asked, belief)
    treated = np.where(own.since_start[asked] <= belief.treated_hours, belief.treated_adds, 0.0)
    return Turning(
        place=own.place[asked],
        probability=_with_odds(numbers[:, 0], treated),
        relevant=_with_odds(numbers[:, 1], treated),
        alone=numbers[:, 2],
        treated=treated,
        rate=numbers[:, 3],
        rate_error=numbers[:, 4],
        known_at=_known(own, near, asked, belief, treated),
    )


def _with_odds(probability: np.ndarray, added: np.ndarray) -> np.ndarray:
    """The probabilities with so many log odds more; exactly as they are where nothing is added."""
    more = expit(logit(np.clip(probability, SMALL, 1.0 - SMALL)) + added)
    return np.where(added == 0.0, probability, more)


@dataclass(frozen=True)
class Beside:
    """One marker of the company: of each asked value the first of it within the span, and the first after it."""

    marker: Marker
    start: np.ndarray
    end: np.ndarray


def _near(own: Marker, others: Mapping[str, Marker], asked: np.ndarray, belief: Belief) -> dict[str, Beside]:
    now = own.hour[asked]
    span = Span(own.patient[asked], now - belief.span, now, now)
    found = {}
    for name, marker in others.items():
        start, _, end = marker.spans(span, belief.together)
        found[name] = Beside(marker, start, end)
    return found


def _worked_out(own: Marker, near: Mapping[str, Beside], asked: np.ndarray, belief: Belief) -> np.ndarray:
    """The numbers of each asked value, a row each; what was worked out before is not worked out again."""
    keys = _keys(own, near, asked, belief)
    known, rows = REMEMBERED.find(keys)
    new, first = np.unique(keys[~known], return_index=True)
    if len(new):
        cases = Cases(len(new))
        others = {name: beside.marker for name, beside in near.items()}
        for case in _cases(own, others, asked[~known][first], belief):
            cases.add(case)
        found = cases.told(belief)
        rows[~known] = found[np.searchsorted(new, keys[~known])]
        REMEMBERED.add(new, found)
    return rows


def _keys(own: Marker, near: Mapping[str, Beside], asked: np.ndarray, belief: Belief) -> np.ndarray:
    """What each answer depends on: the values up to it, those of the company and how far off they are, the numbers."""
    now = own.hour[asked]
    parts = [own.content[asked]]
    for beside in near.values():
        marker, last = beside.marker, np.maximum(beside.end - 1, 0)
        none = np.zeros(len(asked))
        held = (
            (beside.end > 0) & (marker.patient[last] == own.patient[asked]) if len(marker.hour) else none.astype(bool)
        )
        content = marker.content[last] if len(marker.hour) else none.astype(np.uint64)
        away = exactly(now - marker.hour[last]) if len(marker.hour) else none
        parts += [np.where(held, content, 0).astype(np.uint64), np.where(held, away, 0.0)]
    return mixed(np.full(len(asked), hash(belief) % 2**63, dtype=np.uint64), *parts)


def _cases(own: Marker, others: Mapping[str, Marker], asked: np.ndarray, belief: Belief) -> Iterator[Case]:
    start_of = np.maximum(np.searchsorted(own.axis, own.axis[asked] - belief.span), own.first[asked])
    alone = own.seen_from(own.axis, start_of, asked, 0.0)
    company = {name: one.seen_from(own.axis, start_of, asked, belief.together) for name, one in others.items()}
    lag = 0
    while True:
        rows = np.flatnonzero((asked - lag > start_of) if lag else np.ones(len(asked), dtype=bool))
        if not len(rows):
            return
        here = asked[rows]
        span = Span(own.patient[here], own.hour[start_of[rows]], own.hour[here - lag], own.hour[here])
        mine = alone.hinge(rows, here - lag, span.turn)
        theirs = {name: one.hinge(rows, here - lag, span.turn) for name, one in company.items()}
        yield from _turned(rows, mine, _company(theirs, len(rows), belief), _priors(own, here, span, lag, belief), lag)
        lag += 1


def _priors(
    own: Marker, here: np.ndarray, span: Span, lag: int, belief: Belief
) -> tuple[np.ndarray, list[tuple[float, float, float]]]:
    """Log prior of a turn in the gap after the draw (of none, for lag 0), and the pairs of slopes with their share."""
    none = np.exp(-(span.end - span.start) / belief.turn_hours)
    still, moving, share = belief.still, belief.moving, belief.moving_share
    if not lag:
        return np.log(none), [(still, 0.0, 1.0 - share), (moving, 0.0, share)]
    gap = own.hour[here - lag + 1] - span.turn
    prior = np.log(np.maximum((1.0 - none) * gap / (span.end - span.start), SMALL))
    told = 1.0 - (1.0 - share) ** 2
    quiet_first, both = (1.0 - share) * share / told, share**2 / told
    return prior, [(still, moving, quiet_first), (moving, moving, both), (moving, still, quiet_first)]


def _turned(
    rows: np.ndarray,
    mine: Hinge,
    company: tuple[Hinge, Hinge, np.ndarray],
    priors: tuple[np.ndarray, list[tuple[float, float, float]]],
    lag: int,
) -> Iterator[Case]:
    (prior, pairs), (along, apart, extra) = priors, company
    both = mine.plus(along)
    for place, (before, after, share) in enumerate(pairs):
        weight = prior + np.log(share)
        alone, slope, spread = _marginal(mine, before, after)
        if not lag and not place:  # nothing moves at all: the company has nothing to go along with
            yield Case(rows, alone + weight, alone + weight, weight, slope, spread, slope, spread)
            continue
        joint, slope_with, spread_with = _marginal(both, before, after)
        others, _, _ = _marginal(apart, before, after)
        yield Case(
            rows,
            joint + extra + weight,
            alone + weight,
            others + extra + weight,
            slope_with,
            spread_with,
            slope,
            spread,
        )


def _marginal(hinge: Hinge, before: float, after: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Log of how much better slopes ~ N(0, before²), N(0, after²) explain the values than a level does, and mean and
    variance of the slope now. after = 0: no turn, the one slope is `before`.
    """
    if not after:
        precision = hinge.before + before**-2
        better = hinge.score_before**2 / precision / 2 - np.log(precision * before**2) / 2
        return better, hinge.score_before / precision, 1.0 / precision
    a, b = hinge.before + before**-2, hinge.after + after**-2
    det = a * b - hinge.both**2
    one, two = hinge.score_before, hinge.score_after
    better = (b * one**2 - 2 * hinge.both * one * two + a * two**2) / det / 2 - np.log(det * (before * after) ** 2) / 2
    return better, (a * two - hinge.both * one) / det, a / det


def _company(parts: Mapping[str, Hinge], size: int, belief: Belief) -> tuple[Hinge, Hinge, np.ndarray]:
    """
    What the company says about this marker's slopes, where both move and where it moves by itself, and the log evidence
    that it moves at all. Each one's slopes are ratio * these slopes, give or take its spread, which is integrated out.
    """
    along = apart = Hinge.nothing(size)
    extra, other = np.zeros(size), dict(belief.apart)
    for name, ratio, spread in belief.company:
        loose, evidence = _loosened(parts[name], spread**2)
        extra = extra + evidence
        along, apart = along.plus(loose.times(ratio)), apart.plus(loose.times(other.get(name, ratio)))
    return along, apart, extra


def _loosened(part: Hinge, loose: float) -> tuple[Hinge, np.ndarray]:
    """What remains where a marker's slopes differ from those asked about by a Gaussian of this variance."""
    a, b, c = 1.0 + loose * part.before, 1.0 + loose * part.after, loose * part.both
    det = a * b - c * c
    one = (b * part.score_before - c * part.score_after) / det
    two = (a * part.score_after - c * part.score_before) / det
    evidence = loose * (part.score_before * one + part.score_after * two) / 2 - np.log(det) / 2
    told = Hinge(
        before=(part.before * b - part.both * c) / det,
        after=(part.after * a - part.both * c) / det,
        both=(part.both * a - part.before * c) / det,
        score_before=one,
        score_after=two,
    )
    return told, evidence


def _known(
    own: Marker, near: Mapping[str, Beside], asked: np.ndarray, belief: Belief, treated: np.ndarray
) -> np.ndarray:
    """When the last value used, of the series or its company, and the steroid start became known."""
    now = own.hour[asked]
    start, _, end = own.spans(Span(own.patient[asked], now - belief.span, now, now), belief.together)
    begun = own.start_known[asked]
    known = np.where((treated != 0.0) & (begun > own.received[asked]), begun, own.received[asked])
    for beside in (Beside(own, start, end), *near.values()):
        some = np.flatnonzero(beside.end > beside.start)
        if len(some):
            bounds = np.column_stack([beside.start[some], beside.end[some]]).ravel()
            received = np.r_[beside.marker.received, beside.marker.received[-1:]]  # an end may lie one past the last
            known[some] = np.maximum(known[some], np.maximum.reduceat(received, bounds)[::2])
    return known
