"""What examiners see: at admission and again, and the temperature once a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitoring.simulation.cohort import Cohort, Scene, scene
from monitoring.simulation.drawing import at_hours, read
from monitoring.simulation.kinetics import Latents
from monitoring.simulation.numbers import Numbers

YES, NO = "yes", "no"


@dataclass(frozen=True)
class Finding:
    """`at` in hours of the ward."""

    patient: int
    finding: str
    value: str
    at: float


def findings(numbers: Numbers, cohort: Cohort, latents: Latents, seed: int) -> list[Finding]:
    """In the order of time."""
    play = scene(numbers, cohort, seed, "findings")
    seen = [one for patient in range(len(cohort)) for one in (*examined(play, patient), *special(play, patient))]
    return sorted([*seen, *temperatures(play, latents)], key=lambda one: (one.at, one.patient))


def examined(play: Scene, patient: int) -> list[Finding]:
    """What is there at admission stays, and is looked for again every few days."""
    table, cohort, random = play.numbers["findings"], play.cohort, play.random
    shares = table["mas" if cohort.kinds[patient].mas else "other"]
    hours = np.arange(cohort.admitted[patient] + 1, cohort.hours, table["again_hours"])
    hours = hours[(np.arange(len(hours)) == 0) | (random.random(len(hours)) < table["seen"])]
    there = [YES if random.random() < share else NO for share in shares.values()]
    return [Finding(patient, name, value, float(at)) for at in hours for name, value in zip(shares, there, strict=True)]


def special(play: Scene, patient: int) -> list[Finding]:
    """A marrow in some with the disease; what the kind itself is known by, from the turn on."""
    cohort, random, marrow = play.cohort, play.random, play.numbers["findings"]["marrow"]
    kind, turn = cohort.kinds[patient], cohort.turns[patient]
    at = turn + np.round(random.uniform(*marrow["after_hours"]))
    found = []
    if kind.mas and random.random() < marrow["share"] and at < cohort.hours:
        found.append(Finding(patient, marrow["finding"], YES, float(at)))
    if kind.finding and turn < cohort.hours:
        found.append(Finding(patient, kind.finding, YES, float(turn)))
    return found


def temperatures(play: Scene, latents: Latents) -> list[Finding]:
    table, cohort, random = play.numbers["findings"]["temperature"], play.cohort, play.random
    marker = play.numbers.markers[table["marker"]]
    hours = np.arange(table["every_hours"] / 2, cohort.hours, table["every_hours"])
    taken = (random.random((len(cohort), len(hours))) < table["seen"]) & (hours >= cohort.admitted[:, None])
    patient, turn = np.nonzero(taken)
    at = hours[turn] + np.round(random.uniform(0, 60, len(turn))) / 60
    values = read(marker, at_hours(latents.seen[marker.code], patient, at), random)
    return [
        Finding(int(who), table["finding"], f"{value:.{table['decimals']}f}", float(when))
        for who, value, when in zip(patient, values, at, strict=True)
    ]
