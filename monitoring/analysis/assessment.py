"""Everything said about all courses at one moment, including what is missing. Pure: no clock, no store, no screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pandas as pd

from monitoring.analysis.administrations import administrations, bodies
from monitoring.analysis.confounders import confounded
from monitoring.analysis.course import Course, known
from monitoring.analysis.flags import discharged, judged
from monitoring.analysis.lines import lines
from monitoring.analysis.markers import markers
from monitoring.analysis.overdue import awaited
from monitoring.analysis.points import points
from monitoring.analysis.response import verdicts
from monitoring.analysis.response_table import responses
from monitoring.analysis.scores import scores
from monitoring.analysis.spans import spans
from monitoring.analysis.steroids import starts
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
        return responses(self.verdicts, self.markers, self.lines, self.bodies, self.catalog, as_of=self.as_of)


def assess(told: Course, catalog: Catalog, *, as_of: datetime) -> Assessment:
    """`told` may hold every version of everything; only what had been received by `as_of` plays a part."""
    now = moment(as_of)
    course = with_temperatures(known(told, as_of=now), catalog)
    body = bodies(course.patients, course.observations)
    given = administrations(course.doses, body, catalog, as_of=now)
    t0 = starts(given, catalog)
    bars = spans(course.doses, t0, catalog, as_of=now)
    line = lines(course.patients, bars, given, catalog, as_of=now)
    ready = points(course.observations, confounded(course.observations, course.doses, catalog), catalog)
    stand = markers(ready, t0, catalog)
    verdict = verdicts(stand, t0, catalog, as_of=now)
    late = awaited(course.observations, course.patients, line, catalog, as_of=now)
    flags = discharged(judged(ready, verdict, late, line, catalog), course.patients, catalog, as_of=now)
    return Assessment(now, course, catalog, ready, body, t0, bars, line, stand, verdict, late, flags)
