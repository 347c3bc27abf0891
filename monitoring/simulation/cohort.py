"""Who is on the ward: kinds in fixed proportion, persons, and where in the stay their course turns."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.errors import MaswatchError
from monitoring.simulation.numbers import Numbers
from monitoring.simulation.terms import Kind, Path, Protocol, Variant

Shares = Sequence[str] | Mapping[str, float] | None
STILL = "none"


@dataclass(frozen=True)
class People:
    """One entry a patient. Weight in kg, height in cm, surface in m2, age in years."""

    ages: np.ndarray
    sexes: np.ndarray
    weights: np.ndarray
    heights: np.ndarray
    surfaces: np.ndarray
    contexts: np.ndarray


@dataclass(frozen=True)
class Cohort:
    """
    The plan of a ward; hours run from 0 to `hours` for everybody.

    `turns`: steroid start or onset. `admitted`: first hour of the stay. `silent`: hours without draws at the very end.
    """

    ids: np.ndarray
    kinds: tuple[Kind, ...]
    variants: tuple[Variant, ...]
    patterns: np.ndarray
    laboratories: np.ndarray
    admitted: np.ndarray
    turns: np.ndarray
    silent: np.ndarray
    hours: int
    people: People

    def __len__(self) -> int:
        return len(self.ids)

    def paths(self, numbers: Numbers, driver: str) -> tuple[Path, ...]:
        return tuple(numbers.paths[variant.paths.get(driver, STILL)] for variant in self.variants)

    def protocols(self, numbers: Numbers) -> tuple[Protocol, ...]:
        return tuple(numbers.protocols[variant.protocol] for variant in self.variants)


@dataclass(frozen=True)
class Scene:
    """What is believed, who is there, and the dice of one purpose."""

    numbers: Numbers
    cohort: Cohort
    random: np.random.Generator

    def between(self, span: Sequence[float], size: int | tuple[int, ...]) -> np.ndarray:
        return between(self.random, span, size)


def scene(numbers: Numbers, cohort: Cohort, seed: int, purpose: str) -> Scene:
    return Scene(numbers, cohort, stream(seed, purpose))


def between(random: np.random.Generator, span: Sequence[float], size: int | tuple[int, ...]) -> np.ndarray:
    low, high = span
    return random.uniform(low, high, size)


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A generator for one purpose, so that drawing more for one thing leaves the others as they were."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def cohort(numbers: Numbers, *, patients: int, days: int, seed: int, kinds: Shares = None) -> Cohort:
    """A ward of `patients`, all admitted at hour 0 and followed for `days`."""
    if patients < 1 or days < 1:
        raise MaswatchError(f"a simulated ward needs a patient and a day at least, not {patients} and {days}")
    random = stream(seed, "cohort")
    chosen = random.permutation(np.repeat(*counted(shares(numbers, kinds), patients)))
    own = tuple(numbers.kinds[name] for name in chosen)
    variants = tuple(kind.variants[pick(random, [one.share for one in kind.variants])] for kind in own)
    hours = 24 * days
    width = max(4, len(str(patients)))
    return Cohort(
        ids=np.array([f"SIM-{number:0{width}d}" for number in range(1, patients + 1)]),
        kinds=own,
        variants=variants,
        patterns=np.array([weighted(random, kind.patterns) for kind in own]),
        laboratories=random.choice(len(numbers.laboratories), patients, p=laboratory_shares(numbers)),
        admitted=np.zeros(patients),
        turns=turns(numbers, random, patients, hours),
        silent=np.zeros(patients),
        hours=hours,
        people=people(numbers, own, random),
    )


def demo_cohort(numbers: Numbers, *, seed: int, lead_hours: float) -> Cohort:
    """The demonstration ward, bed by bed; "now" is `lead_hours` after the last draw."""
    random = stream(seed, "demo")
    demo = numbers["demo"]
    beds = demo["beds"]
    own = tuple(numbers.kinds[bed["kind"]] for bed in beds)
    hours = 24 * max(bed["days"] for bed in beds)
    numbered = range(demo["first_number"], demo["first_number"] + len(beds))
    return Cohort(
        ids=np.array([f"{demo['patient_prefix']}{number}" for number in numbered]),
        kinds=own,
        variants=tuple(kind.variants[bed["variant"]] for kind, bed in zip(own, beds, strict=True)),
        patterns=np.array([next(iter(kind.patterns)) for kind in own]),
        laboratories=random.choice(len(numbers.laboratories), len(beds), p=laboratory_shares(numbers)),
        admitted=np.array([hours - 24.0 * bed["days"] for bed in beds]),
        turns=np.array([hours + lead_hours - bed["turned_hours_ago"] for bed in beds]),
        silent=np.array([float(bed.get("silent_hours", 0)) for bed in beds]),
        hours=hours,
        people=people(numbers, own, random),
    )


def shares(numbers: Numbers, kinds: Shares) -> dict[str, float]:
    if kinds is None:
        return {name: kind.share for name, kind in numbers.kinds.items()}
    wanted = dict(kinds) if isinstance(kinds, Mapping) else dict.fromkeys(kinds, 1.0)
    for name in wanted:
        if name not in numbers.kinds:
            raise MaswatchError(f"there is no kind {name!r}; known are {', '.join(numbers.kinds)}")
    return wanted


def counted(wanted: Mapping[str, float], patients: int) -> tuple[list[str], list[int]]:
    """How many of each kind: in proportion by largest remainder, and one of each where there are patients enough."""
    names = sorted(wanted, key=lambda name: -wanted[name])
    floor = 1 if patients >= len(names) else 0
    spare = patients - floor * len(names)
    exact = [wanted[name] / sum(wanted.values()) * spare for name in names]
    counts = [math.floor(share) for share in exact]
    order = sorted(range(len(names)), key=lambda place: counts[place] - exact[place])
    for place in order[: spare - sum(counts)]:
        counts[place] += 1
    return names, [count + floor for count in counts]


def turns(numbers: Numbers, random: np.random.Generator, patients: int, hours: int) -> np.ndarray:
    turn = numbers["turn"]
    low, high = (min(max(share * hours, turn["between_hours"][0]), turn["between_hours"][1]) for share in turn["share"])
    step = turn["minutes_step"] / 60
    return np.round(random.uniform(low, high, patients) / step) * step


def people(numbers: Numbers, kinds: Sequence[Kind], random: np.random.Generator) -> People:
    table, count = numbers["people"], len(kinds)
    young = random.random(count) < table["children"]
    ages = np.where(young, whole(random, table["child_years"], count), whole(random, table["adult_years"], count))
    weights, heights = (body(table, size, np.where(young, ages, -1), random) for size in ("weight", "height"))
    return People(
        ages=ages,
        sexes=np.where(random.random(count) < table["female"], "female", "male"),
        weights=weights,
        heights=np.round(heights),
        surfaces=np.sqrt(heights * weights / table["surface_divisor"]),
        contexts=np.array([context(table, kind, child, random) for kind, child in zip(kinds, young, strict=True)]),
    )


def whole(random: np.random.Generator, years: Sequence[int], count: int) -> np.ndarray:
    return random.integers(years[0], years[1], count, endpoint=True)


def body(table: Mapping[str, Any], size: str, years: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Weight or height by the child's years; years below zero mean an adult."""
    child, adult, young = table[f"child_{size}"], table[f"adult_{size}"], years >= 0
    middle = np.where(young, child["at_birth"] + child["per_year"] * years, adult["mean"])
    spread = np.where(young, child["spread"], adult["spread"])
    return np.round(middle * np.exp(spread * random.standard_normal(len(years))), 1)


def context(table: Mapping[str, Mapping[str, float]], kind: Kind, child: bool, random: np.random.Generator) -> str:
    drawn = weighted(random, table["child_contexts" if child else "adult_contexts"])
    return kind.context or drawn


def weighted(random: np.random.Generator, weights: Mapping[str, float]) -> str:
    return list(weights)[pick(random, list(weights.values()))]


def pick(random: np.random.Generator, weights: Sequence[float]) -> int:
    return int(np.searchsorted(np.cumsum(weights) / np.sum(weights), random.random(), side="right"))


def laboratory_shares(numbers: Numbers) -> list[float]:
    total = sum(laboratory.share for laboratory in numbers.laboratories)
    return [laboratory.share / total for laboratory in numbers.laboratories]
