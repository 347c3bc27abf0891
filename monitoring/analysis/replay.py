"""
Recorded courses judged as they would have been judged at the time, nothing later known.

Each patient's own first result is hour 0 of the replay, so that courses of any year are judged side by side, all
patients at once, step by step. A result counts from when the laboratory issued it, else from when it was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.course import UNJUDGED, Course, moved, only, received, unread
from monitoring.analysis.matching import of_each
from monitoring.analysis.moments import assess_each
from monitoring.analysis.recording import KEY, SAID, changes
from monitoring.analysis.resting import ASKED
from monitoring.terms import Catalog
from storage.frames import FLAG_CHANGES, empty

START = pd.Timestamp(datetime(2000, 1, 1, tzinfo=UTC))
HAPPENED = {"observations": "collected_at", "doses": "started_at", "findings": "observed_at"}
AT_ONCE = 300_000  # values judged in one go: enough to pay for the going, few enough for the memory
FLAGS = ["patient_id", "flag", "severity", "raised_at", "cleared_at"]
FLAGS_KEY = ["patient_id", "raised_at", "flag"]
RESPONSES_KEY = ["patient_id", "t0", "hours"]
RESPONSES = ["patient_id", "t0", "hours", "verdict", "assessed_at"]


@dataclass(frozen=True)
class Replayed:
    """`flags` (FLAGS, one row a raising) and `responses` (RESPONSES, the last verdict given of each window)."""

    flags: pd.DataFrame
    responses: pd.DataFrame
    patients: int
    steps: int


class Said:
    """The changes of flags so far: all of them without their evidence, and the last of each flag whole."""

    def __init__(self) -> None:
        self._last = empty(FLAG_CHANGES)
        self._all: list[pd.DataFrame] = [self._last]

    def last_of(self, patients: pd.Series) -> pd.DataFrame:
        return self._last[self._last["patient_id"].isin(patients)]

    def add(self, new: pd.DataFrame) -> None:
        if len(new):
            told = pd.concat([self._last, new], ignore_index=True) if len(self._last) else new
            self._last = told.drop_duplicates(KEY, keep="last", ignore_index=True)
            self._all.append(new)

    def all(self) -> pd.DataFrame:
        told = [frame.drop(columns=SAID) for frame in self._all if len(frame)] or self._all
        return pd.concat(told, ignore_index=True)


def replayed(recorded: Course, catalog: Catalog, *, every: pd.Timedelta) -> Replayed:
    course = _as_judged(as_issued(recorded), catalog)
    offsets = _offsets(course)
    shifted = _shifted(course, -offsets)
    last = _spans(shifted)
    said, verdicts, steps = Said(), [], 0
    corrected = _corrected(shifted)
    for batch in _batches(shifted, last, every):
        for (told, now), assessment in zip(batch, assess_each(batch, catalog, ASKED), strict=True):
            here = told.patients["patient_id"]
            # nobody reads a replay's evidence but the question whether it has been corrected since
            doubtful = corrected.index[corrected > now]
            said.add(changes(said.last_of(here), told, assessment, catalog, run_id="", doubtful=doubtful))
            verdicts.append(_given(assessment))
        steps += len(batch)
    return Replayed(_flags(said.all(), offsets), _responses(verdicts, offsets), len(course.patients), steps)


def _as_judged(course: Course, catalog: Catalog) -> Course:
    """Without what stands in a flag's evidence alone."""
    return replace(course, observations=course.observations.drop(columns=[*unread(catalog)], errors="ignore"))


def _corrected(course: Course) -> pd.Series:
    """Per patient of whom any fact was told twice the last time that one was: only their flags can be taken back."""
    again = [
        frame.loc[frame["version"] > 1, ["patient_id", "received_at"]] for frame in (course.observations, course.doses)
    ]
    return pd.concat(again).groupby("patient_id")["received_at"].max()


def _sorted(frames: list[pd.DataFrame], key: list[str]) -> pd.DataFrame:
    told = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    return told.sort_values(key, ignore_index=True)


def _batches(course: Course, last: pd.Series, every: pd.Timedelta) -> Iterator[list[tuple[Course, pd.Timestamp]]]:
    """The moments to judge, each with the patients it still concerns, as many together as AT_ONCE allows."""
    batch: list[tuple[Course, pd.Timestamp]] = []
    now, size = START, 0
    while len(last) and (here := last.index[last > now - every].tolist()):
        told = received(only(course, here) if len(here) < len(last) else course, as_of=now)
        rows = len(told.observations)
        if batch and size + rows > AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append((told, now))
        now, size = now + every, size + rows
    if batch:
        yield batch


def as_issued(course: Course) -> Course:
    """The same facts, known from when they were issued: the time of taking in says nothing about a recorded course."""
    observed = course.observations
    issued = observed["resulted_at"].where(
        observed["resulted_at"] >= observed["collected_at"], observed["collected_at"]
    )
    return Course(
        patients=course.patients,
        observations=observed.assign(received_at=issued).drop(columns=[*UNJUDGED], errors="ignore"),
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
    shifts = {name: of_each(frame["patient_id"], by) for name, frame in vars(course).items()}
    return Course(**{name: moved(frame, shifts[name]) for name, frame in vars(course).items()})


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
    return _sorted([_moved(table[FLAGS], offsets, ["raised_at", "cleared_at"])], FLAGS_KEY)


def _responses(verdicts: list[pd.DataFrame], offsets: pd.Series) -> pd.DataFrame:
    told = [frame for frame in verdicts if len(frame)]
    if not told:
        return pd.DataFrame(columns=RESPONSES)
    last = pd.concat(told, ignore_index=True).drop_duplicates(["patient_id", "t0", "hours"], keep="last")
    return _sorted([_moved(last, offsets, ["t0", "assessed_at"])], RESPONSES_KEY)
