"""
Patients of whom values, doses and findings are wanted, and no flag, verdict or score: what stands beside each value
(what moved it, where the steroids began) and the treatment line rest on no more than this, and are the same as in a
judgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pandas as pd

from monitoring.analysis.administrations import administrations, bodies
from monitoring.analysis.course import Course, known
from monitoring.analysis.lines import lines
from monitoring.analysis.points import points
from monitoring.analysis.spans import spans
from monitoring.analysis.steroids import starts
from monitoring.analysis.temperatures import with_temperatures
from monitoring.analysis.written import moment
from monitoring.terms import Catalog


@dataclass(frozen=True)
class Measured:
    """What has the name of something in monitoring.analysis.assessment.Assessment is the same."""

    as_of: datetime
    course: Course
    catalog: Catalog

    @cached_property
    def points(self) -> pd.DataFrame:
        return points(self.course.observations, self.course.doses, self.catalog)

    @cached_property
    def given(self) -> pd.DataFrame:
        body = bodies(self.course.patients, self.course.observations)
        return administrations(self.course.doses, body, self.catalog, as_of=self._now)

    @cached_property
    def starts(self) -> pd.DataFrame:
        return starts(self.given, self.catalog)

    @cached_property
    def spans(self) -> pd.DataFrame:
        return spans(self.course.doses, self.starts, self.catalog, as_of=self._now)

    @cached_property
    def lines(self) -> pd.DataFrame:
        return lines(self.course.patients, self.spans, self.given, self.catalog, as_of=self._now)

    @property
    def _now(self) -> pd.Timestamp:
        return moment(self.as_of)


@dataclass(frozen=True)
class MeasuredWard:
    """Stands in the place of monitoring.state.WardState where nothing is asked of its flags."""

    assessment: Measured


def measured(told: Course, catalog: Catalog, *, as_of: datetime) -> MeasuredWard:
    """`told`: every version of everything."""
    course = with_temperatures(known(told, as_of=moment(as_of)), catalog)
    return MeasuredWard(Measured(as_of, course, catalog))
