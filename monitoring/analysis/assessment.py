"""Everything said about all courses at one moment, including what is missing. Pure: no clock, no store, no screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pandas as pd

from monitoring.analysis.administrations import administrations, bodies
from monitoring.analysis.course import Course, known
from monitoring.analysis.flags import discharged, judged
from monitoring.analysis.lines import lines
from monitoring.analysis.markers import markers
from monitoring.analysis.overdue import awaited
from monitoring.analysis.own_part import with_own_part
from monitoring.analysis.points import points
from monitoring.analysis.relapse import relapses
from monitoring.analysis.response import verdicts
from monitoring.analysis.response_table import responses
from monitoring.analysis.safety import safety
from monitoring.analysis.scores import scores
from monitoring.analysis.spans import spans
from monitoring.analysis.steroids import starts
from monitoring.analysis.suspicions import suspected
from monitoring.analysis.temperatures import with_temperatures
from monitoring.analysis.trends import trends
from monitoring.analysis.written import moment
from monitoring.terms import Catalog


@dataclass(frozen=True)
class Assessment:
    """Frames, one row a thing said; see the function of the same name for each one's columns."""

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
    return judge(as_known(told, catalog, as_of=now), catalog, as_of=now)


def as_known(told: Course, catalog: Catalog, *, as_of: pd.Timestamp) -> Course:
    """What there is to judge at a moment."""
    return with_temperatures(known(told, as_of=as_of), catalog)


def judge(course: Course, catalog: Catalog, *, as_of: pd.Timestamp) -> Assessment:
    """The judgement of what is known; `as_of` in UTC. `assess` is the way in, `moments` that for many moments."""
    now = as_of
    body = bodies(course.patients, course.observations)
    given = administrations(course.doses, body, catalog, as_of=now)
    t0 = starts(given, catalog)
    bars = spans(course.doses, t0, catalog, as_of=now)
    line = lines(course.patients, bars, given, catalog, as_of=now)
    doubts = suspected(points(course.observations, course.doses, catalog), catalog)
    ready = with_own_part(doubts.points, course.doses, body, catalog)
    stand = markers(ready, t0, catalog)
    context = course.patients.set_index("patient_id")["context"]
    verdict = verdicts(stand, t0, context, catalog, as_of=now)
    late = awaited(course.observations, course.patients, line, catalog, as_of=now)
    also = [*safety(doubts, course.patients, catalog), *relapses(ready, verdict, line, catalog)]
    held = judged(ready, verdict, late, line, catalog, also=also)
    flags = discharged(held, course.patients, catalog, as_of=now)
    return Assessment(now, course, catalog, ready, body, t0, bars, line, stand, verdict, late, flags)
