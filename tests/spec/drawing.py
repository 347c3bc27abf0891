"""Courses drawn as tables, and what is judged of them at an hour. Times are hours and minutes from one midnight."""

from __future__ import annotations

from functools import cache

import pandas as pd

from monitoring.analysis.assessment import Assessment, assess
from monitoring.analysis.course import Course
from monitoring.analysis.explain import explained
from monitoring.catalog import load_catalog
from monitoring.drawn_courses import MIDNIGHT, at, course_of
from monitoring.terms import Catalog

__all__ = ["MIDNIGHT", "at", "catalog", "drawn", "flag", "flags_of", "judged", "marker", "together", "verdicts_of"]


@cache
def catalog() -> Catalog:
    return load_catalog()


def drawn(
    table: str, *, patient: str = "A", weight: float | None = 70.0, height: float | None = 175.0, **of_patient: object
) -> Course:
    """
    A course from a table with the columns hour, analyte codes and, if wanted, received (hour), given, method, specimen,
    source, status.

    given: "methylprednisolone 1000 mg", several parted by ";". A cell "" or "-" is nothing; ">40000" is a bound.
    """
    body: dict[str, object] = {"patient_id": patient, "weight_kg": weight, "height_cm": height} | of_patient
    return course_of(table, body, catalog())


def together(*courses: Course) -> Course:
    """Several patients in one course."""
    names = ("patients", "observations", "doses", "findings")
    return Course(**{name: pd.concat([getattr(c, name) for c in courses], ignore_index=True) for name in names})


def judged(table: str, *, as_of: str | float, **body: object) -> Assessment:
    return assess(drawn(table, **body), catalog(), as_of=at(as_of))  # type: ignore[arg-type]


def flags_of(assessment: Assessment) -> dict[str, str]:
    """Flag code -> severity of what is active."""
    on = assessment.flags[assessment.flags["state"] == "active"]
    return dict(zip(on["flag"], on["severity"], strict=True))


def flag(assessment: Assessment, code: str) -> pd.Series:
    return explained(assessment.flags[assessment.flags["flag"] == code], assessment, catalog()).iloc[0]


def verdicts_of(assessment: Assessment) -> dict[int, str]:
    """Window hours -> verdict, of the newest steroid start."""
    newest = assessment.verdicts[assessment.verdicts["t0"] == assessment.verdicts["t0"].max()]
    return dict(zip(newest["hours"], newest["verdict"], strict=True))


def marker(assessment: Assessment, analyte: str, hours: int) -> pd.Series:
    m = assessment.markers
    return m[(m["analyte"] == analyte) & (m["hours"] == hours)].iloc[0]
