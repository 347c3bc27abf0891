"""By which steps, and when, a patient's steroids were lowered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monitoring.analysis.administrations import administrations
from monitoring.terms import Catalog

if TYPE_CHECKING:
    from monitoring.analysis.assessment import Assessment

DAY_HOURS = 24.0


@dataclass(frozen=True)
class Step:
    """mg prednisone-equivalent of the 24 h before and after `at`, the first administration of the lower day."""

    at: pd.Timestamp
    before: float
    after: float


def steps(assessment: Assessment, patients: list[str], catalog: Catalog) -> dict[str, list[Step]]:
    """Per patient, oldest first: the days since the newest steroid start whose sum is below that of the day before."""
    if not patients:
        return {}
    doses = assessment.course.doses[assessment.course.doses["patient_id"].isin(patients)]
    given = administrations(doses, assessment.bodies, catalog, as_of=assessment.as_of)
    factor = given["given"].map({code: drug.prednisone_factor for code, drug in catalog.drugs.items()}).astype(float)
    steroid = given.assign(mg=given["mg"] * factor)[factor.notna().to_numpy() & given["mg"].notna().to_numpy()]
    t0 = assessment.starts.groupby("patient_id")["t0_hour"].max()
    steroid = steroid.assign(day=np.floor((steroid["hour"] - steroid["patient_id"].map(t0)) / DAY_HOURS))
    days = steroid[steroid["day"] >= 0].groupby(["patient_id", "day"]).agg(mg=("mg", "sum"), at=("at", "min"))
    return {patient: _lowered(days.loc[patient]) for patient in days.index.unique(level=0)}


def _lowered(days: pd.DataFrame) -> list[Step]:
    amounts, times = days["mg"].tolist(), days["at"].tolist()
    return [
        Step(pd.Timestamp(at), before, after)
        for before, after, at in zip(amounts, amounts[1:], times[1:], strict=False)
        if after < before
    ]
