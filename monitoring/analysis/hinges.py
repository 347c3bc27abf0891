"""
Lines with a turn, as sums: what a series says about its slope before and after any moment, without fitting it again.

For a moment `turn` the log of a value is level + before * min(0, t - turn) + after * max(0, t - turn). Everything that
least squares, or a Gaussian prior on the two slopes, can ask of the values between two times is in five numbers; they
come from running sums, so that a thousand patients cost as much as a dozen passes over an array.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from monitoring.analysis.remembered import chained, mixed

MILLISECONDS = 3.6e6
APART_HOURS = 1e6  # more than any stay lasts; keeps two patients apart on one axis


@dataclass(frozen=True)
class Hinge:
    """
    Information on (before, after), level taken out: [[before, both], [both, after]] in 1/slope², and the scores of the
    two slopes. Slopes are per hour on the log scale.
    """

    before: np.ndarray
    after: np.ndarray
    both: np.ndarray
    score_before: np.ndarray
    score_after: np.ndarray

    def plus(self, other: Hinge) -> Hinge:
        return Hinge(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))

    @staticmethod
    def nothing(size: int) -> Hinge:
        return Hinge(*(np.zeros(size) for _ in range(5)))


@dataclass(frozen=True)
class Ward:
    """
    The points of all patients on one axis of time, column by column: of each the analyte and the patient as numbers,
    the hours since that patient's first value, and what a line goes by. Its markers are made once each.
    """

    analytes: dict[str, int]
    analyte: np.ndarray
    counts: np.ndarray
    patient: np.ndarray
    hour: np.ndarray
    received: np.ndarray
    segment: np.ndarray
    sigma: np.ndarray
    log: np.ndarray
    made: dict[str, Marker] = field(default_factory=dict)

    @staticmethod
    def of(points: pd.DataFrame) -> Ward:
        """`points` go patient by patient."""
        patient, _ = pd.factorize(points["patient_id"])
        analyte, names = pd.factorize(points["analyte"])
        hour = points["hour"].to_numpy(dtype=float)
        starts = np.flatnonzero(np.diff(patient, prepend=-1))
        origin = np.minimum.reduceat(hour, starts) if len(hour) else hour
        return Ward(
            analytes={str(name): number for number, name in enumerate(names)},
            analyte=analyte,
            counts=points["counts"].to_numpy(dtype=bool),
            patient=patient.astype(np.int64),
            hour=hour - origin[patient],
            received=points["received_at"].to_numpy(dtype="datetime64[us]"),
            segment=points["segment"].to_numpy(),
            sigma=points["line_sigma"].to_numpy(dtype=float),
            log=points["line_log"].to_numpy(dtype=float),
        )

    def places(self, analyte: str) -> np.ndarray:
        """Positions of all values of an analyte, whether or not they count in a line."""
        return np.flatnonzero(self.analyte == self.analytes.get(analyte, -1))

    def marker(self, analyte: str) -> Marker:
        if analyte not in self.made:
            places = self.places(analyte)
            self.made[analyte] = Marker.of(self, places[self.counts[places]])
        return self.made[analyte]


@dataclass(frozen=True)
class Marker:
    """The countable values of one analyte of everybody, in order of patient and time, with their running sums."""

    place: np.ndarray  # positions in the points they come from
    patient: np.ndarray
    hour: np.ndarray
    axis: np.ndarray
    first: np.ndarray  # for each value, the first one that may be compared with it
    received: np.ndarray
    content: np.ndarray  # 64 bits of each value and those before it
    sums: dict[str, tuple[np.ndarray, np.ndarray]]  # each from the first value on: before a value, and with it

    @staticmethod
    def of(ward: Ward, place: np.ndarray) -> Marker:
        patient, hour, segment, log = (column[place] for column in (ward.patient, ward.hour, ward.segment, ward.log))
        apart = np.r_[True, (np.diff(patient) != 0) | (np.diff(segment) != 0)][: len(place)]
        first = np.maximum.accumulate(np.where(apart, np.arange(len(place)), 0))
        weight = 1.0 / ward.sigma[place] ** 2
        log = log - log[first]  # small numbers keep the sums exact; a level drops out of every one of them
        parts = {"w": weight, "t": weight * hour, "y": weight * log, "tt": weight * hour**2, "ty": weight * hour * log}
        return Marker(
            place=place,
            patient=patient,
            hour=hour,
            axis=patient * APART_HOURS + hour,
            first=first,
            received=ward.received[place],
            content=_content(hour, log, weight, first),
            sums=_running(parts, first),
        )

    def spans(self, at: Span, slack: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each span the first value, the first after the turn, and the first after its end; `slack` in hours."""
        base = at.patient * APART_HOURS
        end = np.searchsorted(self.axis, base + at.end + slack, side="right")
        start = np.searchsorted(self.axis, base + at.start - slack)
        last = np.maximum(end - 1, 0)
        held = (end > start) if len(self.axis) else np.zeros(len(end), dtype=bool)
        start = np.where(held, np.maximum(start, self.first[last] if len(self.first) else 0), end)
        turn = np.clip(np.searchsorted(self.axis, base + at.turn + slack, side="right"), start, end)
        return start, turn, end

    def hinge(self, at: Span, slack: float = 0.0) -> Hinge:
        start, turn, end = self.spans(at, slack)
        early, late = self._between(start, turn), self._between(turn, end)
        weight = np.maximum(early["w"] + late["w"], np.finfo(float).tiny)
        u, v = early["t"] - early["w"] * at.turn, late["t"] - late["w"] * at.turn
        uu = early["tt"] - 2 * at.turn * early["t"] + early["w"] * at.turn**2
        vv = late["tt"] - 2 * at.turn * late["t"] + late["w"] * at.turn**2
        uy, vy = early["ty"] - at.turn * early["y"], late["ty"] - at.turn * late["y"]
        y = early["y"] + late["y"]
        return Hinge(
            before=np.maximum(uu - u * u / weight, 0.0),
            after=np.maximum(vv - v * v / weight, 0.0),
            both=-u * v / weight,
            score_before=uy - u * y / weight,
            score_after=vy - v * y / weight,
        )

    def _between(self, start: np.ndarray, end: np.ndarray) -> dict[str, np.ndarray]:
        """What the values from `start` to before `end`, all of one series, add up to."""
        some = end > start
        here, there = np.where(some, start, 0), np.where(some, end - 1, 0)
        if not len(self.hour):
            return {name: np.zeros(len(end)) for name in self.sums}
        return {name: np.where(some, upto[there] - before[here], 0.0) for name, (before, upto) in self.sums.items()}


def _running(parts: dict[str, np.ndarray], first: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Sums that begin anew with every series: what one patient's say does not hang on who else is there."""
    told = pd.DataFrame(parts).groupby(first).cumsum()
    later = np.arange(len(first)) > first
    upto = {name: told[name].to_numpy() for name in parts}
    return {name: (np.where(later, np.r_[0.0, total[:-1]][: len(total)], 0.0), total) for name, total in upto.items()}


def _content(hour: np.ndarray, log: np.ndarray, weight: np.ndarray, first: np.ndarray) -> np.ndarray:
    gap = np.where(np.arange(len(hour)) > first, np.diff(hour, prepend=0.0), 0.0)
    return chained(mixed(exactly(gap), log, weight), first)


def exactly(hours: np.ndarray) -> np.ndarray:
    """Hours to the millisecond: a difference of two large numbers is the same whatever they count from."""
    return np.round(hours * MILLISECONDS)


@dataclass(frozen=True)
class Span:
    """From `start` over `turn` to `end`, hours of the patient; arrays of one length."""

    patient: np.ndarray
    start: np.ndarray
    turn: np.ndarray
    end: np.ndarray
