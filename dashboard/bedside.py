"""All that is said of one patient, in plain rows, and of the ward they are in. Imports no streamlit; see cut_out.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import pandas as pd

from dashboard import wording
from dashboard.sparkline import Point
from monitoring.terms import Analyte, Catalog

STEROID_CLOCK_HOURS: Final = 72.0
Row = Mapping[str, Any]
Rows = tuple[Row, ...]
SAID_OF_VALUE: Final = (
    "collected_at", "resulted_at", "received_at", "value", "comparator", "value_text", "unit_text", "method", "usable",
    "segment", "confounded_by", "confounded_why", "source", "source_id", "ref", "version",
)  # fmt: skip
SAID_OF_VERSION: Final = ("ref", "version", "analyte", "value", "comparator")


@dataclass
class Series:
    """One analyte of one patient: points in hours before now, the newest last, and what the laboratory calls normal."""

    points: list[Point] = field(default_factory=list)
    normal: tuple[float | None, float | None] = (None, None)
    confounded_by: str = ""


@dataclass(frozen=True)
class Bedside:
    """
    One patient at `as_of`, in plain rows. `responses` are the high-dose courses, oldest first.

    `whole` gives the patient's values with every column, `earlier` every version of those that were corrected.
    `worked_out`: what views have made of it once for all their viewers, never anything that holds the side itself: a
    reading that is let go of would then wait for a search through all there is. A copy that differs begins without it.
    """

    patient: Row
    as_of: datetime
    series: Mapping[str, Series]
    trends: Mapping[str, Row]
    flags: Rows
    line: Row | None
    spans: Sequence[Row]
    responses: Rows
    awaited: Rows
    whole: Callable[[], pd.DataFrame] = field(repr=False)
    earlier: Rows = ()
    worked_out: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def id(self) -> str:
        return str(self.patient["patient_id"])

    @cached_property
    def values(self) -> pd.DataFrame:
        return self.whole().sort_values("collected_at")

    @cached_property
    def drawn(self) -> Mapping[str, list[Row]]:
        """By analyte every value in order of time, with what a figure shows of it."""
        told: dict[str, list[Row]] = defaultdict(list)
        for row in rows_of(self.values[["analyte", *SAID_OF_VALUE]]):
            told[str(row["analyte"])].append(row)
        return told

    @property
    def response(self) -> Row | None:
        return self.responses[-1] if self.responses else None

    @property
    def t0(self) -> pd.Timestamp | None:
        return None if self.response is None else pd.Timestamp(self.response["t0"])

    @property
    def steroid_hours(self) -> float | None:
        return None if self.t0 is None else wording.since(self.t0, self.as_of)

    @property
    def line_label(self) -> str:
        """First line; said in full where there is none: "none" alone would be read as that nothing is given."""
        if self.line is None or self.line["line"] == "none":
            return "No treatment line"
        return str(self.line["label"])

    @property
    def relapses(self) -> list[Any]:
        """When each relapse that was flagged began: as the values say, else when it could be known."""
        told = (row for row in self.flags if row["flag"] == "relapse" and row["state"] != "retracted")
        return [row["raised_at"] if pd.isna(row["began_at"]) else row["began_at"] for row in told]

    @property
    def late(self) -> Rows:
        """What is awaited and has not come in time."""
        return tuple(row for row in self.awaited if row["overdue"])

    @property
    def newest_collected_at(self) -> pd.Timestamp | None:
        return max((trend["collected_at"] for trend in self.trends.values()), default=None)

    @property
    def has_left(self) -> bool:
        """Discharged, and not admitted again since."""
        left_at, admitted_at = self.patient["discharged_at"], self.patient["admitted_at"]
        if pd.isna(left_at) or left_at > self.as_of:
            return False
        return bool(pd.isna(admitted_at) or admitted_at <= left_at)

    @property
    def name(self) -> str:
        """The bed, where there is one; else the identifier."""
        return str(self.patient["bed"]) or self.id

    @property
    def title(self) -> str:
        return f"Bed {self.patient['bed']}" if self.patient["bed"] else self.id

    def about(self, *, days: bool = False) -> str:
        """M, 34 y · AOSD · day 5."""
        age = wording.whole_years(self.patient["birth_date"], self.as_of)
        person = wording.joined(wording.sex(self.patient["sex"]), age, by=", ")
        context = "" if self.patient["context"] == "unknown" else self.patient["context"]
        admitted = wording.since(self.patient["admitted_at"], self.as_of)
        day = f"day {int(admitted // 24) + 1}" if days and admitted >= 0 else ""
        return wording.joined(person, wording.CONTEXT_WORD.get(context, context), day)


@dataclass(frozen=True)
class Ward:
    """
    Everybody watched at `as_of`. `state` is the WardState it was cut out of, for views that look at all at once.
    `earlier`: those who left so long ago that they are read only when somebody asks for them, and when they left.
    `worked_out`: what a view has made of it once for all its viewers, under names of the view's own. `beside`: the
    same of single patients, by name and patient; it may hold their sides, and tells whether they are still the same.
    `mark`: the store's, of before it was read. `behind`: the store holds newer facts, and a reading that knows of them
    is being made; `late`: the next one is being made for the clock's sake. `scored`: each patient's scores, and `news`:
    what is new of everybody since rounds, where they were worked out with it. `name`: what who read it calls it, and
    `waiting`: some patients of whom it knows that there is news are still as they were before; see apart.py.
    """

    as_of: datetime
    sides: tuple[Bedside, ...]
    state: Any = None
    earlier: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    worked_out: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    beside: dict[Any, dict[str, Any]] = field(default_factory=dict, compare=False, repr=False)
    mark: str = ""
    behind: bool = False
    late: bool = False
    scored: Mapping[str, list[Row]] | None = None
    news: Any = field(default=None, compare=False, repr=False)
    name: str = field(default="", compare=False, repr=False)
    waiting: bool = False

    def of(self, patient_id: str) -> Bedside | None:
        return next((side for side in self.sides if side.id == patient_id), None)


def has_corrections(side: Bedside) -> bool:
    return any(point.corrected for series in side.series.values() for point in series.points)


def with_corrections(side: Bedside, versions: pd.DataFrame) -> Bedside:
    """The same, with every version of those of its values that were corrected."""
    return replace(side, earlier=tuple(rows_of(versions[list(SAID_OF_VERSION)])))


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """A dict for each row; column by column, which takes a fraction of what pandas' own takes."""
    names = [str(name) for name in frame.columns]
    columns = [frame[name].tolist() for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def shown_analytes(catalog: Catalog, present: Iterable[str]) -> list[Analyte]:
    """Those of `present` that the catalog knows, in its order."""
    return sorted((catalog.analytes[code] for code in set(present) if code in catalog.analytes), key=lambda a: a.order)
