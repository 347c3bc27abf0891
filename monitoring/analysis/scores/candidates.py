"""What each score may look at: the one value or finding of every component that counts at a moment."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from monitoring.analysis.course import Course
from monitoring.analysis.scores.moved import NOTHING, moved
from monitoring.analysis.seen import present
from monitoring.terms import Catalog

COLUMNS = ["patient_id", "component", "analyte", "collected_at", "received_at", "age", "value", "comparator",
           "unit_text", "reference_low", "reference_high", "ref", *NOTHING]  # fmt: skip
LOOKED_AT = ["patient_id", "analyte", "collected_at", "received_at", "value", "comparator", "unit_text",
             "reference_low", "reference_high", "ref"]  # fmt: skip
HOUR = pd.Timedelta(hours=1)


def within_reach(observations: pd.DataFrame, catalog: Catalog, *, as_of: datetime) -> pd.DataFrame:
    """
    Of all observations those, and of their columns LOOKED_AT, that any component may look at: in a long course a few
    of thousands, picked here once and by their moments alone.
    """
    parts = catalog.scores.components.values()
    hours = max((part.hours for part in parts if part.analytes or part.instead), default=0.0)
    told = observations[LOOKED_AT]
    return told[_age(told["collected_at"], as_of) <= hours]


def candidates(course: Course, catalog: Catalog, *, as_of: datetime) -> pd.DataFrame:
    """
    One row a patient and component (COLUMNS): the newest usable value within its carry-forward limit, else the newest
    that a product moved; of a component picked by height the highest one of the window.
    """
    chosen = [_measured(course, catalog, as_of), _seen(course.findings, catalog, as_of)]
    return pd.concat([frame for frame in chosen if len(frame)] or chosen[:1], ignore_index=True)


def standing_in(course: Course, catalog: Catalog, *, as_of: datetime) -> pd.DataFrame:
    """patient_id, component, reason: where only the like of a component was measured, which must not stand in."""
    rows = [
        (code, analyte, reason, part.hours)
        for code, part in catalog.scores.components.items()
        for analyte, reason in part.instead.items()
    ]
    table = pd.DataFrame(rows, columns=["component", "analyte", "reason", "hours"])
    told = _in_time(course.observations.merge(table, on="analyte"), "collected_at", as_of)
    return told.drop_duplicates(["patient_id", "component"])[["patient_id", "component", "reason"]]


def in_doubt(doubted: pd.DataFrame, catalog: Catalog, *, as_of: datetime) -> pd.DataFrame:
    """
    patient_id, component, reason: why the newest value of a component that may not be what it seems is not counted.
    `doubted`: observations with suspect_why.
    """
    parts = catalog.scores.components.values()
    rows = [(part.code, analyte, part.hours) for part in parts for analyte in part.analytes]
    table = pd.DataFrame(rows, columns=["component", "analyte", "hours"])
    told = _in_time(doubted.merge(table, on="analyte"), "collected_at", as_of)
    newest = told.sort_values(["age", "ref"], kind="stable").drop_duplicates(["patient_id", "component"])
    why = [catalog.scores.words["doubted"].format(why=why) for why in newest["suspect_why"]]
    return newest[["patient_id", "component"]].assign(reason=pd.Series(why, index=newest.index, dtype="str"))


def _measured(course: Course, catalog: Catalog, as_of: datetime) -> pd.DataFrame:
    parts = catalog.scores.components.values()
    rows = [(part.code, analyte, part.hours, part.pick == "highest") for part in parts for analyte in part.analytes]
    table = pd.DataFrame(rows, columns=["component", "analyte", "hours", "highest"])
    told = course.observations
    told = told[told["value"].notna() & told["analyte"].isin(table["analyte"])]
    told = _in_time(told, "collected_at", as_of, most=table["hours"].max()).merge(table, on="analyte")
    told = moved(told[told["age"] <= told["hours"]].reset_index(drop=True), course.doses, catalog)
    ranked = told.assign(
        later=np.where(told["highest"], False, told["moved_by"].ne("")),
        lower=np.where(told["highest"], -told["value"], 0.0),
    )
    return _first(ranked, ["later", "lower"])


def _seen(findings: pd.DataFrame, catalog: Catalog, as_of: datetime) -> pd.DataFrame:
    parts = catalog.scores.components.values()
    table = pd.DataFrame(
        [(part.code, part.finding, part.hours) for part in parts if part.finding],
        columns=["component", "finding", "hours"],
    )
    told = _in_time(findings.merge(table, on="finding"), "observed_at", as_of)
    told = told.assign(value=present(told["value"]), collected_at=told["observed_at"], comparator="", unit_text="")
    told = told.assign(analyte="", reference_low=np.nan, reference_high=np.nan, **NOTHING)
    return _first(told[told["value"].notna()], [])


def _in_time(rows: pd.DataFrame, column: str, as_of: datetime, *, most: float | None = None) -> pd.DataFrame:
    """`rows` with their age in hours, without what is older than may be carried. A clock that runs ahead makes 0."""
    age = _age(rows[column], as_of)
    return rows.assign(age=age)[age <= (rows["hours"] if most is None else most)]


def _age(times: pd.Series, as_of: datetime) -> pd.Series:
    return (pd.Timestamp(as_of) - times).dt.total_seconds().clip(lower=0.0) / HOUR.total_seconds()


def _first(rows: pd.DataFrame, ranks: list[str]) -> pd.DataFrame:
    """The first of each patient and component: by rank, then the newest, then the one told last."""
    told = rows.assign(told=-rows["received_at"].astype("int64"))
    order = ["component", "patient_id", *ranks, "age", "told", "ref"]
    return told.sort_values(order, kind="stable").drop_duplicates(["component", "patient_id"])[COLUMNS]
