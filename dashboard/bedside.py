"""
All that is said of one patient, cut out of the frames that hold the whole ward. Imports no streamlit.

Frames are opened once, column by column, into plain values for everybody at once: a row of the ward costs no pandas,
so that two hundred patients are a matter of milliseconds. Whole rows of values are cut only for a single patient.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from dashboard import wording
from dashboard.sparkline import Point
from monitoring.terms import Analyte, Catalog

STEROID_CLOCK_HOURS: Final = 72.0
NOWHERE: Final = np.empty(0, dtype=np.intp)
OLDEST: Final = 120.0
Row = Mapping[str, Any]
Rows = tuple[Row, ...]
SAID_OF_TREND: Final = (
    "patient_id", "analyte", "value", "comparator", "collected_at", "direction", "phrase",
    "doubling_low", "doubling_high", "hours",
)  # fmt: skip
SAID_OF_AWAITED: Final = ("patient_id", "analyte", "last_at", "due_at", "overdue")
SAID_OF_SPAN: Final = (
    "patient_id", "given", "kind", "label", "line", "started_at", "ended_at", "amount_text", "open", "version",
)  # fmt: skip
SAID_OF_VALUE: Final = (
    "collected_at", "resulted_at", "received_at", "value", "comparator", "value_text", "unit_text", "method", "usable",
    "segment", "confounded_by", "confounded_why", "source", "source_id", "ref", "version",
)  # fmt: skip
SAID_OF_VERSION: Final = ("ref", "version", "analyte", "value", "comparator")


@dataclass
class Whole:
    """
    One patient's values with every column: those at `places` of all patients' `points`, which another process is not
    sent with it.
    """

    places: np.ndarray
    points: pd.DataFrame | None

    def __call__(self) -> pd.DataFrame:
        if self.points is None:
            raise LookupError("What came from another process has not been given the points it was cut out of.")
        return self.points.take(self.places)

    def __getstate__(self) -> dict[str, Any]:
        return {"places": self.places, "points": None}


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
    `worked_out`: what views have made of it once for all their viewers; a copy that differs begins without it.
    """

    patient: Row
    as_of: datetime
    series: Mapping[str, Series]
    trends: Mapping[str, Row]
    flags: Rows
    line: Row | None
    spans: Rows
    responses: Rows
    awaited: Rows
    whole: Callable[[], pd.DataFrame]
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
    `worked_out`: what a view has made of it once for all its viewers, under names of the view's own.
    `mark`: the store's, of before it was read. `behind`: the store holds newer facts, and a reading that knows of them
    is being made; `late`: the next one is being made for the clock's sake. `scored`: each patient's scores, where they
    were worked out with it.
    """

    as_of: datetime
    sides: tuple[Bedside, ...]
    state: Any = None
    earlier: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    worked_out: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    mark: str = ""
    behind: bool = False
    late: bool = False
    scored: Mapping[str, list[Row]] | None = None

    def of(self, patient_id: str) -> Bedside | None:
        return next((side for side in self.sides if side.id == patient_id), None)


def ward(state: Any, earlier: Mapping[str, pd.Timestamp] | None = None) -> Ward:
    """Every patient of a WardState, in the order of its patients frame."""
    return Ward(state.as_of, tuple(_bedsides(state)), state, earlier or {})


def lightened(ward: Ward) -> Ward:
    """
    Without the frames that only judging asked for, and scores, where these are worked out: of a long ward most of what
    a reading would keep.
    """
    said = replace(ward.state.assessment, recent=None)
    if ward.scored is not None:
        course = replace(said.course, observations=said.course.observations.iloc[:0])
        bare = {name: getattr(said, name).iloc[:0] for name in ("markers", "marker_points", "verdicts", "sights")}
        said = replace(said, course=course, **bare)
    return replace(ward, state=replace(ward.state, assessment=said))


def with_answers(ward: Ward, state: Any) -> Ward:
    """The same people, with their flags as `state` has them answered; who is as before keeps what was worked out."""
    if ward.state is not None and state.flags.equals(ward.state.flags):
        return replace(ward, state=state)
    flags = _by_patient(state.flags)
    sides = tuple(_with_flags(side, flags.get(side.id, ())) for side in ward.sides)
    same = all(new is old for new, old in zip(sides, ward.sides, strict=True))
    return replace(ward, sides=sides, state=state, worked_out=ward.worked_out if same else {})


def _with_flags(side: Bedside, flags: Rows) -> Bedside:
    return side if repr(flags) == repr(side.flags) else replace(side, flags=flags)  # NaT is not equal to itself


def has_corrections(side: Bedside) -> bool:
    return any(point.corrected for series in side.series.values() for point in series.points)


def with_corrections(side: Bedside, versions: pd.DataFrame) -> Bedside:
    """The same, with every version of those of its values that were corrected."""
    return replace(side, earlier=tuple(rows_of(versions[list(SAID_OF_VERSION)])))


def _bedsides(state: Any) -> Iterator[Bedside]:
    said, as_of = state.assessment, state.as_of
    series, trends = _series(said.points, as_of), _by_patient(said.trends, SAID_OF_TREND)
    flags, spans = _by_patient(state.flags), _by_patient(said.spans, SAID_OF_SPAN)
    awaited, responses = _by_patient(said.awaited, SAID_OF_AWAITED), _by_patient(said.responses)
    lines, places = _by_patient(said.lines), said.points.groupby("patient_id").indices
    for row in rows_of(said.course.patients):
        key = str(row["patient_id"])
        yield Bedside(
            patient=row,
            as_of=as_of,
            series=series.get(key, {}),
            trends={str(trend["analyte"]): trend for trend in trends.get(key, ())},
            flags=flags.get(key, ()),
            line=next(iter(lines.get(key, ())), None),
            spans=spans.get(key, ()),
            responses=tuple(sorted(responses.get(key, ()), key=lambda told: told["t0"])),
            awaited=awaited.get(key, ()),
            whole=Whole(places.get(key, NOWHERE), said.points),
        )


def _by_patient(frame: pd.DataFrame, columns: Sequence[str] | None = None) -> dict[str, Rows]:
    told: dict[str, list[Row]] = defaultdict(list)
    for row in rows_of(frame if columns is None else frame[list(columns)]):
        told[str(row["patient_id"])].append(row)
    return {key: tuple(rows) for key, rows in told.items()}


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """A dict for each row; column by column, which takes a fraction of what pandas' own takes."""
    names = [str(name) for name in frame.columns]
    columns = [frame[name].tolist() for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _series(points: pd.DataFrame, as_of: datetime) -> dict[str, dict[str, Series]]:
    """Every series of every patient, in one pass over the columns."""
    told: dict[str, dict[str, Series]] = defaultdict(lambda: defaultdict(Series))
    ordered = points.sort_values("collected_at", kind="stable")
    hours = ((ordered["collected_at"] - pd.Timestamp(as_of)) / pd.Timedelta(hours=1)).tolist()
    names = (
        "patient_id",
        "analyte",
        "value",
        "comparator",
        "usable",
        "segment",
        "confounded_by",
        "reference_low",
        "reference_high",
        "version",
    )
    columns = (ordered[name].tolist() for name in names)
    for at, patient, analyte, value, bound, usable, segment, by, low, high, version in zip(
        hours, *columns, strict=True
    ):
        series = told[patient][analyte]
        series.points.append(Point(at, value, bound, not usable, str(segment), version > 1))
        series.confounded_by = "" if usable else by
        if low == low or high == high:  # the newest interval that is told wins
            series.normal = (low if low == low else None, high if high == high else None)
    return told


def normal_band(side: Bedside, analyte: Analyte) -> tuple[float | None, float | None]:
    """The laboratory's own interval as newest reported; else the catalog's for this sex and age, where known."""
    own = side.series[analyte.code].normal if analyte.code in side.series else (None, None)
    return own if own != (None, None) else _generic(analyte, _sex(side), _years(side))


def _generic(analyte: Analyte, sex: str, years: float | None) -> tuple[float | None, float | None]:
    """An interval for one age only needs the age; without one, only an interval for all ages counts."""
    for interval in analyte.intervals:
        for_all = interval.from_years <= 0 and interval.to_years >= OLDEST
        fits = for_all if years is None else interval.from_years <= years < interval.to_years
        if interval.sex in ("", sex) and fits:
            return interval.low, interval.high
    return None, None


def _sex(side: Bedside) -> str:
    return {"M": "male", "F": "female"}.get(wording.sex(side.patient["sex"]), "")


def _years(side: Bedside) -> float | None:
    day = wording.born(side.patient["birth_date"])
    return None if day is None else (side.as_of.date() - day).days / 365.25


def shown_analytes(catalog: Catalog, present: Iterable[str]) -> list[Analyte]:
    """Those of `present` that the catalog knows, in its order."""
    return sorted((catalog.analytes[code] for code in set(present) if code in catalog.analytes), key=lambda a: a.order)
