"""What drives the markers hour by hour: the disease, an infection beside it, consumption, and what is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.simulation.cohort import Cohort, between, stream
from monitoring.simulation.giving import Administrations
from monitoring.simulation.numbers import Numbers
from monitoring.simulation.terms import DRIVERS, Path, Stretch


@dataclass(frozen=True)
class Drivers:
    """
    Each driver as patients x hours, in log units. The first hour is `burn_in` before hour 0 of the ward.

    `boluses` are what is added at once: marker -> patients x hours, in its unit.
    """

    burn_in: int
    grid: np.ndarray
    values: dict[str, np.ndarray]
    boluses: dict[str, np.ndarray]


def drivers(numbers: Numbers, cohort: Cohort, given: Administrations, seed: int) -> Drivers:
    burn_in = int(numbers["grid"]["burn_in_hours"])
    grid = np.arange(-burn_in, cohort.hours + 2)  # one hour more, for draws that are a little late
    random = stream(seed, "drivers")
    values = {name: along(cohort.paths(numbers, name), cohort.turns, grid, random) for name in DRIVERS}
    values |= effects(numbers, cohort, given, grid)
    return Drivers(burn_in, grid, values, boluses(numbers, cohort, given, grid))


def along(paths: Sequence[Path], turns: np.ndarray, grid: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Zero at the end of each patient's lag after the turn, and from there as the path says in both directions."""
    found = np.zeros((len(turns), len(grid)))
    names = np.array([path.name for path in paths])
    for path in {path.name: path for path in paths}.values():
        rows = np.flatnonzero(names == path.name)
        bend = (turns[rows] + between(random, path.lag_hours, len(rows)))[:, None]
        found[rows] = summed(path.after, np.maximum(grid - bend, 0), random)
        found[rows] -= summed(path.before, np.maximum(bend - grid, 0), random)
    return found


def summed(stretches: Sequence[Stretch], elapsed: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """How far the driver has moved after `elapsed` hours; the last stretch goes on for ever."""
    total, begin = np.zeros_like(elapsed), np.zeros((len(elapsed), 1))
    for place, stretch in enumerate(stretches, start=1):
        lasts = between(random, stretch.hours, len(elapsed))[:, None] if place < len(stretches) else np.inf
        rate = between(random, stretch.per_day, len(elapsed))[:, None] / 24
        total += rate * np.clip(elapsed - begin, 0, lasts)
        begin = begin + lasts
    return total


def effects(numbers: Numbers, cohort: Cohort, given: Administrations, grid: np.ndarray) -> dict[str, np.ndarray]:
    """1 while a drug acts, 0 else."""
    return {
        name: acting(given.chosen(effect["given"]), (effect["after_hours"], effect["hours"]), len(cohort), grid)
        for name, effect in numbers["drivers"].items()
        if name not in ("source", "tag")
    }


def acting(given: Administrations, window: tuple[float, float], patients: int, grid: np.ndarray) -> np.ndarray:
    steps = np.zeros((patients, len(grid) + 1))
    first, last = (np.clip(np.ceil(given.at + hours - grid[0]), 0, len(grid)).astype(int) for hours in window)
    np.add.at(steps, (given.patient, first), 1)
    np.add.at(steps, (given.patient, last), -1)
    return (np.cumsum(steps, axis=1)[:, :-1] > 0).astype(float)


def boluses(numbers: Numbers, cohort: Cohort, given: Administrations, grid: np.ndarray) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for code, adds in numbers["adds"].items():
        if "marker" not in adds:
            continue
        rows = given.chosen([code])
        per_kg = adds.get("per_amount_per_kg", 0) * rows.amount / cohort.people.weights[rows.patient]
        size = per_kg + adds.get("amount", 0) * rows.amount
        total = found.setdefault(adds["marker"], np.zeros((len(cohort), len(grid))))
        np.add.at(total, (rows.patient, np.ceil(rows.at - grid[0]).astype(int)), size)
    return found
