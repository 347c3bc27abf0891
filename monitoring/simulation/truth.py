"""What really happened: read from the latent course, never from what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.simulation.cohort import Cohort
from monitoring.simulation.giving import Administrations
from monitoring.simulation.kinetics import Latents
from monitoring.simulation.numbers import Numbers

START, RESPONSE, RELAPSE, MASKED, INFUSION = "steroid_start", "response", "relapse", "masked_by", "infusion"


@dataclass(frozen=True)
class Event:
    """Hours of the ward. `value`: mean change per day in percent, a response, or what masks."""

    patient: int
    event: str
    began: float
    ended: float
    value: str


@dataclass(frozen=True)
class Stretches:
    """Whole hours over which a condition holds throughout, one entry each."""

    patient: np.ndarray
    began: np.ndarray
    ended: np.ndarray


def events(numbers: Numbers, cohort: Cohort, latents: Latents, given: Administrations) -> list[Event]:
    """All events, patient by patient in the order of their beginning."""
    table = numbers["truth"]
    conditions = {name: row for name, row in table.items() if isinstance(row, dict)}
    changes = [change for name, row in conditions.items() for change in moved(name, row, cohort, latents)]
    starts = list(steroid_starts(numbers, cohort, given))
    others = [*relapses(numbers, cohort, changes), *masks(numbers, cohort, given), *infusions(cohort)]
    return in_order(changes + starts + others)


def in_order(found: Iterable[Event]) -> list[Event]:
    return sorted(found, key=lambda one: (one.patient, one.began, one.event))


def moved(name: str, row: Mapping[str, Any], cohort: Cohort, latents: Latents) -> Iterable[Event]:
    own = latents.own[row["marker"]]
    holds = condition(row, own)
    if "within" in row:  # nothing is stable whose visible part moves because of what was given
        holds &= condition(row, latents.seen[row["marker"]])
    found = lasting(holds, cohort, row["hours"])
    change = np.log(own[found.patient, found.ended] / own[found.patient, found.began])
    per_day = 100 * np.expm1(24 * change / (found.ended - found.began))
    for patient, began, ended, value in zip(found.patient, found.began, found.ended, per_day, strict=True):
        yield Event(int(patient), name, float(began), float(ended), f"{value:+.1f}")


def condition(row: Mapping[str, Any], course: np.ndarray) -> np.ndarray:
    """For every step from one hour to the next: does the rate satisfy the row? Change per day as a fraction."""
    rate = 24 * np.diff(np.log(course), axis=1)
    if "within" in row:
        return np.abs(rate) <= np.log1p(row["within"])
    limit = np.log1p(row["per_day"])
    return rate >= limit if limit > 0 else rate <= limit


def lasting(holds: np.ndarray, cohort: Cohort, hours: float) -> Stretches:
    """The longest stretches within each stay over which every step holds, `hours` long at least."""
    steps = np.arange(holds.shape[1])
    inside = (steps >= cohort.admitted[:, None]) & (steps < cohort.hours)
    edges = np.diff(np.pad((holds & inside).astype(int), ((0, 0), (1, 1))), axis=1)
    patient, began = np.nonzero(edges == 1)
    ended = np.nonzero(edges == -1)[1]
    long = ended - began >= hours
    return Stretches(patient[long], began[long], ended[long])


def steroid_starts(numbers: Numbers, cohort: Cohort, given: Administrations) -> Iterable[Event]:
    """The first of each high-dose course, and what it did by the course the disease was made to take."""
    lasts = numbers["truth"]["response_hours"]
    paths = cohort.paths(numbers, "mas")
    for patient, protocol in enumerate(cohort.protocols(numbers)):
        at = cohort.turns[patient]
        if protocol.steroid_start and cohort.admitted[patient] <= at <= cohort.hours:
            yield Event(patient, START, at, at, protocol.given[0].code)
            yield Event(patient, RESPONSE, at, min(at + lasts, cohort.hours), paths[patient].response)


def relapses(numbers: Numbers, cohort: Cohort, changes: Iterable[Event]) -> Iterable[Event]:
    """The first true rise after a response that the path says does not last."""
    paths = cohort.paths(numbers, "mas")
    kind = numbers["truth"]["relapse_of"]
    seen: set[int] = set()
    for change in sorted(changes, key=lambda one: one.began):
        after = change.event == kind and change.began > cohort.turns[change.patient] + numbers["truth"]["relapse_hours"]
        if after and paths[change.patient].relapses and change.patient not in seen:
            seen.add(change.patient)
            yield Event(change.patient, RELAPSE, change.began, change.ended, change.value)


def masks(numbers: Numbers, cohort: Cohort, given: Administrations) -> Iterable[Event]:
    """From each administration of what hides the course until its effect is gone."""
    for row in range(len(given.at)):
        patient, code = int(given.patient[row]), str(given.code[row])
        if code == cohort.kinds[patient].masked_by:
            at = float(given.at[row])
            yield Event(patient, MASKED, at, at + numbers["adds"][code]["masks_hours"], code)


def infusions(cohort: Cohort) -> Iterable[Event]:
    """Who is infused is so at admission; the onset comes as many days later as the turn says."""
    for patient, kind in enumerate(cohort.kinds):
        if kind.infused:
            at = float(cohort.admitted[patient])
            yield Event(patient, INFUSION, at, at, kind.context)
