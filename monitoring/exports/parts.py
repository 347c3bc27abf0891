"""What reading laboratory values needs to be told of an export, and of each of its patients. Reaches no store."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.course import Course
from monitoring.analysis.temperatures import FINDING
from monitoring.disguise import pseudonyms, shifts
from monitoring.exports.counting import Column, Part, Plan
from monitoring.exports.fields import Table, layout
from monitoring.exports.wanted import Wanted
from monitoring.terms import Catalog
from storage.versions import WITHDRAWN

MICROSECOND = pd.Timedelta(microseconds=1)


def plan(wanted: Wanted, catalog: Catalog, labs: Table, *, marked: bool) -> Plan:
    """`marked`: see Plan."""
    columns = tuple(Column(one.name, one.type, one.hiding, one.pattern) for one in labs.fields)
    start, end = (micro(at) if at else None for at in (wanted.start, wanted.end))
    days = layout(catalog).settings["bulk_after_days"]
    return Plan(
        columns, frozenset(catalog.analytes), WITHDRAWN, frozenset(wanted.analytes), micro(wanted.as_of), days,
        start, end, wanted.key, marked,
    )  # fmt: skip


def micro(moment: Any) -> int:
    return (pd.Timestamp(moment) - pd.Timestamp(0, tz="UTC")) // MICROSECOND


def part(course: Course, names: list[str], into: pd.Series, wanted: Wanted) -> Part:
    """Of all of `names`, in the order of the export; `into`: identifiers whose history is read under another's."""
    place = pd.Series(range(len(names)), index=names, dtype="int64")
    also = into[into.isin(place.index)]
    stay = course.patients[["admitted_at", "discharged_at"]].max(axis=1)
    shown = pseudonyms(names, wanted.key) if wanted.key else {}
    moved = shifts(names, wanted.key) if wanted.key else {}
    return Part(
        shown=tuple(shown.get(name, name) for name in names),
        names=(*names, *also.index),
        owners=np.r_[place.to_numpy(), place.reindex(also).to_numpy()].astype("int64"),
        moved=_spans([moved[name] for name in names]) if moved else np.zeros(len(names), dtype="int64"),
        early=micros(temperatures(course).groupby("patient_id")["observed_at"].min().reindex(names)),
        stay=micros(stay),
    )


def _spans(told: list[pd.Timedelta]) -> np.ndarray:
    return pd.TimedeltaIndex(told).as_unit("us").asi8


def micros(moments: pd.Series) -> np.ndarray:
    """Microseconds since 1970; ABSENT (which is pandas' own) where there is none."""
    return moments.dt.as_unit("us").astype("int64").to_numpy() if len(moments) else np.zeros(0, dtype="int64")


def temperatures(course: Course) -> pd.DataFrame:
    told = course.findings[course.findings["finding"].eq(FINDING)]
    return told[pd.to_numeric(told["value"], errors="coerce").notna()]
