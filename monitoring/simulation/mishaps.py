"""
What goes wrong with results: an assay that reads far too low, another assay, a thinned or a foreign tube.

Each has its own dice, so that the results of everybody else stay as they were. The truth is told beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from monitoring.simulation.cohort import Cohort, Scene, scene
from monitoring.simulation.drawing import CORRECTED, Results, in_order, joined
from monitoring.simulation.numbers import Numbers
from monitoring.simulation.truth import Event

HOOK, METHOD_CHANGE, DILUTION = "hook", "method_change", "dilution"
FOREIGN = "wrong_sample"


@dataclass(frozen=True)
class Told:
    """Results as they were told, and what is true of them."""

    results: Results
    events: list[Event]


def mishaps(numbers: Numbers, cohort: Cohort, results: Results, seed: int) -> Told:
    told = Told(results, [])
    for name, happen in HAPPENING.items():
        patients = [place for place, kind in enumerate(cohort.kinds) if kind.mishap == name]
        play = scene(numbers, cohort, seed, name)
        for patient in patients:
            told = happen(play, told, patient)
    return Told(in_order(told.results), told.events)


def hook(play: Scene, told: Told, patient: int) -> Told:
    """
    Too much antigen: for a while high values come out far too low, without a mark, until somebody dilutes.

    The diluted numbers then replace all of them under their own ids.
    """
    table, results = play.numbers["mishaps"][HOOK], told.results
    begin = play.cohort.turns[patient] + float(play.between(table["after_hours"], 1)[0])
    end = begin + float(play.between(table["lasts_hours"], 1)[0])
    rows = within(results, patient, table["markers"], begin, end)
    rows = rows[results.measured[rows] > table["above"]]
    factor = float(play.between(table["factor"], 1)[0])
    known = end + float(play.between(table["diluted_after_hours"], 1)[0])
    if not len(rows):
        return told
    diluted = replace(
        results.taken(rows),
        text=printed(play, results, rows, results.measured[rows]),
        resulted=np.maximum(np.round(known * 60) / 60, results.resulted[rows] + 1),
        status=np.full(len(rows), CORRECTED),
    )
    wrong = retold(results, rows, printed(play, results, rows, results.measured[rows] * factor))
    event = Event(patient, HOOK, float(results.collected[rows].min()), float(diluted.resulted.max()), f"{factor:.3f}")
    return Told(joined([wrong, diluted]), [*told.events, event])


def method_change(play: Scene, told: Told, patient: int) -> Told:
    """From one draw on another assay, which reads higher or lower by a constant factor and says its name."""
    table, results = play.numbers["mishaps"][METHOD_CHANGE], told.results
    stay = (play.cohort.admitted[patient], play.cohort.hours)
    begin = np.interp(float(play.between(table["share_of_stay"], 1)[0]), (0, 1), stay)
    factor = float(play.random.choice(table["factors"]))
    rows = within(results, patient, table["markers"], begin, np.inf)
    if not len(rows):
        return told
    bounded = np.isin(results.text[rows].astype("<U1"), ("<", ">"))
    texts = printed(play, results, rows, results.measured[rows] * factor)
    changed = retold(results, rows, np.where(bounded, results.text[rows], texts))
    methods = changed.method.astype(object)
    methods[rows] = table["method"]
    event = Event(patient, METHOD_CHANGE, float(results.collected[rows].min()), float(stay[1]), f"{factor:g}")
    return Told(replace(changed, method=methods.astype(str)), [*told.events, event])


def dilution(play: Scene, told: Told, patient: int) -> Told:
    """One draw whose values are all too low, taken above a running drip, or all somebody else's."""
    table, results = play.numbers["mishaps"][DILUTION], told.results
    drawn = np.unique(results.collected[within(results, patient, table["markers"], 0, np.inf)])
    foreign = play.random.random() < table["foreign_share"]
    thin = float(play.between(table["factor"], 1)[0])
    if len(drawn) < table["after_draws"] + 1:
        return told
    at = float(play.random.choice(drawn[table["after_draws"] :]))
    rows = within(results, patient, table["markers"], at, at)
    factors = np.exp(table["foreign_spread"] * play.random.standard_normal(len(rows))) if foreign else thin
    wrong = retold(results, rows, printed(play, results, rows, results.measured[rows] * factors))
    event = Event(patient, DILUTION, at, at, FOREIGN if foreign else f"{thin:.2f}")
    return Told(wrong, [*told.events, event])


HAPPENING: Mapping[str, Callable[[Scene, Told, int], Told]] = {
    HOOK: hook,
    METHOD_CHANGE: method_change,
    DILUTION: dilution,
}


def within(results: Results, patient: int, markers: list[str], begin: float, end: float) -> np.ndarray:
    """Places of the patient's results of these markers drawn between the two hours, both included."""
    mine = (results.patient == patient) & np.isin(results.marker, markers)
    return np.flatnonzero(mine & (results.collected >= begin) & (results.collected <= end))


def retold(results: Results, rows: np.ndarray, texts: np.ndarray) -> Results:
    whole = results.text.copy()
    whole[rows] = texts
    return replace(results, text=whole)


def printed(play: Scene, results: Results, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """As the patient's laboratory prints them; no limit of the assay is minded."""
    return np.array(list(texts(play, results, rows, values)), dtype=results.text.dtype)


def texts(play: Scene, results: Results, rows: np.ndarray, values: np.ndarray) -> Iterator[str]:
    laboratories: Any = play.numbers.laboratories
    for row, value in zip(rows, values, strict=True):
        form = laboratories[play.cohort.laboratories[results.patient[row]]].prints[str(results.marker[row])]
        yield f"{value * form.factor + form.offset:.{form.decimals}f}"
