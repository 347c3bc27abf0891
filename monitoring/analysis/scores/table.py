"""All scores of all patients, a row each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitoring.analysis.scores.candidates import within_reach
from monitoring.analysis.scores.items import Answer, Known, answered
from monitoring.analysis.scores.readings import readings
from monitoring.analysis.scores.scope import scopes
from monitoring.analysis.scores.totals import Total, chances, total
from monitoring.score_terms import Item, Score

if TYPE_CHECKING:
    from monitoring.analysis.assessment import Assessment
    from monitoring.analysis.course import Course

COLUMNS = ["patient_id", "score", "label", "low", "high", "positive", "points", "missing", "reasons", "ages", "scope",
           "source", "unit", "cutoff", "probability"]  # fmt: skip
DAY, YEAR = pd.Timedelta(days=1), pd.Timedelta(days=365.25)


def scores(assessment: Assessment) -> pd.DataFrame:
    """
    One row a patient and score, in the order of the patients and of scores.toml:

    patient_id, score, label, low, high (NaN: open on that side), positive (True, False; None: cannot be told), points
    (item -> points or None), missing (components that leave it open), reasons (component -> why), ages (component ->
    hours since it was drawn or seen), scope, source (reference keys), unit, cutoff, probability (None, or the published
    bins of low and high with the note when they hold).
    """
    people = _people(assessment)
    catalog = assessment.catalog
    sure, doubted = _parted(assessment)
    found = readings(sure, people, catalog, as_of=assessment.as_of, doubted=doubted)
    known = Known(found, people, catalog)
    told = [_of_score(score, known) for score in catalog.scores.scores.values()]
    rows = [one for of_patient in zip(*told, strict=True) for one in of_patient]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"low": float, "high": float, "positive": object})


def _parted(assessment: Assessment) -> tuple[Course, pd.DataFrame]:
    """
    What is known without the values that may not be what they seem, since no score rests on them; and those values,
    with suspect_why.
    """
    points, names = assessment.points, ["patient_id", "ref"]
    doubted = points.loc[points["suspect"], [*names, "suspect_why"]]
    told = within_reach(assessment.course.observations, assessment.catalog, as_of=assessment.as_of)
    course = replace(assessment.course, observations=told)
    if doubted.empty:
        return course, told.iloc[:0].assign(suspect_why="")
    gone = told["ref"].isin(doubted["ref"]).to_numpy(dtype=bool, copy=True)  # numbers are compared much faster
    gone[gone] = pd.MultiIndex.from_frame(told.loc[gone, names]).isin(pd.MultiIndex.from_frame(doubted[names]))
    return replace(course, observations=told[~gone]), told[gone].merge(doubted.drop_duplicates(names), on=names)


def _people(assessment: Assessment) -> pd.DataFrame:
    """By patient_id: sex, context, weight_kg, days and years since birth."""
    told = assessment.course.patients.drop_duplicates("patient_id").set_index("patient_id")[
        ["sex", "context", "birth_date"]
    ]
    since = assessment.as_of - pd.to_datetime(told["birth_date"], errors="coerce", format="%Y-%m-%d", utc=True)
    return told.assign(
        days=since / DAY, years=since / YEAR, weight_kg=assessment.bodies["weight_kg"].reindex(told.index)
    )


def _of_score(score: Score, known: Known) -> list[tuple[Any, ...]]:
    items = (*score.required, *score.items)
    answers = [answered(item, known) for item in items]
    needed, added = answers[: len(score.required)], answers[len(score.required) :]
    sums = total(score, needed, added)
    patients = known.people.index
    missing, reasons = _missing(answers, len(patients))
    columns = {
        "patient_id": list(patients),
        "score": [score.code] * len(patients),
        "label": [score.label] * len(patients),
        "low": _numbers(sums.low, score),
        "high": _numbers(sums.high, score),
        "positive": sums.positive,
        "points": _points(items, answers, score, len(patients)),
        "missing": missing,
        "reasons": reasons,
        "ages": _ages(items, known),
        "scope": scopes(score, known.people, known.catalog),
        "source": [list(score.sources()) for _ in patients],
        "unit": [score.unit] * len(patients),
        "cutoff": [score.cutoff.value] * len(patients),
        "probability": _probabilities(score, sums),
    }
    return list(zip(*(columns[name] for name in COLUMNS), strict=True))


def _numbers(values: np.ndarray, score: Score) -> list[float | int | None]:
    """Whole points as whole numbers; None where there is no end."""
    kind = float if score.decimals else int
    told = np.round(values, score.decimals)
    return [kind(value) if finite else None for value, finite in zip(told, np.isfinite(told), strict=True)]


def _points(items: tuple[Item, ...], answers: list[Answer], score: Score, patients: int) -> list[dict[str, Any]]:
    sure = [_numbers(np.where(one.low == one.high, one.low, np.nan), score) for one in answers]
    return [{item.code: column[at] for item, column in zip(items, sure, strict=True)} for at in range(patients)]


def _missing(answers: list[Answer], patients: int) -> tuple[list[list[str]], list[dict[str, str]]]:
    reasons: list[dict[str, str]] = [{} for _ in range(patients)]
    for answer in answers:
        for component, (where, why) in answer.unsure.items():
            for at in np.flatnonzero(where & (answer.low != answer.high)):
                reasons[at].setdefault(component, str(why[at]))
    return [list(told) for told in reasons], reasons


def _ages(items: tuple[Item, ...], known: Known) -> list[dict[str, float]]:
    components = dict.fromkeys(part.component for item in items for part in item.parts())
    told = {code: np.round(known.readings[code].age, 1) for code in components}
    return [
        {code: float(age[at]) for code, age in told.items() if age[at] == age[at]} for at in range(len(known.people))
    ]


def _probabilities(score: Score, sums: Total) -> list[dict[str, str] | None]:
    if score.chances is None:
        return [None] * len(sums.low)
    low, high = chances(score.chances, sums.low), chances(score.chances, sums.high)
    return [{"low": one, "high": other, "note": score.chances.note} for one, other in zip(low, high, strict=True)]
