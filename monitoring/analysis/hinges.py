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

from monitoring.analysis.columns import Laid, moments
from monitoring.analysis.remembered import chained, mixed

MILLISECONDS = 3.6e6
SUMS = ("weight", "time", "log", "time * time", "time * log")  # each times the weight of its value
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

    def times(self, ratio: float) -> Hinge:
        """The same about slopes of which these are `ratio` times as much."""
        squared = ratio**2
        return Hinge(
            squared * self.before,
            squared * self.after,
            squared * self.both,
            ratio * self.score_before,
            ratio * self.score_after,
        )

    @staticmethod
    def nothing(size: int) -> Hinge:
        return Hinge(*(np.zeros(size) for _ in range(5)))


@dataclass(frozen=True)
class Ward:
    """
    The points of all patients on one axis of time, column by column: of each the analyte and the patient as numbers,
    the hours since that patient's first value. `countable` is what a line may go by, of all analytes; of it each marker
    is made once.
    """

    analytes: dict[str, int]
    analyte: np.ndarray
    patient: np.ndarray
    hour: np.ndarray
    countable: Marker
    made: dict[str, Marker] = field(default_factory=dict)

    @staticmethod
    def of(points: pd.DataFrame) -> Ward:
        """`points` go patient by patient."""
        laid = Laid.of(points)
        patient, (analyte, names) = laid.patients()[laid.number], pd.factorize(laid.analyte)
        hour = points["hour"].to_numpy(dtype=float)
        starts = np.flatnonzero(np.diff(patient, prepend=-1))
        origin = np.minimum.reduceat(hour, starts) if len(hour) else hour
        columns = {name: points[name].to_numpy() for name in ("segment", "line_sigma", "line_log", "since_start")}
        columns |= {
            "series": laid.number,
            "patient": patient,
            "hour": hour - origin[patient],
            "received": moments(points["received_at"]),
            "start_known": moments(points["start_known_at"]),
        }
        return Ward(
            analytes={str(name): number for number, name in enumerate(names)},
            analyte=analyte[laid.number],
            patient=patient,
            hour=columns["hour"],
            countable=Marker.of(columns, np.flatnonzero(points["counts"].to_numpy(dtype=bool))),
        )

    def places(self, analyte: str) -> np.ndarray:
        """Positions of all values of an analyte, whether or not they count in a line."""
        return np.flatnonzero(self.analyte == self.analytes.get(analyte, -1))

    def marker(self, analyte: str) -> Marker:
        if analyte not in self.made:
            number = self.analytes.get(analyte, -1)
            self.made[analyte] = self.countable.only(np.flatnonzero(self.analyte[self.countable.place] == number))
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
    since_start: np.ndarray  # hours since the last high-dose steroid start, NaN where there was none
    start_known: np.ndarray  # and when that was known
    content: np.ndarray  # 64 bits of each value and those before it
    before: np.ndarray  # running sums (rows: SUMS) from the first value on, without a value
    upto: np.ndarray  # and with it

    @staticmethod
    def of(columns: dict[str, np.ndarray], place: np.ndarray) -> Marker:
        series, segment, patient, hour, log = (
            columns[name][place] for name in ("series", "segment", "patient", "hour", "line_log")
        )
        apart = np.r_[True, (series[1:] != series[:-1]) | (segment[1:] != segment[:-1])][: len(place)]
        first = np.maximum.accumulate(np.where(apart, np.arange(len(place)), 0))
        weight = 1.0 / columns["line_sigma"][place] ** 2
        log = log - log[first]  # small numbers keep the sums exact; a level drops out of every one of them
        before, upto = _running([weight, weight * hour, weight * log, weight * hour**2, weight * hour * log], first)
        return Marker(
            place=place,
            patient=patient,
            hour=hour,
            axis=patient * APART_HOURS + hour,
            first=first,
            received=columns["received"][place],
            since_start=columns["since_start"][place],
            start_known=columns["start_known"][place],
            content=_content(hour, log, weight, first),
            before=before,
            upto=upto,
        )

    def only(self, mine: np.ndarray) -> Marker:
        """Some of these values: whole series."""
        kept = {name: column[..., mine] for name, column in vars(self).items()}
        return Marker(**kept | {"first": np.searchsorted(mine, kept["first"])})

    def spans(self, at: Span, slack: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each span the first value, the first after the turn, and the first after its end; `slack` in hours."""
        base = at.patient * APART_HOURS
        end = np.searchsorted(self.axis, base + at.end + slack, side="right")
        start = self._held(np.searchsorted(self.axis, base + at.start - slack), end)
        if at.turn is at.end:
            return start, end, end
        return start, np.clip(np.searchsorted(self.axis, base + at.turn + slack, side="right"), start, end), end

    def _held(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """The first value of each span that may be compared with its last; its end where it holds none."""
        if not len(self.axis):
            return end
        comparable = np.maximum(start, self.first[np.maximum(end - 1, 0)])
        return np.where(end > start, comparable, end)

    def seen_from(self, axis: np.ndarray, starts: np.ndarray, ends: np.ndarray, slack: float) -> Seen:
        """For spans that begin and end with values of another marker, whose `axis` is given; `slack` in hours."""
        after = np.searchsorted(self.axis, axis + slack, side="right")
        end = after[ends]
        return Seen(self, self._held(np.searchsorted(self.axis, axis[starts] - slack), end), end, after)

    def hinge(self, places: tuple[np.ndarray, np.ndarray, np.ndarray], turn: np.ndarray) -> Hinge:
        """Of the values from the first place to before the last, with a turn before the second, at the hour `turn`."""
        early, late = self._between(places[0], places[1]), self._between(places[1], places[2])
        w, t, y, tt, ty = early
        late_w, late_t, late_y, late_tt, late_ty = late
        weight = np.maximum(w + late_w, np.finfo(float).tiny)
        u, v = t - w * turn, late_t - late_w * turn
        uu = tt - 2 * turn * t + w * turn**2
        vv = late_tt - 2 * turn * late_t + late_w * turn**2
        uy, vy = ty - turn * y, late_ty - turn * late_y
        level = y + late_y
        return Hinge(
            before=np.maximum(uu - u * u / weight, 0.0),
            after=np.maximum(vv - v * v / weight, 0.0),
            both=-u * v / weight,
            score_before=uy - u * level / weight,
            score_after=vy - v * level / weight,
        )

    def _between(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """What the values from `start` to before `end`, all of one series, add up to; a row each of SUMS."""
        if not len(self.hour):
            return np.zeros((len(SUMS), len(end)))
        some = end > start
        there, here = np.where(some, end - 1, 0), np.where(some, start, 0)
        return np.where(some, self.upto.take(there, axis=1) - self.before.take(here, axis=1), 0.0)


@dataclass(frozen=True)
class Seen:
    """
    A marker seen from the values of another: of each span asked about its first value and the first after it, and for
    every value of the other, where any span may turn, the first after that. Looked up once for all turns.
    """

    marker: Marker
    start: np.ndarray
    end: np.ndarray
    after: np.ndarray

    def hinge(self, rows: np.ndarray, at: np.ndarray, turn: np.ndarray) -> Hinge:
        """Of some of the spans, each with a turn at one of the other's values: its place, and its hour."""
        start, end = self.start[rows], self.end[rows]
        return self.marker.hinge((start, np.clip(self.after[at], start, end), end), turn)


def _running(parts: list[np.ndarray], first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums that begin anew with every series: what one patient's say does not hang on who else is there."""
    told = pd.DataFrame(dict(enumerate(parts)), copy=False).groupby(first).cumsum().to_numpy().T
    later = np.arange(len(first)) > first
    return np.where(later, np.roll(told, 1, axis=1), 0.0), np.ascontiguousarray(told)


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
