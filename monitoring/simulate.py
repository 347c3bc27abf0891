"""Believable courses from a seed, with their truth. For demonstration, tests and bench; never for judgement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from monitoring.simulation.cohort import Cohort, Shares, cohort, demo_cohort
from monitoring.simulation.drawing import Results, draws, results
from monitoring.simulation.drivers import drivers
from monitoring.simulation.findings import Finding, findings
from monitoring.simulation.giving import Administrations, administrations
from monitoring.simulation.kinetics import Latents, latents
from monitoring.simulation.mishaps import mishaps
from monitoring.simulation.numbers import Numbers, load_numbers
from monitoring.simulation.slices import slices
from monitoring.simulation.truth import Event, events, in_order
from monitoring.simulation.writing import birth_date, iso, numbered, plain, write_csv

__all__ = ["DEFAULT_START", "Ward", "simulate", "simulated", "slices", "write_demo_ward"]

DEFAULT_START = datetime(2026, 1, 5, 6, tzinfo=UTC)
DEMO_SEED = 20260105
DEMO_LEAD = timedelta(minutes=110)  # from the last draw to "now": time enough for its results


@dataclass(frozen=True)
class Ward:
    """A simulated ward before it is written; all times in hours of the ward, from 0."""

    numbers: Numbers
    cohort: Cohort
    latents: Latents
    given: Administrations
    results: Results
    findings: list[Finding]
    truth: list[Event]


def simulate(
    folder: Path,
    *,
    patients: int,
    days: int,
    seed: int,
    start: datetime | None = None,
    end: datetime | None = None,
    kinds: Shares = None,
) -> None:
    """
    Writes patients, treatments, findings and labs of the CSV contract and truth.csv into `folder`.

    The same arguments give the same bytes. `end` dates the ward so that its newest draw is at `end`; else it begins at
    `start`. `kinds`: names (equal parts) or name -> share; None is the mixture of knowledge/simulation.toml.
    """
    ward = simulated(patients=patients, days=days, seed=seed, kinds=kinds)
    if end is not None:
        start = end - timedelta(hours=float(ward.results.collected.max()))
    write(ward, folder, start or DEFAULT_START)


def simulated(*, patients: int, days: int, seed: int, kinds: Shares = None) -> Ward:
    numbers = load_numbers()
    return lived(numbers, cohort(numbers, patients=patients, days=days, seed=seed, kinds=kinds), seed)


def write_demo_ward(folder: Path, *, newest_at: datetime, seed: int = DEMO_SEED) -> None:
    """
    Thirty patients whose newest results are just before `newest_at`, on every position of the steroid clock.

    Nothing that would be known only after `newest_at` is written.
    """
    numbers = load_numbers()
    lead = DEMO_LEAD / timedelta(hours=1)
    ward = lived(numbers, demo_cohort(numbers, seed=seed, lead_hours=lead), seed)
    now = ward.cohort.hours + lead
    write(until(ward, now), folder, newest_at - timedelta(hours=now))


def lived(numbers: Numbers, cohort: Cohort, seed: int) -> Ward:
    given = administrations(numbers, cohort)
    course = latents(numbers, cohort, drivers(numbers, cohort, given, seed), seed)
    told = mishaps(numbers, cohort, results(numbers, cohort, course, draws(numbers, cohort, seed), seed), seed)
    return Ward(
        numbers=numbers,
        cohort=cohort,
        latents=course,
        given=given,
        results=told.results,
        findings=findings(numbers, cohort, course, seed),
        truth=in_order([*events(numbers, cohort, course, given), *told.events]),
    )


def until(ward: Ward, hour: float) -> Ward:
    """Without what is known only later."""
    return replace(
        ward,
        given=ward.given.taken(ward.given.at <= hour),
        results=ward.results.taken(ward.results.resulted <= hour),
        findings=[finding for finding in ward.findings if finding.at <= hour],
    )


def write(ward: Ward, folder: Path, start: datetime) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_patients(ward, folder, start)
    write_treatments(ward, folder, start)
    write_findings(ward, folder, start)
    write_labs(ward, folder, start)
    write_truth(ward, folder, start)


def write_patients(ward: Ward, folder: Path, start: datetime) -> None:
    cohort, people = ward.cohort, ward.cohort.people
    count = len(cohort)
    born = [birth_date(int(age), start - timedelta(days=20 + 7 * place % 300)) for place, age in enumerate(people.ages)]
    wards = ward.numbers["wards"]["names"]
    columns = (
        cohort.ids, born, people.sexes, plain(people.weights), plain(people.heights), people.contexts,
        [wards[place * len(wards) // count] for place in range(count)], range(1, count + 1),
        iso(start, cohort.admitted), [""] * count,
    )  # fmt: skip
    write_csv(folder, "patients", columns)


def write_treatments(ward: Ward, folder: Path, start: datetime) -> None:
    given = ward.given
    count = len(given.at)
    columns = (
        ward.cohort.ids[given.patient], given.name, plain(given.amount), given.unit, given.route, iso(start, given.at),
        [""] * count, numbered("T", np.arange(count)),
    )  # fmt: skip
    write_csv(folder, "treatments", columns)


def write_findings(ward: Ward, folder: Path, start: datetime) -> None:
    found = ward.findings
    columns = (
        ward.cohort.ids[np.array([one.patient for one in found], dtype=int)], [one.finding for one in found],
        [one.value for one in found], iso(start, np.array([one.at for one in found])),
        numbered("F", np.arange(len(found))),
    )  # fmt: skip
    write_csv(folder, "findings", columns)


def write_labs(ward: Ward, folder: Path, start: datetime) -> None:
    told = ward.results
    columns = (
        ward.cohort.ids[told.patient], told.marker, told.text, told.unit, iso(start, told.collected),
        iso(start, told.resulted), told.status, numbered("L", told.number), told.method,
    )  # fmt: skip
    write_csv(folder, "labs", columns)


def write_truth(ward: Ward, folder: Path, start: datetime) -> None:
    truth = ward.truth
    patient = np.array([one.patient for one in truth], dtype=int)
    columns = (
        ward.cohort.ids[patient], [ward.cohort.kinds[place].name for place in patient], [one.event for one in truth],
        iso(start, np.array([one.began for one in truth])), iso(start, np.array([one.ended for one in truth])),
        [one.value for one in truth],
    )  # fmt: skip
    write_csv(folder, "truth", columns)
