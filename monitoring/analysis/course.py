"""A patient's series, doses, products and findings as known at one moment; any number of patients at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from storage.versions import current, one_per_draw


@dataclass(frozen=True)
class Course:
    """Frames of the shapes in storage.frames. As read, they hold every version; after `known`, current ones only."""

    patients: pd.DataFrame
    observations: pd.DataFrame
    doses: pd.DataFrame
    findings: pd.DataFrame


def known(told: Course, *, as_of: datetime) -> Course:
    """What counts at `as_of`: of all versions received by then the last of each, withdrawn ones gone."""
    return Course(
        patients=told.patients,
        observations=one_per_draw(_current(told.observations, as_of)),
        doses=_current(told.doses, as_of),
        findings=_current(told.findings, as_of),
    )


def _current(frame: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    return current(frame[frame["received_at"] <= pd.Timestamp(as_of)])


def only(course: Course, patients: list[str]) -> Course:
    """The same course for some of its patients."""
    chosen = set(patients)
    return Course(**{name: frame[frame["patient_id"].isin(chosen)] for name, frame in vars(course).items()})
