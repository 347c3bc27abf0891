"""What the ward draws and the laboratory prints: noise, missing tubes, late results, assay limits, corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from monitoring.simulation.cohort import Cohort, Scene, scene
from monitoring.simulation.kinetics import Latents
from monitoring.simulation.numbers import Numbers
from monitoring.simulation.terms import Marker, Panel, Print, Span

FINAL, CORRECTED = "final", "corrected"


@dataclass(frozen=True)
class Draws:
    """One entry a blood draw. `at` in hours of the ward."""

    patient: np.ndarray
    at: np.ndarray


@dataclass(frozen=True)
class Results:
    """
    One entry a report, in the order of telling. Hours of the ward; `measured` is what the analyser found, in our unit.

    A correction has the number of the result that it replaces.
    """

    patient: np.ndarray
    marker: np.ndarray
    collected: np.ndarray
    resulted: np.ndarray
    measured: np.ndarray
    text: np.ndarray
    unit: np.ndarray
    method: np.ndarray
    status: np.ndarray
    number: np.ndarray

    def __len__(self) -> int:
        return len(self.patient)

    def taken(self, rows: np.ndarray) -> Results:
        return Results(*(getattr(self, field.name)[rows] for field in fields(self)))


def draws(numbers: Numbers, cohort: Cohort, seed: int) -> Draws:
    """Every 12 hours of each stay but for those missed; the first is always there, the last unless all is silent."""
    play, table = scene(numbers, cohort, seed, "draws"), numbers["draws"]
    hours = np.arange(0, cohort.hours + 1, table["every_hours"])
    stay = hours >= cohort.admitted[:, None]
    first = hours == np.argmax(stay, axis=1)[:, None] * table["every_hours"]
    missed = play.random.random(stay.shape) < table["missed"]
    taken = stay & (first | ((hours == hours[-1]) | ~missed) & ~silent(play, hours))
    late = play.between((0, table["jitter_minutes"]), stay.shape).round() / 60
    patient, turn = np.nonzero(taken)
    return Draws(patient, hours[turn] + late[patient, turn])


def silent(play: Scene, hours: np.ndarray) -> np.ndarray:
    """Where nobody draws for a while: some kinds by nature, demonstration beds at the very end."""
    cohort, random = play.cohort, play.random
    quiet = hours > (cohort.hours - cohort.silent)[:, None]
    most = max(kind.silent_stretches for kind in cohort.kinds)
    lasts = np.array([kind.silent_hours for kind in cohort.kinds])
    for turn in range(most):
        begins = random.uniform(cohort.admitted, cohort.hours)
        ends = begins + random.uniform(lasts[:, 0], lasts[:, 1])
        wanted = np.array([turn < kind.silent_stretches for kind in cohort.kinds]) & (cohort.silent == 0)
        quiet |= wanted[:, None] & (hours >= begins[:, None]) & (hours <= ends[:, None])
    return quiet


def results(numbers: Numbers, cohort: Cohort, latents: Latents, drawn: Draws, seed: int) -> Results:
    """All reports of all draws, corrections included, in the order in which the laboratory tells them."""
    play = scene(numbers, cohort, seed, "results")
    reports = [
        report(play, numbers.markers[code], latents.seen[code], tube)
        for panel in numbers.panels
        for tube in [tubes(play, panel, drawn)]
        for code in panel.markers
    ]
    whole = joined(reports)
    whole = replace(whole, number=np.arange(len(whole)))
    whole = joined([whole, *corrections(play, whole)])
    return in_order(whole)


def in_order(told: Results) -> Results:
    return told.taken(np.lexsort((told.number, told.patient, told.resulted)))


@dataclass(frozen=True)
class Tubes:
    """The draws of one panel, with the hour at which its results are told."""

    patient: np.ndarray
    collected: np.ndarray
    resulted: np.ndarray


def tubes(play: Scene, panel: Panel, drawn: Draws) -> Tubes:
    table = play.numbers["draws"]
    kept = play.random.random(len(drawn.at)) < panel.measured
    patient, collected = drawn.patient[kept], drawn.at[kept]
    minutes = play.between(panel.result_minutes or table["result_minutes"], len(patient)).round()
    share = np.array([late_share(kind.late_share, table) for kind in play.cohort.kinds])[patient]
    late = play.random.random(len(patient)) < share
    hours = np.where(late, play.between(table["late_hours"], len(patient)), 0)
    return Tubes(patient, collected, collected + (minutes + np.round(hours * 60)) / 60)


def late_share(own: float | None, table: Mapping[str, float]) -> float:
    return table["late_share"] if own is None else own


def report(play: Scene, marker: Marker, course: np.ndarray, tube: Tubes) -> Results:
    """One marker's results of one panel."""
    code, known = marker.code, play.numbers.laboratories
    measured = read(marker, at_hours(course, tube.patient, tube.collected), play.random)
    above = limits(marker, play.cohort, play.random)[tube.patient]
    laboratories = play.cohort.laboratories[tube.patient]
    prints = [laboratory.prints[code] for laboratory in known]
    methods = np.array([laboratory.methods.get(code, "") for laboratory in known])
    return Results(
        patient=tube.patient,
        marker=np.full(len(measured), code),
        collected=tube.collected,
        resulted=tube.resulted,
        measured=measured,
        text=printed(prints, laboratories, measured, (marker.read_from, above)),
        unit=np.array([print.unit for print in prints])[laboratories],
        method=methods[laboratories],
        status=np.full(len(measured), FINAL),
        number=np.zeros(len(measured), dtype=int),
    )


def at_hours(course: np.ndarray, patient: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """The course between its whole hours, straight."""
    before = np.floor(hours).astype(int)
    part = hours - before
    return (1 - part) * course[patient, before] + part * course[patient, before + 1]


def read(marker: Marker, true: np.ndarray, random: np.random.Generator) -> np.ndarray:
    error = marker.noise * random.standard_normal(len(true))
    return true + error if marker.linear else true * np.exp(error)


def limits(marker: Marker, cohort: Cohort, random: np.random.Generator) -> np.ndarray:
    """The upper limit of each patient's assay; infinite where the laboratory dilutes."""
    drawn = random.random(len(cohort))
    return np.array([
        limit(kind.read_limits.get(marker.code, marker.read_limits), share)
        for kind, share in zip(cohort.kinds, drawn, strict=True)
    ])  # fmt: skip


def limit(rows: tuple[Span, ...], drawn: float) -> float:
    for above, share in rows:
        if drawn < share:
            return above
        drawn -= share
    return np.inf


def printed(
    prints: list[Print], laboratories: np.ndarray, values: np.ndarray, bounds: tuple[float, np.ndarray]
) -> np.ndarray:
    """As each laboratory prints it; outside what the assay reads, the limit with its sign."""
    low, high = bounds
    sign = np.where(values > high, ">", np.where(values < low, "<", ""))
    shown = np.clip(values, low, high)
    texts = np.empty(len(values), dtype="<U16")
    for place, form in enumerate(prints):
        rows = np.flatnonzero(laboratories == place)
        texts[rows] = [f"{value:.{form.decimals}f}" for value in shown[rows] * form.factor + form.offset]
    return np.char.add(sign, texts)


def corrections(play: Scene, told: Results) -> list[Results]:
    """Some results were told wrong at first: changes those in `told`, and returns what puts them right later."""
    wrong, random = play.numbers["wrong"], play.random
    wanted = np.array([kind.wrong_results for kind in play.cohort.kinds])
    possible = np.isin(told.marker, wrong["markers"]) & np.char.isnumeric(np.char.replace(told.text, ".", ""))
    rows = chosen(np.flatnonzero(possible & (wanted[told.patient] > 0)), told.patient, wanted, random)
    if not len(rows):
        return []
    later = play.between(wrong["corrected_after_hours"], len(rows))
    right = replace(
        told.taken(rows), status=np.full(len(rows), CORRECTED), resulted=told.resulted[rows] + np.round(later * 60) / 60
    )
    factors = random.choice(wrong["factors"], len(rows))
    told.text[rows] = [misprint(text, factor) for text, factor in zip(told.text[rows], factors, strict=True)]
    return [right]


def chosen(rows: np.ndarray, patient: np.ndarray, wanted: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """As many rows of each patient as wanted, at random."""
    mixed = random.permutation(rows)
    ordered = mixed[np.argsort(patient[mixed], kind="stable")]
    owner = patient[ordered]
    place = np.arange(len(ordered)) - np.searchsorted(owner, owner)
    return np.sort(ordered[place < wanted[owner]])


def misprint(text: str, factor: float) -> str:
    decimals = len(text.partition(".")[2])
    return f"{float(text) * factor:.{decimals}f}"


def joined(parts: list[Results]) -> Results:
    return Results(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Results)))
