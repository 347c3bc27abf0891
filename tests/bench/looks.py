"""
What a ward could see of one analyte each time a result came: as known then, for every patient at once.

Our own flags are dated by the moment at which the value that raised them was issued, so the rivals look at exactly
these moments too; nobody waits for a round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from monitoring.analysis.course import Course
from storage.versions import current, one_per_draw

HOUR = pd.Timedelta(hours=1)


@dataclass(frozen=True)
class Look:
    """
    Patients x values, the newest draw last, NaN in front where there were fewer. All hours from the patient's start.

    `at`: when each patient was looked at. `drawn`: hours of the draws. `logs`: natural logarithms; a bound (">40000")
    stands at its limit, as a ward reads it.
    """

    at: np.ndarray
    drawn: np.ndarray
    logs: np.ndarray

    @cached_property
    def ages(self) -> np.ndarray:
        """Hours before the newest draw."""
        return self.drawn[:, -1:] - self.drawn

    def last(self, count: int) -> np.ndarray:
        """The newest `count` logs of each patient; NaN in front where there are fewer."""
        missing = max(0, count - self.logs.shape[1])
        return np.pad(self.logs, ((0, 0), (missing, 0)), constant_values=np.nan)[:, -count:]


Rival = Callable[[Look], np.ndarray]


@dataclass(frozen=True)
class Seen:
    """One analyte of a ward. Look number n is at each patient's n-th report; where there are fewer, after the last."""

    patients: pd.Index
    first: pd.DatetimeIndex
    looks: tuple[Look, ...]

    def alarms(self, rival: Rival) -> pd.DataFrame:
        """patient_id, raised_at, cleared_at (NaT while it still holds): one each time the condition begins to hold."""
        on = np.stack([rival(look) for look in self.looks], axis=1)
        at = np.stack([look.at for look in self.looks] + [np.full(len(self.first), np.nan)], axis=1)
        steps = np.diff(np.pad(on.astype(int), ((0, 0), (1, 1))), axis=1)
        patient, begins = np.nonzero(steps == 1)
        ends = np.nonzero(steps == -1)[1]
        raised, cleared = (pd.to_timedelta(at[patient, turn], unit="h") for turn in (begins, ends))
        start = self.first[patient]
        return pd.DataFrame({
            "patient_id": self.patients[patient],
            "raised_at": start + raised,
            "cleared_at": start + cleared,
        })  # fmt: skip


def seen(course: Course, analyte: str) -> Seen:
    """`course` with every version, known from when it was issued (see analysis.replay.as_issued)."""
    first = course.observations.groupby("patient_id")["collected_at"].min()
    told = told_from(course, analyte, first)
    return Seen(first.index, pd.DatetimeIndex(first), tuple(look(told, at) for at in moments(told, len(first)).T))


def told_from(course: Course, analyte: str, start: pd.Series) -> pd.DataFrame:
    """The analyte's reports, in hours from each patient's start: patient (row of `start`), collected, received, log."""
    told = course.observations
    told = told[told["analyte"].eq(analyte) & told["patient_id"].isin(start.index)]
    begun = told["patient_id"].map(start)
    return told.assign(
        patient=start.index.get_indexer(told["patient_id"]),
        collected=(told["collected_at"] - begun) / HOUR,
        received=(told["received_at"] - begun) / HOUR,
        log=np.log(told["value"]),
    )


def moments(told: pd.DataFrame, patients: int) -> np.ndarray:
    """Patients x reports: the hours at which each patient's reports came, in order; infinite where no more came."""
    ordered = told.sort_values(["patient", "received"])
    patient = ordered["patient"].to_numpy()
    place = np.arange(len(patient)) - np.searchsorted(patient, patient)
    found = np.full((patients, place.max(initial=0) + 1), np.inf)
    found[patient, place] = ordered["received"]
    return found


def look(told: pd.DataFrame, at: np.ndarray) -> Look:
    """All patients, each at its own hour."""
    mine = told[told["received"].to_numpy() <= at[told["patient"].to_numpy()]]
    known = one_per_draw(current(mine)).sort_values(["patient", "collected"])
    patient = known["patient"].to_numpy()
    behind = np.searchsorted(patient, patient, side="right") - np.arange(len(patient))  # 1 is the newest
    width = max(1, int(behind.max(initial=1)))
    drawn, logs = np.full((len(at), width), np.nan), np.full((len(at), width), np.nan)
    drawn[patient, width - behind] = known["collected"]
    logs[patient, width - behind] = known["log"]
    return Look(at, drawn, logs)


def rows(look: Look) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Ages and logs of one patient after the other, without the gaps."""
    for ages, logs in zip(look.ages, look.logs, strict=True):
        there = ~np.isnan(logs)
        yield ages[there], logs[there]
