"""Temperatures that were written down as findings, as values of the series "temperature" like all others."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from monitoring.analysis.course import Course
from monitoring.terms import Catalog
from storage.frames import OBSERVATIONS, shaped

FINDING, ANALYTE = "temperature_c", "temperature"


def with_temperatures(course: Course, catalog: Catalog) -> Course:
    taken = course.findings[course.findings["finding"].eq(FINDING)]
    if taken.empty:
        return course
    rows = taken.assign(
        analyte=ANALYTE,
        unit=catalog.analytes[ANALYTE].unit,
        unit_text=catalog.analytes[ANALYTE].unit,
        value=pd.to_numeric(taken["value"], errors="coerce"),
        value_text=taken["value"],
        collected_at=taken["observed_at"],
    )
    told = [course.observations, shaped(rows, OBSERVATIONS)[course.observations.columns]]
    return replace(course, observations=pd.concat([frame for frame in told if len(frame)], ignore_index=True))
