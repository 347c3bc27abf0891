"""The lines of a score's table: from what is known of the components to the fewest and the most points possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.analysis.scores.readings import Reading
from monitoring.score_terms import Bands, Count, Item, Kind, Newborn, Ratio, Step, Weight, When
from monitoring.terms import Catalog

DIGITS = 9  # what is left of a value turned into another unit and back: 265 mg/dL is 265 again
MEETS = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
BIRTH_DATE = "birth_date"


@dataclass(frozen=True)
class Known:
    """What an item may look at. `people`: by patient_id, with days since birth and weight_kg."""

    readings: Mapping[str, Reading]
    people: pd.DataFrame
    catalog: Catalog


@dataclass(frozen=True)
class Answer:
    """Fewest and most points, an entry a patient; `unsure`: component -> (where it leaves the points open, why)."""

    low: np.ndarray
    high: np.ndarray
    unsure: dict[str, tuple[np.ndarray, np.ndarray]]


def meets(values: np.ndarray, when: When, limit: float) -> np.ndarray:
    return MEETS[when](np.round(values, DIGITS), limit)


def answered(item: Item, known: Known) -> Answer:
    return by_kind(item.kind, known)


def by_kind(kind: Kind, known: Known) -> Answer:
    if isinstance(kind, Count):
        return counted(kind, known)
    if isinstance(kind, Bands):
        return banded(kind, known)
    return weighed(kind, known) if isinstance(kind, Weight) else divided(kind, known)


def points(values: np.ndarray, steps: tuple[Step, ...]) -> np.ndarray:
    """Of the last step that holds; none gives 0."""
    told = np.zeros(len(values))
    for step in steps:
        told = np.where(meets(values, step.when, step.value), step.points, told)
    return told


def banded(bands: Bands, known: Known) -> Answer:
    reading = known.readings[bands.component]
    (usual, steps), *others = bands.steps.items()
    low, high = between(reading, bands, usual, steps, known)
    for unit, printed in others:
        as_reported = reading.factor == conversion(bands.component, unit, known.catalog)[0]
        other_low, other_high = between(reading, bands, unit, printed, known)
        low, high = np.where(as_reported, other_low, low), np.where(as_reported, other_high, high)
    why = reading.why
    if bands.limit:
        lost = (why == "") & np.isnan(reading.ends[f"{end_of(bands)}_low"])
        why = np.where(lost, known.catalog.scores.words["limit"], why)
    open_ = {bands.component: (low != high, why)}
    return (
        newborns(bands, bands.newborn, Answer(low, high, open_), known) if bands.newborn else Answer(low, high, open_)
    )


def between(
    reading: Reading, bands: Bands, unit: str, steps: tuple[Step, ...], known: Known
) -> tuple[np.ndarray, np.ndarray]:
    ends = [points(end, steps) for end in compared(reading, bands, unit, known.catalog)]
    return np.minimum(*ends), np.maximum(*ends)


def compared(reading: Reading, bands: Bands, unit: str, catalog: Catalog) -> tuple[np.ndarray, np.ndarray]:
    """Low and high as the cut-offs are printed: in their unit, or against the reference limit."""
    if not bands.limit:
        return in_unit(reading.low, bands.component, unit, catalog), in_unit(
            reading.high, bands.component, unit, catalog
        )
    least, most = (reading.ends[f"{end_of(bands)}_{end}"] for end in ("low", "high"))
    if bands.limit == "above_upper":
        low, high = reading.low - most, reading.high - least
    else:
        low, high = reading.low / most, reading.high / least
    return np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)


def end_of(bands: Bands) -> str:
    """ "times_upper" -> "upper"."""
    return bands.limit.removeprefix("times_").removeprefix("above_")


def in_unit(values: np.ndarray, component: str, unit: str, catalog: Catalog) -> np.ndarray:
    """Values of our unit in another one of the analyte, by the catalog's own table."""
    factor, offset = conversion(component, unit, catalog)
    return (values - offset) / factor


def conversion(component: str, unit: str, catalog: Catalog) -> tuple[float, float]:
    """(factor, offset) of a printed unit; none printed is our own."""
    analytes = catalog.scores.components[component].analytes
    return catalog.analytes[analytes[0]].units[unit] if unit and analytes else (1.0, 0.0)


def newborns(bands: Bands, newborn: Newborn, answer: Answer, known: Known) -> Answer:
    """Where the patient is a newborn the newborn's steps count, where that is not known either may."""
    reading = known.readings[bands.component]
    days = known.people["days"].to_numpy(dtype=float) - np.nan_to_num(reading.age) / 24
    heavy = (known.people["weight_kg"] >= newborn.not_from_kg).to_numpy(dtype=bool)
    young, unknown = days < newborn.under_days, np.isnan(days) & ~heavy
    usual = next(iter(bands.steps))
    low, high = between(reading, bands, usual, newborn.steps, known)
    least = np.select([young, unknown], [low, np.minimum(low, answer.low)], answer.low)
    most = np.select([young, unknown], [high, np.maximum(high, answer.high)], answer.high)
    why = np.full(len(days), known.catalog.scores.words["age"], dtype=object)
    by_value = answer.unsure[bands.component][1]
    doubtful = unknown & (least != most) & (reading.low == reading.high)
    return Answer(least, most, {bands.component: ((least != most) & ~doubtful, by_value), BIRTH_DATE: (doubtful, why)})


def counted(count: Count, known: Known) -> Answer:
    told = [banded(part, known) for part in count.parts]
    low = points(np.sum([one.low for one in told], axis=0), count.steps)
    high = points(np.sum([one.high for one in told], axis=0), count.steps)
    unsure: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for one in told:
        for component, (where, why) in one.unsure.items():
            before = unsure.get(component, (np.zeros_like(where), why))
            unsure[component] = (before[0] | where & (low != high), np.where(before[0], before[1], why))
    return Answer(low, high, unsure)


def weighed(weight: Weight, known: Known) -> Answer:
    reading = known.readings[weight.component]
    ends = [
        weight.factor * in_unit(end, weight.component, weight.unit, known.catalog)
        for end in (reading.low, reading.high)
    ]
    return Answer(np.minimum(*ends), np.maximum(*ends), {weight.component: (reading.low != reading.high, reading.why)})


def divided(ratio: Ratio, known: Known) -> Answer:
    """A printed 0 stands for less than half of its last digit, so the ratio is large and not without meaning."""
    over, under = known.readings[ratio.over.component], known.readings[ratio.under.component]
    code = known.catalog.scores.components[ratio.under.component].analytes[0]
    smallest = 0.5 * 10.0 ** -known.catalog.analytes[code].decimals
    (f_low, f_high), (e_low, e_high) = (
        [in_unit(end, part.component, part.unit, known.catalog) for end in (reading.low, reading.high)]
        for part, reading in ((ratio.over, over), (ratio.under, under))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = f_low / np.maximum(e_high, smallest), f_high / e_low
    lost = np.isnan(over.age) | np.isnan(under.age) | over.moved | under.moved
    high = np.where(under.low <= 0, np.inf, high)
    unsure = {
        part.component: ((reading.low != reading.high) | np.isnan(reading.age), reading.why)
        for part, reading in ((ratio.over, over), (ratio.under, under))
    }
    return Answer(np.where(lost, -np.inf, low), np.where(lost, np.inf, high), unsure)
