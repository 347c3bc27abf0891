"""Everything said about all courses at one moment, including what is missing. Pure: no clock, no store, no screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd

from monitoring.analysis.administrations import administrations, bodies
from monitoring.analysis.columns import Laid, ranked
from monitoring.analysis.confounders import given_among
from monitoring.analysis.course import Course, known
from monitoring.analysis.flags import discharged, judged
from monitoring.analysis.lines import lines
from monitoring.analysis.lookback import Begun, looked, spoken
from monitoring.analysis.markers import markers
from monitoring.analysis.near import names
from monitoring.analysis.overdue import awaited
from monitoring.analysis.own_part import with_own_part
from monitoring.analysis.points import points
from monitoring.analysis.relapse import relapses
from monitoring.analysis.response import verdicts
from monitoring.analysis.response_table import responses
from monitoring.analysis.safety import safety
from monitoring.analysis.scores import scores
from monitoring.analysis.since_start import with_since_start
from monitoring.analysis.spans import spans
from monitoring.analysis.steroids import starts
from monitoring.analysis.suspicions import suspected
from monitoring.analysis.temperatures import with_temperatures
from monitoring.analysis.trends import trends
from monitoring.analysis.written import moment
from monitoring.terms import Catalog


@dataclass(frozen=True)
class Assessment:
    """
    Frames, one row a thing said; see the function of the same name for each one's columns.

    Positions in `markers` are those of `marker_points`: `points`, or where values around earlier steroid starts count
    too, the steroid markers of all who have a start.
    `older`: the starts that are not judged any more; `sights`: from where each patient was looked back. Where more is
    known than a judgement looks back on, the frames tell all of it, and `recent` is what `flags` and `awaited` were
    judged on; see lookback.py.
    """

    as_of: datetime
    course: Course
    catalog: Catalog
    points: pd.DataFrame
    bodies: pd.DataFrame
    starts: pd.DataFrame
    spans: pd.DataFrame
    lines: pd.DataFrame
    markers: pd.DataFrame
    verdicts: pd.DataFrame
    awaited: pd.DataFrame
    flags: pd.DataFrame
    marker_points: pd.DataFrame
    older: pd.DataFrame
    sights: pd.DataFrame
    recent: Assessment | None = None

    @property
    def near(self) -> Assessment:
        """What the flags were judged on: positions in `flags` are those of its points."""
        return self.recent or self

    @cached_property
    def trends(self) -> pd.DataFrame:
        return trends(self.points, self.catalog)

    @cached_property
    def scores(self) -> pd.DataFrame:
        return scores(self)

    @cached_property
    def responses(self) -> pd.DataFrame:
        return responses(self)


def assess(told: Course, catalog: Catalog, *, as_of: datetime) -> Assessment:
    """`told` may hold every version of everything; only what had been received by `as_of` plays a part."""
    now = moment(as_of)
    course = as_known(told, catalog, as_of=now)
    found = judge(course, catalog, as_of=now)
    return found if found.course is course and found.older.empty else _whole(course, found)


def as_known(told: Course, catalog: Catalog, *, as_of: pd.Timestamp) -> Course:
    """What there is to judge at a moment."""
    return with_temperatures(known(told, as_of=as_of), catalog)


def judge(course: Course, catalog: Catalog, *, as_of: pd.Timestamp, before: Begun | None = None) -> Assessment:
    """
    The judgement of what lies within the look-back of what is known; `as_of` in UTC. `assess` is the way in, `moments`
    that for many moments. `before`: what the reader has worked out of the same doses.
    """
    now = as_of
    seen = looked(course, catalog, as_of=now, before=before)
    near, told = seen.near, seen.begun
    bars = spans(near.doses, told.starts, catalog, as_of=now)
    line = lines(near.patients, bars, told.given, catalog, as_of=now)
    products = given_among(near.doses, catalog.products)  # once: most doses are of none
    doubts = suspected(points(near.observations, products, catalog), catalog)
    own = with_own_part(doubts.points, products, told.bodies, catalog)
    ready = with_since_start(own, told.starts)
    early = None if seen.of_starts is None else replace(near, observations=seen.of_starts, doses=products)
    beside = ready if early is None else _beside(ready, early, told, catalog)
    stand = markers(beside, told.judged, catalog)
    context = near.patients.set_index("patient_id")["context"]
    verdict = verdicts(stand, told.judged, context, catalog, as_of=now)
    late = awaited(near.observations, near.patients, line, seen.sights, catalog, as_of=now)
    also = [*safety(doubts, near.patients, catalog), *relapses(ready, verdict, line, catalog)]
    held = judged(ready, verdict, late, line, catalog, also=also)
    flags = discharged(spoken(held, ready, seen.sights, catalog), near.patients, catalog, as_of=now)
    return Assessment(
        now, near, catalog, ready, told.bodies, told.judged, bars, line, stand, verdict, late, flags, beside,
        told.older, seen.sights,
    )  # fmt: skip


def _beside(ready: pd.DataFrame, early: Course, told: Begun, catalog: Catalog) -> pd.DataFrame:
    """
    The markers of who has a start that is judged: made ready anew only where values lie before the look-back (`early`:
    all values of those patients).
    """
    codes = names(catalog.rules["steroid_response"].parameters)
    anew = _ready(early, told.bodies, told.starts, catalog)
    others = {*told.judged["patient_id"]} - {*early.observations["patient_id"].unique()}
    laid, again = Laid.of(ready), Laid.of(anew)
    theirs = laid.among(codes) & laid.of_patients(np.array([*others], dtype=object))
    parts = [ready.take(np.flatnonzero(theirs)), anew.take(np.flatnonzero(again.among(codes)))]
    parts[1] = parts[1].assign(series=parts[1]["series"] + len(laid.begins))
    both = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    both = both.take(np.argsort(ranked(both["patient_id"]), kind="stable")).reset_index(drop=True)
    return both.assign(series=Laid.of(both).number)


def _ready(course: Course, body: pd.DataFrame, begun: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    doubts = suspected(points(course.observations, course.doses, catalog), catalog)
    return with_since_start(with_own_part(doubts.points, course.doses, body, catalog), begun)


def _whole(course: Course, found: Assessment) -> Assessment:
    """All that is known told by the same functions, for who wants to see it; flags stay those of the look-back."""
    catalog, now = found.catalog, found.as_of
    body = bodies(course.patients, course.observations)
    given = administrations(course.doses, body, catalog, as_of=now)
    t0 = starts(given, catalog)
    bars = spans(course.doses, t0, catalog, as_of=now)
    line = lines(course.patients, bars, given, catalog, as_of=now)
    ready = _ready(course, body, t0, catalog)
    stand = markers(ready, t0, catalog)
    verdict = verdicts(stand, t0, course.patients.set_index("patient_id")["context"], catalog, as_of=now)
    return Assessment(
        now, course, catalog, ready, body, t0, bars, line, stand, verdict, found.awaited, found.flags, ready,
        found.older, found.sights, found,
    )  # fmt: skip
