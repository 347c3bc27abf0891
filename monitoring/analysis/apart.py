"""A patient who comes back after long is another course: nothing is judged through years in which nothing was told."""

from __future__ import annotations

import pandas as pd

from monitoring.analysis.course import Course
from monitoring.analysis.replay import HAPPENED

MARK = "\x1f"  # between a patient's name and the number of a later course; no name holds it


def apart(course: Course, *, gap: pd.Timedelta) -> Course:
    """
    The same facts, those of a patient after more than `gap` without any under another name: see `patient_of`.

    An admission and a discharge stay with the course that they lie in.
    """
    number = _numbers(course, gap)
    if not number.gt(0).any():
        return course
    frames = {name: getattr(course, name) for name in HAPPENED}
    named = {
        name: frame.assign(patient_id=_named(frame["patient_id"], number[number.index.get_level_values(0) == name]))
        for name, frame in frames.items()
    }
    return Course(patients=_patients(course.patients, named, gap), **named)


def patient_of(names: pd.Series) -> pd.Series:
    """Whose course each is."""
    return names.str.partition(MARK)[0].astype(names.dtype)


def _numbers(course: Course, gap: pd.Timedelta) -> pd.Series:
    """For each fact, by (frame, place), which course of its patient it belongs to, from 0."""
    told = [
        getattr(course, name)[["patient_id", at]].set_axis(["patient_id", "at"], axis=1).reset_index(drop=True)
        for name, at in HAPPENED.items()
    ]
    facts = pd.concat(told, keys=list(HAPPENED)).sort_values(["patient_id", "at"], kind="stable")
    late = facts.groupby("patient_id")["at"].diff() > gap
    return late.astype("int64").groupby(facts["patient_id"]).cumsum().sort_index()


def _named(patients: pd.Series, number: pd.Series) -> pd.Series:
    told = pd.Series(number.to_numpy(dtype="int64"), index=patients.index)
    later = told > 0
    if not later.any():
        return patients
    texts = told.map("{:04d}".format)
    return patients.where(~later, patients + MARK + texts).astype(patients.dtype)


def _patients(patients: pd.DataFrame, facts: dict[str, pd.DataFrame], gap: pd.Timedelta) -> pd.DataFrame:
    """What is said of each patient, of each of their courses."""
    spans = _spans(facts)
    courses = spans.reset_index()
    courses["whose"] = patient_of(courses["patient_id"])
    silent = patients[~patients["patient_id"].isin(courses["whose"])]
    told = courses.merge(patients.rename(columns={"patient_id": "whose"}), on="whose", how="left")
    early, late = told["first_at"] - gap, told["last_at"] + gap
    for name in ("admitted_at", "discharged_at"):
        told[name] = told[name].where(told[name].between(early, late))
    whole = pd.concat([told[patients.columns], silent], ignore_index=True) if len(silent) else told[patients.columns]
    return whole.astype(patients.dtypes.to_dict()).sort_values("patient_id", ignore_index=True)


def _spans(facts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    told = [facts[name][["patient_id", at]].set_axis(["patient_id", "at"], axis=1) for name, at in HAPPENED.items()]
    grouped = pd.concat([frame for frame in told if len(frame)] or told[:1]).groupby("patient_id")["at"]
    return pd.DataFrame({"first_at": grouped.min(), "last_at": grouped.max()})
