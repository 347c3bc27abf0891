"""
The latent truth: each marker made and lost hour by hour, driven by the disease and by what is given.

dX/dt = k * (level * exp(produced) - exp(lost) * X), stepped exactly. Where nothing speeds the loss, no marker can
fall faster than its half-life allows, whatever the disease does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitoring.simulation.cohort import Cohort, Scene, scene
from monitoring.simulation.drivers import Drivers
from monitoring.simulation.numbers import Numbers
from monitoring.simulation.terms import Marker

ACTIVITY = "mas"


@dataclass(frozen=True)
class Latents:
    """Marker -> patients x hours from 0 on, in our unit. `own`: the patient's part; `seen`: all that a lab can read."""

    own: dict[str, np.ndarray]
    seen: dict[str, np.ndarray]


def latents(numbers: Numbers, cohort: Cohort, drivers: Drivers, seed: int) -> Latents:
    play = scene(numbers, cohort, seed, "kinetics")
    own: dict[str, np.ndarray] = {}
    seen: dict[str, np.ndarray] = {}
    levels: dict[str, np.ndarray] = {}
    for marker in numbers.markers.values():
        levels[marker.code] = level(play, marker, levels)
        course = Course(marker, produced(play, marker, drivers), drivers)
        stepped = course.through(levels[marker.code], cohort.turns)
        own[marker.code], seen[marker.code] = (capped(marker, part[:, drivers.burn_in :], seen) for part in stepped)
    return Latents(own, seen)


def level(play: Scene, marker: Marker, levels: dict[str, np.ndarray]) -> np.ndarray:
    """Where each patient's marker stands at the turn."""
    cohort = play.cohort
    middle = np.array([kind.levels.get(marker.code, marker.level) for kind in cohort.kinds])
    drawn = marker.spread * play.random.standard_normal(len(cohort))
    if marker.linear:
        return middle + drawn
    return middle * np.exp(drawn) * levels.get(marker.level_of, np.ones(len(cohort)))


def produced(play: Scene, marker: Marker, drivers: Drivers) -> np.ndarray:
    """Change of the logarithm of production (of the value itself where linear), patients x hours."""
    numbers, cohort = play.numbers, play.cohort
    strength = np.exp(numbers["grid"]["own_way"] * play.random.standard_normal((len(cohort), 1)))
    reach = np.array([coupling(numbers.patterns[name], marker.code) for name in cohort.patterns])[:, None]
    total = wander(play, drivers.grid)
    for name, effect in marker.produced.items():
        value = drivers.values[name]
        if name == ACTIVITY:
            value = reach * trailing_most(value, marker.recovery_lag_hours)
        total = total + effect * strength * value
    return total


def coupling(pattern: Mapping[str, float], code: str) -> float:
    return pattern.get(code, pattern["others"])


def wander(play: Scene, grid: np.ndarray) -> np.ndarray:
    """Two slow waves, so that no series is a straight line."""
    shape, waves = play.numbers["grid"]["wander"], (2, len(play.cohort), 1)
    periods = play.between(shape["period_hours"], waves)
    phases = play.between((0, 2 * np.pi), waves)
    return (shape["size"] * np.sin(2 * np.pi * grid / periods + phases)).sum(axis=0)


def trailing_most(values: np.ndarray, hours: int) -> np.ndarray:
    """The most of the last `hours`: worse counts at once, better only after the lag."""
    if not hours:
        return values
    padded = np.pad(values, ((0, 0), (hours, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, hours + 1, axis=1).max(axis=2)


@dataclass(frozen=True)
class Course:
    """One marker of everybody, driven. `made`: change of the logarithm of production (of the value where linear)."""

    marker: Marker
    made: np.ndarray
    drivers: Drivers

    def through(self, level: np.ndarray, turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """
        Own and seen values that pass through `level` at the turns.

        A first run from that level shows how far turnover lags behind production there; the second starts so much off.
        """
        first, _ = self.stepped(level)
        hours = np.round(turns).astype(int) + self.drivers.burn_in
        there = first[np.arange(len(level)), np.clip(hours, 0, first.shape[1] - 1)]
        return self.stepped(level + level - there if self.marker.linear else level * level / there)

    def stepped(self, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Own and seen values; `target` is where the marker would settle if production and loss stayed as they are."""
        losing = self.losing()
        kept = np.exp(-self.marker.loss_per_hour * np.exp(losing))
        target = base[:, None] + self.made if self.marker.linear else base[:, None] * np.exp(self.made - losing)
        target = np.clip(target, *self.marker.bounds)
        own = stepped(target, kept, target[:, 0], np.zeros_like(target))
        if self.marker.code not in self.drivers.boluses:
            return own, own
        nothing = np.zeros_like(target)
        return own, own + stepped(nothing, kept, nothing[:, 0], self.drivers.boluses[self.marker.code])

    def losing(self) -> np.ndarray:
        effects = self.marker.lost.items()
        return sum((effect * self.drivers.values[name] for name, effect in effects), np.zeros_like(self.made))


def stepped(target: np.ndarray, kept: np.ndarray, start: np.ndarray, boluses: np.ndarray) -> np.ndarray:
    """The exact solution for hourly constant target and loss; boluses arrive at the hour itself."""
    found = np.empty_like(target)
    found[:, 0] = start
    for hour in range(1, target.shape[1]):
        before = hour - 1
        drawn = target[:, before] + (found[:, before] - target[:, before]) * kept[:, before]
        found[:, hour] = drawn + boluses[:, hour]
    return found


def capped(marker: Marker, values: np.ndarray, seen: dict[str, np.ndarray]) -> np.ndarray:
    other, ratio = marker.at_most_of
    return np.minimum(values, ratio * seen[other]) if other else values
