"""
An observer who knows all about how the simulator makes its courses, and is told what the rule is told.

It draws some thousand courses from the simulator itself and weighs each by how well it explains a patient's values so
far (a particle filter that never resamples; level, and how strongly a marker follows, are integrated out in closed
form: Kalman's update of a Gaussian). The weight of those that truly rise is then what can be believed. It knows when
courses turn, at which levels of which kind of patient, and that a steroid start is the turn: what no rule for patients
may know. Nobody can find more than it does, give or take the courses it drew.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import log_ndtr

from monitoring.simulation.cohort import Cohort, cohort
from monitoring.simulation.drivers import drivers
from monitoring.simulation.giving import administrations
from monitoring.simulation.kinetics import latents
from monitoring.simulation.numbers import Numbers

OWN = "ferritin"
LEAD, AFTER = 120, 240  # hours of a course before and after its turn: enough for a ward of ten days
DRIFT = 0.02  # of a marker by itself (log), which the shapes leave out
MOVING = 0.06  # a day: from here on ferritin moves, as the rule has it


@dataclass(frozen=True)
class Courses:
    """
    Hours (LEAD before the turn to AFTER it) x courses. `logs` of each marker; ferritin `rising` and `stable` as the
    truth has it, and `moving`; `treated`: whether the turn is a steroid start. `own_way`: how patients differ in what
    follows, `spreads`: in the level of each marker (SD of the log).
    """

    logs: dict[str, np.ndarray]
    rising: np.ndarray
    stable: np.ndarray
    moving: np.ndarray
    treated: np.ndarray
    spreads: dict[str, float]
    own_way: float

    def __len__(self) -> int:
        return len(self.treated)


def courses(numbers: Numbers, company: tuple[str, ...], *, count: int, seed: int) -> Courses:
    """Of the simulator's own kinds in their own shares, all with their turn at the same hour."""
    drawn = cohort(numbers, patients=count, days=10, seed=seed)
    plan = replace(drawn, turns=np.full(count, float(LEAD)), hours=LEAD + AFTER)
    level = shapes(numbers, plan, (OWN,), seed, own_way=numbers["grid"]["own_way"], wander=1.0)
    beside = shapes(numbers, plan, company, seed, own_way=0.0, wander=0.0)
    rate = 24 * np.diff(level[OWN], axis=0, append=np.nan)
    truth = numbers["truth"]
    rise, still = truth["ferritin_rise"], truth["stable_ferritin"]
    return Courses(
        logs=level | beside,
        rising=lasting(rate >= np.log1p(rise["per_day"]), rise["hours"]),
        stable=lasting(np.abs(rate) <= np.log1p(still["within"]), still["hours"]),
        moving=rate >= np.log1p(MOVING),
        treated=np.array([one.steroid_start for one in plan.protocols(numbers)]),
        spreads={name: numbers.markers[name].spread for name in (OWN, *company)},
        own_way=numbers["grid"]["own_way"],
    )


def shapes(
    numbers: Numbers, plan: Cohort, names: tuple[str, ...], seed: int, *, own_way: float, wander: float
) -> dict[str, np.ndarray]:
    """Log courses of the patients' own part of these markers, each at its kind's level."""
    grid = numbers["grid"]
    drift = dict(grid["wander"], size=wander * grid["wander"]["size"])
    markers = {name: replace(numbers.markers[name], spread=0.0) for name in names}
    tables = dict(numbers.tables, grid=dict(grid, own_way=own_way, wander=drift))
    plain = replace(numbers, markers=markers, tables=tables)
    driven = drivers(plain, plan, administrations(plain, plan), seed)
    found = latents(plain, plan, driven, seed).own
    return {name: np.log(found[name]).T[: LEAD + AFTER + 1].astype(np.float32) for name in names}


def lasting(holds: np.ndarray, hours: float) -> np.ndarray:
    """Where a condition holds within a stretch of so many hours of it, along the first axis."""
    found = np.zeros_like(holds)
    for course in range(holds.shape[1]):
        edges = np.flatnonzero(np.diff(np.r_[False, holds[:, course], False].astype(int)))
        for began, ended in edges.reshape(-1, 2):
            found[began:ended, course] = ended - began >= hours
    return found


@dataclass
class Follows:
    """Of one marker and every course: level and strength (1 is as drawn), with their covariance, as known so far."""

    level: np.ndarray
    strength: np.ndarray
    level_variance: np.ndarray
    both: np.ndarray
    strength_variance: np.ndarray

    def seen(self, shape: np.ndarray, log: float, variance: float) -> np.ndarray:
        """Takes in a value; its log likelihood under each course, but for a constant. `shape`: course less its turn."""
        gain_level = self.level_variance + self.both * shape
        gain_strength = self.both + self.strength_variance * shape
        spread = gain_level + shape * gain_strength + variance
        off = log - self.level - self.strength * shape
        self.level = self.level + gain_level / spread * off
        self.strength = self.strength + gain_strength / spread * off
        self.level_variance = self.level_variance - gain_level * gain_level / spread
        self.both = self.both - gain_level * gain_strength / spread
        self.strength_variance = self.strength_variance - gain_strength * gain_strength / spread
        return np.asarray(-0.5 * (off * off / spread + np.log(spread)))

    def above(self, shape: np.ndarray, log: float, variance: float) -> np.ndarray:
        """The log likelihood of a value beyond this bound, which moves nothing."""
        spread = self.level_variance + 2 * shape * self.both + shape**2 * self.strength_variance + variance
        return np.asarray(log_ndtr((self.level + self.strength * shape - log) / np.sqrt(spread)))


@dataclass
class Observer:
    """One patient, seen. `turns`: the hour of the ward at which each course turns."""

    courses: Courses
    turns: np.ndarray
    weight: np.ndarray = field(init=False)
    followed: dict[str, Follows] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.weight = np.zeros(len(self.courses), dtype=np.float32)

    def sees(self, marker: str, hour: float, log: float, sigma: float, *, above: bool = False) -> None:
        """A value (natural log, with the SD of one reading) drawn at this hour; `above`: it lies beyond that."""
        logs, every = self.courses.logs[marker], np.arange(len(self.courses))
        part, before = np.float32(hour % 1), self._row(hour)
        now = (1 - part) * logs[before, every] + part * logs[np.minimum(before + 1, LEAD + AFTER), every]
        follows = self.followed.setdefault(marker, self._unseen(marker))
        told = follows.above if above else follows.seen
        variance = np.float32(sigma**2 + (0.0 if marker == OWN else DRIFT**2))
        self.weight = self.weight + told(now - logs[LEAD], np.float32(log), variance)

    def believes(self, hour: float, possible: np.ndarray) -> tuple[float, float, float]:
        """How probable it is that ferritin now is rising, stable, moving; `possible`: the courses there can be."""
        weight = np.where(possible, self.weight, -np.inf)
        share = np.exp(weight - weight.max())
        share /= share.sum()
        now, drawn = (self._row(hour), np.arange(len(share))), self.courses
        return float(share @ drawn.rising[now]), float(share @ drawn.stable[now]), float(share @ drawn.moving[now])

    def _row(self, hour: float) -> np.ndarray:
        return np.clip(int(np.floor(hour)) - self.turns + LEAD, 0, LEAD + AFTER)

    def _unseen(self, marker: str) -> Follows:
        drawn, none = self.courses, np.zeros(len(self.courses), dtype=np.float32)
        differs = 0.0 if marker == OWN else drawn.own_way  # ferritin's own is drawn with the course
        return Follows(
            level=drawn.logs[marker][LEAD],
            strength=none + 1,
            level_variance=none + np.float32(drawn.spreads[marker] ** 2),
            both=none,
            strength_variance=none + np.float32(differs**2),
        )
