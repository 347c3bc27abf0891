"""Courses drawn as tables, and what is judged of them at an hour. Times are hours and minutes from one midnight."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from hashlib import sha256

import pandas as pd
from pandas.util import hash_pandas_object

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.course import Course
from monitoring.analysis.explain import explained
from monitoring.analysis.moments import assess_each
from monitoring.catalog import load_catalog
from monitoring.drawn_courses import MIDNIGHT, at, course_of
from monitoring.terms import Catalog

__all__ = [
    "MIDNIGHT", "assessed", "at", "catalog", "drawn", "flag", "flags_of", "foreseen", "judged", "key_of", "marker",
    "together", "verdicts_of",
]  # fmt: skip
JUDGED: dict[str, bytes] = {}  # course and moment -> what was said, as bytes: whoever asks has frames of his own


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
    return assessed(drawn(table, **body), as_of)[0]  # type: ignore[arg-type]


def assessed(course: Course, *hours: str | float) -> list[Assessment]:
    """What `assess` says of a course at each hour, judged once however often it is asked."""
    return [_told(kept) for kept in _kept((course, pd.Timestamp(at(hour))) for hour in hours)]


def foreseen(tables: Iterable[str], *, as_of: str | float, **body: object) -> None:
    """Judges many tables in one go, for `judged` to find each of them done."""
    _kept((drawn(table, **body), pd.Timestamp(at(as_of))) for table in tables)  # type: ignore[arg-type]


def _kept(asked: Iterable[tuple[Course, pd.Timestamp]]) -> list[bytes]:
    """A judgement costs the same for one course as for a ward: what was not judged before is judged together."""
    keyed = [(key_of(*one), one) for one in asked]
    new = {key: one for key, one in keyed if key not in JUDGED}
    if new:
        told = assess_each(list(new.values()), catalog())
        JUDGED.update((key, _bytes_of(one)) for key, one in zip(new, told, strict=True))
    return [JUDGED[key] for key, _ in keyed]


def key_of(course: Course, now: pd.Timestamp) -> str:
    """Courses of the same cells, in the same order and of the same kinds, have the same key."""
    parts = [hash_pandas_object(frame).to_numpy().tobytes() + str(frame.dtypes.to_dict()).encode()
             for frame in vars(course).values()]  # fmt: skip
    return f"{sha256(b'|'.join(parts)).hexdigest()} {now}"


def _bytes_of(told: Assessment) -> bytes:
    return pickle.dumps({one.name: getattr(told, one.name) for one in fields(told) if one.name != "catalog"})


def _told(kept: bytes) -> Assessment:
    return Assessment(**pickle.loads(kept), catalog=catalog())


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
