"""
Alarms against the truth of a simulated ward.

A true rise or fall is an event of truth.csv. It is found when an alarm was raised no later than 36 h after its
beginning and had not been cleared before it. An alarm is false when raised within a stable stretch, later than 24 h
after that began: until then what is told may be the rest of an older course.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

HOUR = pd.Timedelta(hours=1)
FOUND_WITHIN = 36 * HOUR
SETTLING = 24 * HOUR
DECIDED_WITHIN = 60 * HOUR
MASKS = ("fibrinogen_concentrate", "tocilizumab")


@dataclass(frozen=True)
class Changes:
    """`delays`: hours of those found; `events` true ones; `false` alarms in so many stable patient-`days`."""

    delays: np.ndarray
    events: int
    false: int
    days: float
    seconds: float
    patients: int


@dataclass(frozen=True)
class Responses:
    """One entry a steroid start: what it truly did, whether something masks it, whether it was called a failure."""

    truth: pd.DataFrame
    seconds: float
    patients: int


def read_truth(folder: Path) -> pd.DataFrame:
    """patient_id, kind, event, began_at, ended_at, value."""
    truth = pd.read_csv(folder / "truth.csv", dtype={"value": str})
    times = {name: pd.to_datetime(truth[name], utc=True, format="ISO8601") for name in ("began_at", "ended_at")}
    return truth.assign(**times)


def delays(truth: pd.DataFrame, event: str, alarms: pd.DataFrame) -> np.ndarray:
    """Hours from the beginning of each event found to its first alarm; 0 when one was on already."""
    events = truth[truth["event"].eq(event)].reset_index(drop=True).rename_axis("number").reset_index()
    met = events.merge(alarms, on="patient_id")
    early = met["raised_at"] <= met["began_at"] + FOUND_WITHIN
    standing = met["cleared_at"].isna() | (met["cleared_at"] >= met["began_at"])
    met = met[early & standing]
    late = ((met["raised_at"] - met["began_at"]) / HOUR).clip(lower=0)
    return late.groupby(met["number"]).min().to_numpy()


def false_alarms(truth: pd.DataFrame, event: str, alarms: pd.DataFrame) -> tuple[int, float]:
    """How many, in how many patient-days of the stable stretches named `event`."""
    stable = truth[truth["event"].eq(event)]
    stable = stable.assign(began_at=stable["began_at"] + SETTLING)
    stable = stable[stable["ended_at"] > stable["began_at"]]
    met = stable.merge(alarms, on="patient_id")
    inside = (met["raised_at"] >= met["began_at"]) & (met["raised_at"] <= met["ended_at"])
    return int(inside.sum()), float(((stable["ended_at"] - stable["began_at"]) / HOUR).sum() / 24)


def starts(truth: pd.DataFrame) -> pd.DataFrame:
    """patient_id, t0, answer ("responding", "slow", "not_responding"), masked; one steroid start a patient."""
    told = truth[truth["event"].eq("response")][["patient_id", "began_at", "value"]]
    masked = truth.loc[truth["event"].eq("masked_by") & truth["value"].isin(MASKS), "patient_id"]
    told = told.rename(columns={"began_at": "t0", "value": "answer"}).reset_index(drop=True)
    return told.assign(masked=told["patient_id"].isin(masked))


def called(begun: pd.DataFrame, alarms: pd.DataFrame) -> pd.Series:
    """For each steroid start: was an alarm raised after it and within 60 h?"""
    met = begun[["patient_id", "t0"]].merge(alarms, on="patient_id")
    timely = (met["raised_at"] > met["t0"]) & (met["raised_at"] <= met["t0"] + DECIDED_WITHIN)
    return begun["patient_id"].isin(met.loc[timely, "patient_id"])


def pooled(parts: Iterable[Changes]) -> Changes:
    all_parts = list(parts)
    return Changes(
        delays=np.concatenate([part.delays for part in all_parts]),
        events=sum(part.events for part in all_parts),
        false=sum(part.false for part in all_parts),
        days=sum(part.days for part in all_parts),
        seconds=sum(part.seconds for part in all_parts),
        patients=sum(part.patients for part in all_parts),
    )


def pooled_responses(parts: Iterable[Responses]) -> Responses:
    all_parts = list(parts)
    return Responses(
        pd.concat([part.truth for part in all_parts], ignore_index=True),
        sum(part.seconds for part in all_parts),
        sum(part.patients for part in all_parts),
    )
