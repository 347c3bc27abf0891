"""
Recorded courses judged as they would have been judged at the time, nothing later known.

Each patient's own first result is hour 0 of the replay, so that courses of any year are judged side by side, all
patients at once, step by step. A result counts from when the laboratory issued it, else from when it was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from monitoring.analysis.assessment import Assessment, assess
from monitoring.analysis.course import Course, only
from monitoring.analysis.matching import of_each
from monitoring.analysis.recording import changes
from monitoring.terms import Catalog
from storage.frames import FLAG_CHANGES, empty

START = pd.Timestamp(datetime(2000, 1, 1, tzinfo=UTC))
TIMES = {
    "patients": ["admitted_at", "discharged_at", "received_at"],
    "observations": ["collected_at", "resulted_at", "received_at"],
    "doses": ["started_at", "ended_at", "received_at"],
    "findings": ["observed_at", "received_at"],
}
HAPPENED = {"observations": "collected_at", "doses": "started_at", "findings": "observed_at"}
FLAGS = ["patient_id", "flag", "severity", "raised_at", "cleared_at"]
RESPONSES = ["patient_id", "t0", "hours", "verdict", "assessed_at"]


@dataclass(frozen=True)
class Replayed:
    """`flags` (FLAGS, one row a raising) and `responses` (RESPONSES, the last verdict given of each window)."""

    flags: pd.DataFrame
    responses: pd.DataFrame
    patients: int
    steps: int


def replayed(recorded: Course, catalog: Catalog, *, every: pd.Timedelta) -> Replayed:
    course = as_issued(recorded)
    offsets = _offsets(course)
    shifted = _shifted(course, -offsets)
    last = _spans(shifted)
    history, verdicts, steps = empty(FLAG_CHANGES), [], 0
    now = START
    while (here := last[last > now - every].index.tolist()) if len(last) else []:
        told = only(shifted, here)
        assessment = assess(told, catalog, as_of=now)
        new = changes(history[history["patient_id"].isin(here)], told, assessment, catalog, run_id="")
        history = pd.concat([frame for frame in (history, new) if len(frame)] or [history], ignore_index=True)
        verdicts.append(_given(assessment))
        now, steps = now + every, steps + 1
    return Replayed(_flags(history, offsets), _responses(verdicts, offsets), len(course.patients), steps)


def as_issued(course: Course) -> Course:
    """The same facts, known from when they were issued: the time of taking in says nothing about a recorded course."""
    observed = course.observations
    issued = observed["resulted_at"].where(
        observed["resulted_at"] >= observed["collected_at"], observed["collected_at"]
    )
    return Course(
        patients=course.patients,
        observations=observed.assign(received_at=issued),
        doses=course.doses.assign(received_at=course.doses["started_at"]),
        findings=course.findings.assign(received_at=course.findings["observed_at"]),
    )


def _offsets(course: Course) -> pd.Series:
    """Per patient: its first moment, less START."""
    firsts = [
        getattr(course, name)[["patient_id", time]].set_axis(["patient_id", "at"], axis=1)
        for name, time in HAPPENED.items()
    ]
    told = pd.concat([frame for frame in firsts if len(frame)] or firsts[:1])
    return told.groupby("patient_id")["at"].min() - START


def _shifted(course: Course, by: pd.Series) -> Course:
    return Course(**{name: _moved(getattr(course, name), by, TIMES[name]) for name in TIMES})


def _moved(frame: pd.DataFrame, by: pd.Series, times: list[str]) -> pd.DataFrame:
    shift = of_each(frame["patient_id"], by)
    return frame.assign(**{name: frame[name] + shift for name in times})


def _spans(course: Course) -> pd.Series:
    """Per patient the last moment at which anything became known."""
    told = [getattr(course, name)[["patient_id", "received_at"]] for name in HAPPENED]
    return pd.concat([frame for frame in told if len(frame)] or told[:1]).groupby("patient_id")["received_at"].max()


def _given(assessment: Assessment) -> pd.DataFrame:
    told = assessment.verdicts
    return told.loc[told["verdict"] != "too_early", RESPONSES] if len(told) else pd.DataFrame(columns=RESPONSES)


def _flags(history: pd.DataFrame, offsets: pd.Series) -> pd.DataFrame:
    """Every raising with the end that followed it; a retraction ends a flag as a clearing does."""
    if history.empty:
        return pd.DataFrame(columns=FLAGS)
    told = history.sort_values(["patient_id", "flag", "seq"], ignore_index=True)
    told["time"] = told["change"].eq("raised").cumsum()
    ends = told[told["change"].isin(["cleared", "retracted"])].drop_duplicates("time").set_index("time")["changed_at"]
    worst = (
        told[told["change"].isin(["raised", "worsened"])]
        .drop_duplicates("time", keep="last")
        .set_index("time")["severity"]
    )
    raised = told[told["change"].eq("raised")]
    table = raised.assign(
        raised_at=raised["changed_at"],
        cleared_at=of_each(raised["time"], ends),
        severity=of_each(raised["time"], worst),
    )
    return _moved(table[FLAGS], offsets, ["raised_at", "cleared_at"]).sort_values(
        ["patient_id", "raised_at", "flag"], ignore_index=True
    )


def _responses(verdicts: list[pd.DataFrame], offsets: pd.Series) -> pd.DataFrame:
    told = [frame for frame in verdicts if len(frame)]
    if not told:
        return pd.DataFrame(columns=RESPONSES)
    last = pd.concat(told, ignore_index=True).drop_duplicates(["patient_id", "t0", "hours"], keep="last")
    return _moved(last, offsets, ["t0", "assessed_at"]).sort_values(["patient_id", "t0", "hours"], ignore_index=True)
