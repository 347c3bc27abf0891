"""A patient drawn for scores: labs as a table, findings by name, values as they were reported in another unit."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from zlib import crc32

import pandas as pd

from monitoring.analysis.administrations import bodies
from monitoring.analysis.assessment import Assessment, as_known, assess
from monitoring.analysis.course import Course, only
from monitoring.units import normal_unit
from storage.frames import FINDINGS, shaped
from tests.spec.drawing import at, catalog, drawn, key_of, together

Findings = dict[str, str]
SCORED: dict[str, bytes] = {}  # course and moment -> its scores, as bytes: whoever asks has a frame of his own


def course(table: str = "hour\n0", *, findings: Findings | None = None, reported: str = "", **body: object) -> Course:
    """
    `findings`: "splenomegaly" or "splenomegaly @-30" -> value, seen at hour 0 or at the one named. `reported`:
    "triglycerides 265 mg/dL; …" at hour 0. `limits` in `body`: analyte -> (lower, upper) of the laboratory.
    """
    limits = body.pop("limits", {})
    made = drawn(table, **body)  # type: ignore[arg-type]
    patient = str(made.patients["patient_id"].iloc[0])
    seen = [_finding(patient, name, value) for name, value in (findings or {}).items()]
    foreign = [_reported(told, patient) for told in reported.split(";") if told.strip()]
    labs = pd.concat([frame for frame in (made.observations, *foreign) if len(frame)] or [made.observations])
    for analyte, (lower, upper) in limits.items():  # type: ignore[attr-defined]
        labs.loc[labs["analyte"].eq(analyte), ["reference_low", "reference_high"]] = lower, upper
    return replace(made, observations=labs.reset_index(drop=True), findings=shaped(pd.DataFrame(seen), FINDINGS))


def score(code: str, table: str = "hour\n0", *, as_of: str | float = 0, **told: object) -> pd.Series:
    """The row of one score of the one patient drawn."""
    table_of = scores_of(course(table, **told), as_of=as_of)  # type: ignore[arg-type]
    return table_of[table_of["score"].eq(code)].iloc[0]


def scores_of(told: Course, *, as_of: str | float = 0) -> pd.DataFrame:
    """The scores of an assessment, without judging what no score reads: trends, responses and flags."""
    now = pd.Timestamp(at(as_of))
    key = key_of(told, now)
    if key not in SCORED:
        SCORED[key] = pickle.dumps(_scores(told, now))
    return pickle.loads(SCORED[key])


def scored_ahead(courses: Iterable[Course]) -> None:
    """Scores many courses of one patient each in one go at hour 0, for `score` to find each of them done."""
    now, told = pd.Timestamp(at(0)), {key_of(course, pd.Timestamp(at(0))): course for course in courses}
    names = [f"{number:04d}" for number in range(len(told))]
    lanes = [_named(course, name) for course, name in zip(told.values(), names, strict=True)]
    table = _scores(together(*lanes), now)
    for key, name, course in zip(told, names, told.values(), strict=True):
        own = table[table["patient_id"].eq(name)].reset_index(drop=True)
        SCORED[key] = pickle.dumps(own.assign(patient_id=course.patients["patient_id"].iloc[0]))


def _scores(told: Course, now: pd.Timestamp) -> pd.DataFrame:
    seen = as_known(told, catalog(), as_of=now)
    return replace(of_nobody(), as_of=now, course=seen, bodies=bodies(seen.patients, seen.observations)).scores


def _named(course: Course, patient: str) -> Course:
    return Course(**{name: frame.assign(patient_id=patient) for name, frame in vars(course).items()})


@cache
def of_nobody() -> Assessment:
    return assess(only(drawn("hour\n0"), []), catalog(), as_of=at(0))


def labs(**values: object) -> str:
    """One draw at hour 0."""
    return f"hour | {' | '.join(values)}\n0 | {' | '.join(str(value) for value in values.values())}"


def _finding(patient: str, name: str, value: str) -> dict[str, object]:
    finding, _, hour = name.partition(" @")
    return {
        "patient_id": patient,
        "finding": finding,
        "value": value,
        "observed_at": at(hour or 0),
        "received_at": at(hour or 0),
        "status": "final",
        "ref": crc32(name.encode()),
        "version": 1,
    }


def _reported(told: str, patient: str) -> pd.DataFrame:
    """A value in the unit the laboratory wrote, turned into ours by the catalog as intake does."""
    analyte, number, unit = told.split(maxsplit=2)
    factor, offset = catalog().analytes[analyte].units[normal_unit(unit)]
    made = drawn(f"hour | {analyte}\n0 | {float(number) * factor + offset!r}", patient=patient)
    return made.observations.assign(unit_text=unit, value_text=number)
