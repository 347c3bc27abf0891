"""A patient's series, doses, products and findings as known at one moment; any number of patients at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from monitoring.terms import Catalog
from storage.versions import current, one_per_administration, one_per_draw, one_per_finding

UNJUDGED = ("loinc", "source_id", "origin")  # where a value came from: no judgement asks
# what stands in a flag's evidence alone: read for those of whom there is news
TOLD = ("unit", "value_text", "unit_text", "reference_low", "reference_high")
BORN = "%Y-%m-%dT%H:%M:%S.%f"


@dataclass(frozen=True)
class Course:
    """Frames of the shapes in storage.frames. As read, they hold every version; after `known`, current ones only."""

    patients: pd.DataFrame
    observations: pd.DataFrame
    doses: pd.DataFrame
    findings: pd.DataFrame


def unread(catalog: Catalog) -> tuple[str, ...]:
    """Columns of observations that no judgement asks; their source only where the site names no laboratories."""
    return (*UNJUDGED, *TOLD) if catalog.laboratories else (*UNJUDGED, *TOLD, "source")


def known(told: Course, *, as_of: datetime) -> Course:
    """
    What counts at `as_of`: of all versions received by then the last of each, withdrawn ones gone; and of what several
    sources tell of one draw, dose or finding, one.
    """
    return Course(
        patients=told.patients,
        observations=one_per_draw(_current(told.observations, as_of)),
        doses=one_per_administration(_current(told.doses, as_of)),
        findings=one_per_finding(_current(told.findings, as_of)),
    )


def _current(frame: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    return current(_by(frame, as_of))


def _by(frame: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    received = (frame["received_at"] <= pd.Timestamp(as_of)).to_numpy()
    return frame if received.all() else frame[received]


def only(course: Course, patients: list[str]) -> Course:
    """The same course for some of its patients."""
    chosen = set(patients)
    return Course(**{name: frame[frame["patient_id"].isin(chosen)] for name, frame in vars(course).items()})


def moved(frame: pd.DataFrame, by: pd.Timedelta | pd.Series) -> pd.DataFrame:
    """The frame with all its times moved, births too, so that ages stay; `by` is one span, or one for each row."""
    times: dict[str, pd.Series] = {
        str(name): frame[name] + by for name, kind in frame.dtypes.items() if isinstance(kind, pd.DatetimeTZDtype)
    }
    if "birth_date" in frame.columns:
        times["birth_date"] = (births(frame) + by).dt.strftime(BORN).fillna("").astype("str")
    return frame.assign(**times)


def births(patients: pd.DataFrame) -> pd.Series:
    """When each was born, in UTC; NaT where it is not known to the day. A moved birth has a time of day too."""
    told = patients["birth_date"]
    days = pd.to_datetime(told, errors="coerce", format="%Y-%m-%d", utc=True)
    return days.where(days.notna(), pd.to_datetime(told, errors="coerce", format=BORN, utc=True))


def received(course: Course, *, as_of: datetime) -> Course:
    """The same course as it was told by `as_of`: every version received by then. Of patients all that is said."""
    told = {name: _by(getattr(course, name), as_of) for name in ("observations", "doses", "findings")}
    return Course(patients=course.patients, **told)
