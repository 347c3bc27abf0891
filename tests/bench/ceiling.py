"""
How much of the true rises of ferritin can be found at all, beside what the rule finds: `python -m tests.bench.ceiling`.

The seed is one on which rules were built. Everybody gets the same values, already freed of what products and doubtful
draws did to them, with hindsight of corrections; each is asked at two false flags in 100 stable patient-days, between
the two nearest of the thresholds tried. A flag ends where ferritin is no longer believed to move. One ward of 500 has
about 230 true rises: two shares differ by chance by 3 points and more. Takes some minutes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from monitoring.analysis.assessment import assess
from monitoring.analysis.replay import as_issued
from monitoring.analysis.rules import Looked, trend
from monitoring.catalog import load_catalog
from monitoring.replaying import recorded
from monitoring.settings import load_settings
from monitoring.simulate import DEFAULT_START, lived, write
from monitoring.simulation.cohort import cohort
from monitoring.simulation.numbers import Numbers, load_numbers
from monitoring.terms import Catalog
from tests.bench.accuracy import NOW
from tests.bench.ideal import OWN, Courses, Observer, courses
from tests.bench.scoring import HOUR, delays, false_alarms, read_truth

SEED, PATIENTS, DAYS = 7001, 500, 10
LIBRARY, LIBRARY_SEED = 4000, 123
SHARES = (0.0, 0.05, 0.1, None, 0.3)  # of ferritin missing; None: as the simulator has it
FALSE = 2.0
RULE, RISE, STABLE = "ferritin_rising", "ferritin_rise", "stable_ferritin"
RAISED_FROM = (0.5, 0.56, 0.62, 0.68, 0.74, 0.8)
BELIEVED_FROM = (0.25, 0.35, 0.45, 0.55, 0.65)
TRIED = (RAISED_FROM, BELIEVED_FROM, BELIEVED_FROM)
Alarms = Callable[[float], pd.DataFrame]


@dataclass(frozen=True)
class Seen:
    """A ward as it is judged: all points, and the truth."""

    points: pd.DataFrame
    truth: pd.DataFrame


def report() -> None:
    catalog, numbers = load_catalog(), load_numbers()
    company = tuple(catalog.rules[RULE].parameters["company"])
    library = courses(numbers, company, count=LIBRARY, seed=LIBRARY_SEED)
    print(f"{RULE}, {PATIENTS} patients of seed {SEED}: found in 36 h, at {FALSE:g} false in 100 stable patient-days")
    print(f"  {'ferritin missing':18}{'the rule':>12}{'knows all':>14}{'from ferritin alone':>22}")
    for share in SHARES:
        ward = seen(catalog, numbers if share is None else with_missing(numbers, share))
        alarms = ours(ward, catalog), *(ideal(ward, library, names, numbers) for names in ((OWN, *company), (OWN,)))
        found = [found_at(ward, one, tried) for one, tried in zip(alarms, TRIED, strict=True)]
        told = (f"{number:.1f} %" for number in found)
        print("  {:18}{:>12}{:>14}{:>22}".format(f"{100 * missing(numbers, share):.0f} %", *told), flush=True)
    print("  knows all: also when simulated courses turn, at which levels, and what a steroid start means there")


def missing(numbers: Numbers, share: float | None) -> float:
    """Of the draws every 12 h, the share without a ferritin."""
    measured = next(panel.measured for panel in numbers.panels if OWN in panel.markers)
    return 1 - (1 - numbers["draws"]["missed"]) * measured if share is None else share


def with_missing(numbers: Numbers, share: float) -> Numbers:
    """As many ferritins missing as wanted, of the other panels as many as before."""
    there = 1 - numbers["draws"]["missed"]
    panels = tuple(
        replace(panel, measured=1 - share if OWN in panel.markers else there * panel.measured)
        for panel in numbers.panels
    )
    return replace(numbers, panels=panels, tables=dict(numbers.tables, draws=dict(numbers["draws"], missed=0.0)))


def seen(catalog: Catalog, numbers: Numbers, *, patients: int = PATIENTS, seed: int = SEED) -> Seen:
    with tempfile.TemporaryDirectory() as place:
        drawn = Path(place) / "drawn"
        write(lived(numbers, cohort(numbers, patients=patients, days=DAYS, seed=seed), seed), drawn, DEFAULT_START)
        settings = load_settings(config=None, data_dir=Path(place), database_url=None)
        course = as_issued(recorded(drawn, catalog, settings, now=NOW)[0])
        truth = read_truth(drawn)
    now = course.observations["received_at"].max() + timedelta(hours=1)
    return Seen(assess(course, catalog, as_of=now).near.points, truth)


def ours(ward: Seen, catalog: Catalog) -> Alarms:
    """The rule's own flags, raised from any probability."""
    looked, rule = Looked.of(ward.points), catalog.rules[RULE]
    mine = looked.ward.places(OWN)

    def alarms(limit: float) -> pd.DataFrame:
        told = trend(looked, replace(rule, parameters={**rule.parameters, "p_raise": limit}), mine)
        times = {name: pd.to_datetime(told[name], utc=True) for name in ("raised_at", "cleared_at")}
        return pd.DataFrame({"patient_id": ward.points["patient_id"].to_numpy()[mine[told["at"]]], **times})

    return alarms


def ideal(ward: Seen, library: Courses, names: Sequence[str], numbers: Numbers) -> Alarms:
    """`names`: the markers that it looks at. Raised where a rise is so much likelier than a stable course."""
    rule = load_catalog().rules[RULE].parameters
    told = beliefs(ward, library, names, numbers)
    high = told["value"] >= rule["floor"]
    likely = told["rising"] / (told["rising"] + told["stable"]).clip(lower=1e-9)

    def alarms(limit: float) -> pd.DataFrame:
        signal = np.where(high & (likely >= limit), 1, np.where(told["moving"] < rule["p_clear"], -1, 0))
        return standing(told, signal)

    return alarms


def beliefs(ward: Seen, library: Courses, names: Sequence[str], numbers: Numbers) -> pd.DataFrame:
    """One row a ferritin, when it was issued: patient_id, at (hour of the ward), value, rising, stable, moving."""
    points = ward.points
    bound = points["above"] & points["usable"] & points["analyte"].eq(OWN)
    told = points[(points["counts"] | bound) & points["analyte"].isin(names)]
    hours = {name: (told[name] - DEFAULT_START) / HOUR for name in ("collected_at", "received_at")}
    told = told.assign(**hours).sort_values(["patient_id", "received_at"], kind="stable")
    begun = ward.truth[ward.truth["event"].eq("steroid_start")].set_index("patient_id")["began_at"]
    starts = (begun - DEFAULT_START) / HOUR
    low, high = (int(share * 24 * DAYS) for share in numbers["turn"]["share"])
    turns = np.random.default_rng(LIBRARY_SEED).integers(low, high, len(library), endpoint=True)
    rows = [
        (patient, *row)
        for patient, values in told.groupby("patient_id", sort=False, observed=True)
        for row in one_by_one(values, library, turns, starts.get(patient))
    ]
    return pd.DataFrame(rows, columns=["patient_id", "at", "value", "rising", "stable", "moving"])


def one_by_one(
    values: pd.DataFrame, library: Courses, turns: np.ndarray, start: float | None
) -> Iterator[tuple[float, ...]]:
    """Before a steroid start none is possible whose start would be known; from then on those treated there."""
    observers = [Observer(library, turns)]
    if start is not None:
        observers.append(Observer(library, np.full(len(library), round(start))))
    for one in values.itertuples():
        for observer in observers:
            observer.sees(str(one.analyte), one.collected_at, one.line_log, one.line_sigma, above=bool(one.above))
        if one.analyte == OWN:
            at, known = float(one.received_at), start is not None and one.received_at >= start
            possible = library.treated if known else ~library.treated | (turns > at)
            yield at, float(one.value), *observers[-1 if known else 0].believes(at, possible)


def standing(told: pd.DataFrame, signal: np.ndarray) -> pd.DataFrame:
    """Alarms from signals in the order of time: on at 1, off at -1, else as it was."""
    rows: list[list[object]] = []
    on, last = False, None
    for patient, at, sign in zip(told["patient_id"], told["at"], signal, strict=True):
        on, last = on and patient == last, patient
        if sign > 0 and not on:
            rows.append([patient, at, np.nan])
        elif sign < 0 and on:
            rows[-1][2] = at
        on = sign > 0 or (on and sign == 0)
    table = pd.DataFrame(rows, columns=["patient_id", "raised", "cleared"]).astype({"raised": float, "cleared": float})
    start = pd.Timestamp(DEFAULT_START)
    raised, cleared = (start + pd.to_timedelta(table[name], unit="h") for name in ("raised", "cleared"))
    return pd.DataFrame({"patient_id": table["patient_id"], "raised_at": raised, "cleared_at": cleared})


def found_at(ward: Seen, alarms: Alarms, tried: Sequence[float]) -> float:
    """Percent of the true rises found within 36 h where there are FALSE flags in 100 stable patient-days."""
    false, found = [], []
    events = int(ward.truth["event"].eq(RISE).sum())
    for limit in tried:
        told = alarms(limit)
        count, days = false_alarms(ward.truth, STABLE, told)
        false.append(100 * count / days)
        found.append(100 * len(delays(ward.truth, RISE, told)) / events)
    return between(false, found)


def between(false: Sequence[float], found: Sequence[float]) -> float:
    """What is found at FALSE, straight between the two nearest; NaN where FALSE lies outside of what was tried."""
    order = np.argsort(false)
    return float(np.interp(FALSE, np.array(false)[order], np.array(found)[order], left=np.nan, right=np.nan))


if __name__ == "__main__":
    report()
