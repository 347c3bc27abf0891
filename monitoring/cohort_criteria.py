"""
Whether patients fulfil what a cohort asks: each criterion for all patients of a batch at once.

What is not known fulfils nothing: a score counts from the bound that holds whatever is still missing, a response only
where it was judged, a patient without a date of birth has no age.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.cohort_file import EVERY_HOURS, Cohort
from monitoring.state import WardState

JUDGED = frozenset({"line", "flag", "response", "score", "first_steroid"})


@dataclass(frozen=True)
class Seen:
    """
    Some patients as known at one moment: `patients` with age and first result (monitoring.exports.tables.people),
    `values` with patient_id, analyte and collected_at, `doses`; `ward` only where something judged is asked for.
    """

    patients: pd.DataFrame
    values: pd.DataFrame
    doses: pd.DataFrame
    ward: WardState | None = None


@dataclass(frozen=True)
class Criterion:
    """`words` tell no day, so that they can stand in a pseudonymous export; `holds`: one truth a patient."""

    key: str
    words: str
    holds: Callable[[Seen], pd.Series]


def criteria(cohort: Cohort) -> list[Criterion]:
    """In a fixed order, those that the cohort asks for; scores and analytes are a criterion each."""
    return [one for key, asked in cohort.where.items() for one in _MADE[key](key, asked)]


def judges(cohort: Cohort) -> bool:
    """Whether any criterion rests on a judgement."""
    return bool(JUDGED & set(cohort.where))


def _column(name: str) -> Callable[[str, Any], list[Criterion]]:
    def made(key: str, asked: tuple[str, ...]) -> list[Criterion]:
        words = f"{name.replace('_', ' ')} {_or(asked)}"
        return [Criterion(key, words, lambda seen: seen.patients[name].isin(asked))]

    return made


def _age(key: str, asked: tuple[float, float]) -> list[Criterion]:
    least, most = asked
    words = f"aged {least:g} to {most:g}" if most < 200 else f"aged {least:g} or over"
    return [Criterion(key, words, lambda seen: seen.patients["age_years"].between(least, most))]


def _drug(key: str, asked: tuple[str, ...]) -> list[Criterion]:
    def holds(seen: Seen) -> pd.Series:
        return _among(seen, seen.doses.loc[seen.doses["given"].isin(asked), "patient_id"])

    return [Criterion(key, f"given {_or(asked)}", holds)]


def _line(key: str, asked: tuple[str, ...]) -> list[Criterion]:
    def holds(seen: Seen) -> pd.Series:
        bars = _ward(seen).assessment.spans
        bars = bars[bars["line"].ne("none")]  # products, and steroids before the first high-dose course
        on = _among(seen, bars.loc[bars["line"].isin(asked), "patient_id"])
        return on | ~_among(seen, bars["patient_id"]) if "none" in asked else on

    return [Criterion(key, f"at some time on line {_or(asked)}", holds)]


def _flag(key: str, asked: tuple[str, ...]) -> list[Criterion]:
    def holds(seen: Seen) -> pd.Series:
        told = _ward(seen).flags
        return _among(seen, told.loc[told["flag"].isin(asked) & told["state"].ne("retracted"), "patient_id"])

    return [Criterion(key, f"flag {_or(asked)} raised", holds)]


def _response(key: str, asked: tuple[int, tuple[str, ...]]) -> list[Criterion]:
    hours, verdicts = asked

    def holds(seen: Seen) -> pd.Series:
        told = _ward(seen).assessment.verdicts
        first = told["course_no"].eq(1) & told["hours"].eq(hours) & told["verdict"].isin(verdicts)
        return _among(seen, told.loc[first, "patient_id"])

    words = f"response to the first steroid course at {hours} h {_or(verdicts)}"
    return [Criterion(key, words.replace("_", " "), holds)]


def _score(key: str, asked: Mapping[str, tuple[str, float]]) -> list[Criterion]:
    return [_of_score(key, name, sign, limit) for name, (sign, limit) in asked.items()]


def _of_score(key: str, name: str, sign: str, limit: float) -> Criterion:
    bound, test = ("low" if sign[0] == ">" else "high"), _TESTS[sign]

    def holds(seen: Seen) -> pd.Series:
        told = _ward(seen).assessment.scores
        reached = told["score"].eq(name) & test(told[bound], limit)
        return _among(seen, told.loc[reached, "patient_id"])

    return Criterion(key, f"{name} {sign} {limit:g}, whatever is missing", holds)


_TESTS: Mapping[str, Callable[[Any, float], Any]] = {
    ">=": lambda left, right: left >= right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    "<": lambda left, right: left < right,
}


def _span(key: str, asked: tuple[datetime | None, datetime | None]) -> list[Criterion]:
    column = f"{key}_at"

    def holds(seen: Seen) -> pd.Series:
        start, end = asked
        at = seen.patients[column]
        after = at >= pd.Timestamp(start) if start else at.notna()
        return after & (at < pd.Timestamp(end)) if end else after

    return [Criterion(key, f"{key.replace('_', ' ')} within the days asked for", holds)]


def _completeness(key: str, asked: Mapping[str, float]) -> list[Criterion]:
    hours = asked[EVERY_HOURS]
    return [_of_share(key, name, share, hours) for name, share in asked.items() if name != EVERY_HOURS]


def _of_share(key: str, analyte: str, least: float, hours: float) -> Criterion:
    words = f"{analyte} in at least {least:.0%} of its {hours:g}-hour steps"
    return Criterion(key, words, lambda seen: shares(seen, analyte, hours) >= least)


def shares(seen: Seen, analyte: str, hours: float) -> pd.Series:
    """
    For each patient the share of the steps of `hours`, from the first result of any analyte to the last, in which this
    one was drawn; NaN without results.
    """
    values = seen.values
    drawn = values.groupby("patient_id")["collected_at"].agg(["min", "max"])
    steps = _steps(drawn["max"] - drawn["min"], hours) + 1
    own = values[values["analyte"].eq(analyte)]
    place = _steps(own["collected_at"] - own["patient_id"].map(drawn["min"]), hours)
    hit = pd.DataFrame({"patient_id": own["patient_id"], "place": place}).drop_duplicates()
    count = hit.groupby("patient_id").size().reindex(drawn.index).fillna(0)
    told = (count / steps).reindex(seen.patients["patient_id"])
    return pd.Series(told.to_numpy(dtype=float), index=seen.patients.index)


def _steps(spans: pd.Series, hours: float) -> pd.Series:
    return spans.dt.total_seconds() // (3600.0 * hours)


def _among(seen: Seen, patients: pd.Series) -> pd.Series:
    return seen.patients["patient_id"].isin(patients)


def _ward(seen: Seen) -> WardState:
    assert seen.ward is not None, "a criterion that rests on a judgement was asked of facts alone"
    return seen.ward


def _or(texts: tuple[str, ...]) -> str:
    return " or ".join(texts)


_MADE: Mapping[str, Callable[[str, Any], list[Criterion]]] = {
    "context": _column("context"), "sex": _column("sex"), "age_group": _column("age_group"), "drug": _drug,
    "line": _line, "flag": _flag, "age": _age, "admitted": _span, "first_result": _span, "first_steroid": _span,
    "response": _response, "score": _score, "completeness": _completeness,
}  # fmt: skip


def truths(seen: Seen, cohort: Cohort) -> np.ndarray:
    """Patients by criteria: which holds for whom."""
    held = [one.holds(seen).fillna(False).to_numpy(dtype=bool) for one in criteria(cohort)]
    return np.column_stack(held) if held else np.ones((len(seen.patients), 0), dtype=bool)
