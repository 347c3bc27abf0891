"""A patient drawn for scores: labs as a table, findings by name, values as they were reported in another unit."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import pandas as pd

from monitoring.analysis.assessment import assess
from monitoring.analysis.course import Course
from monitoring.units import normal_unit
from storage.frames import FINDINGS, shaped
from tests.spec.drawing import at, catalog, drawn

Findings = dict[str, str]


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
    table_of = assess(course(table, **told), catalog(), as_of=at(as_of)).scores  # type: ignore[arg-type]
    return table_of[table_of["score"].eq(code)].iloc[0]


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
