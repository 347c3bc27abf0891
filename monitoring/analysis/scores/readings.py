"""Each component of every patient as an interval: what the patient's own value can be, given what is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from monitoring.analysis.course import Course
from monitoring.analysis.scores.candidates import candidates, in_doubt, standing_in
from monitoring.analysis.scores.limits import ENDS, limits
from monitoring.score_terms import Component
from monitoring.terms import Catalog
from monitoring.units import normal_unit

HAIR = 1e-6  # ">500" is above 500 by a hair, so that it meets "> 500"; far below the last digit of any assay
NUMBERS = ["low", "high", "age", "factor", *ENDS]
MOVED = ["moved_up", "moved_down", "moved_any"]
OF_READING = {"place": int, "why": object} | dict.fromkeys(NUMBERS, float) | dict.fromkeys(MOVED, bool)


@dataclass(frozen=True)
class Reading:
    """
    One component, an entry a patient. `low` and `high` in the analyte's unit: equal when known, the widest possible
    when not. `age` in hours (NaN: no value), `factor` of the unit it was reported in, `why` says what is not known
    ("": all is), `ends` the limits named in limits.ENDS, `moved` whether a product moved it.
    """

    low: np.ndarray
    high: np.ndarray
    age: np.ndarray
    factor: np.ndarray
    why: np.ndarray
    moved: np.ndarray
    ends: dict[str, np.ndarray]


def readings(
    course: Course, people: pd.DataFrame, catalog: Catalog, *, as_of: datetime, doubted: pd.DataFrame
) -> dict[str, Reading]:
    """
    Component -> Reading; the entries stand in the order of `people` (index patient_id; sex, years). `doubted`: the
    observations that may not be what they seem and are not in `course`, with suspect_why.
    """
    told = candidates(course, catalog, as_of=as_of)
    told = told[told["patient_id"].isin(people.index)].reset_index(drop=True)
    told = _placed(_bounded(told, catalog).join(limits(told, people, catalog)), people.index)
    unused, instead = (
        _rows(_placed(rows, people.index), {"place": int, "reason": object})
        for rows in (in_doubt(doubted, catalog, as_of=as_of), standing_in(course, catalog, as_of=as_of))
    )
    parts = _rows(told, OF_READING), unused, instead
    return {code: _reading(part, *parts, len(people), catalog) for code, part in catalog.scores.components.items()}


def _placed(rows: pd.DataFrame, patients: pd.Index) -> pd.DataFrame:
    """With the place of each row's patient: numbers are looked up much quicker than names, once a component."""
    places = pd.Series(range(len(patients)), index=patients)
    return rows.assign(place=rows["patient_id"].map(places)).dropna(subset="place")


def _bounded(rows: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """`rows` with factor, low, high and why: a censored value is open on one side, a moved one on that it came from."""
    value, sign = rows["value"].to_numpy(dtype=float), rows["comparator"]
    hair = HAIR * np.maximum(np.abs(value), 1.0)
    above, below = sign.isin([">", ">="]).to_numpy(), sign.isin(["<", "<="]).to_numpy()
    low = np.where(below, -np.inf, np.where(sign.eq(">"), value + hair, value))
    high = np.where(above, np.inf, np.where(sign.eq("<"), value - hair, value))
    up, down, free = (rows[f"moved_{way}"].to_numpy(dtype=bool) for way in ("up", "down", "any"))
    words = catalog.scores.words
    why = np.where(above, words["above"], np.where(below, words["below"], "")).astype(object)
    by = [words["moved"].format(product=product) if product else "" for product in rows["moved_by"]]
    return rows.assign(
        factor=_factors(rows, catalog),
        low=np.where(up | free, -np.inf, low),
        high=np.where(down | free, np.inf, high),
        why=np.where(up | down | free, np.array(by, dtype=object), why),
    )


def _factors(rows: pd.DataFrame, catalog: Catalog) -> list[float]:
    """The factor of the unit each value was reported in: units that differ in spelling alone have the same."""
    pairs = list(zip(rows["analyte"], rows["unit_text"], strict=True))
    return list(map({pair: _factor(*pair, catalog) for pair in set(pairs)}.__getitem__, pairs))


def _factor(analyte: str, unit: str, catalog: Catalog) -> float:
    units = catalog.analytes[analyte].units if analyte else {}
    known = {spelling.casefold(): factor for spelling, (factor, _) in units.items()}
    return known.get(normal_unit(unit).casefold(), np.nan)


@dataclass(frozen=True)
class _Rows:
    """What is told of all components, in arrays: a frame a component costs many times what is done with it."""

    columns: dict[str, np.ndarray]
    of_component: dict[str, np.ndarray]  # positions in the columns, of one row a patient

    def spread(self, name: str, component: str, blank: object, patients: int) -> np.ndarray:
        """One column of one component, an entry a patient; `blank` for those of whom nothing is told."""
        column, own = self.columns[name], self.of_component.get(component, np.empty(0, dtype=int))
        whole = np.full(patients, blank, dtype=column.dtype)
        whole[self.columns["place"][own]] = column[own]
        return whole


def _rows(told: pd.DataFrame, kinds: dict[str, type]) -> _Rows:
    columns = {name: told[name].to_numpy(dtype=kind) for name, kind in kinds.items()}
    return _Rows(columns, {str(code): np.asarray(at) for code, at in told.groupby("component").indices.items()})


def _reading(part: Component, told: _Rows, doubted: _Rows, instead: _Rows, patients: int, catalog: Catalog) -> Reading:
    low, high, age, factor, *ends = (told.spread(name, part.code, np.nan, patients) for name in NUMBERS)
    least, most = _possible(part, catalog)
    why = told.spread("why", part.code, None, patients)
    known = ~np.isnan(age)
    why[~known] = _unknown(part, catalog)
    for other in (instead, doubted):
        reasons = other.spread("reason", part.code, None, patients)
        why = np.where(known | pd.isna(reasons), why, reasons)
    return Reading(
        low=np.where(np.isfinite(low), low, least),
        high=np.where(np.isfinite(high), high, np.maximum(most, np.nan_to_num(low, neginf=least, nan=least))),
        age=age,
        factor=factor,
        why=why,
        moved=np.logical_or.reduce([told.spread(name, part.code, False, patients) for name in MOVED]),
        ends=dict(zip(ENDS, ends, strict=True)),
    )


def _possible(part: Component, catalog: Catalog) -> tuple[float, float]:
    """The widest a value can be: what the analytes' entries hold plausible, there or not there for a finding."""
    if part.finding:
        return 0.0, 1.0
    spans = [catalog.analytes[code].plausible for code in part.analytes]
    return min((low for low, _ in spans), default=-np.inf), max((high for _, high in spans), default=np.inf)


def _unknown(part: Component, catalog: Catalog) -> str:
    words = catalog.scores.words
    if not (part.analytes or part.finding):
        return words["nowhere"]
    return words["never"].format(hours=f"{part.hours:g}")
