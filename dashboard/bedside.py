"""
All that is said of one patient, cut out of the frames that hold the whole ward. Imports no streamlit.

Cutting is done once for all patients (one group-by a frame), so that a ward of two hundred costs no more passes than
a ward of two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from dashboard import wording
from monitoring.terms import Analyte, Catalog

STEROID_CLOCK_HOURS = 72.0


@dataclass(frozen=True)
class Bedside:
    """
    One patient at `as_of`. The frames have the ward's columns; `line` and `response` are one row as a mapping, or
    None; `response` is that of the newest high-dose course. `earlier` holds every version of what was corrected.
    """

    patient: Mapping[str, Any]
    as_of: datetime
    values: pd.DataFrame
    trends: Mapping[str, Mapping[str, Any]]
    flags: pd.DataFrame
    line: Mapping[str, Any] | None
    spans: pd.DataFrame
    responses: pd.DataFrame
    awaited: pd.DataFrame
    earlier: pd.DataFrame

    @property
    def id(self) -> str:
        return str(self.patient["patient_id"])

    @property
    def response(self) -> Mapping[str, Any] | None:
        return None if self.responses.empty else self.responses.iloc[-1].to_dict()

    @property
    def t0(self) -> pd.Timestamp | None:
        return None if self.response is None else pd.Timestamp(self.response["t0"])

    @property
    def steroid_hours(self) -> float | None:
        return None if self.t0 is None else wording.since(self.t0, self.as_of)

    @property
    def newest_collected_at(self) -> pd.Timestamp | None:
        return None if self.values.empty else self.values["collected_at"].max()

    @property
    def name(self) -> str:
        """The bed, where there is one; else the identifier."""
        return str(self.patient["bed"]) or self.id

    @property
    def title(self) -> str:
        return f"Bed {self.patient['bed']}" if self.patient["bed"] else self.id

    def about(self, *, days: bool = False) -> str:
        """M, 34 y · AOSD · day 5."""
        person = wording.joined(
            wording.sex(self.patient["sex"]), wording.whole_years(self.patient["birth_date"], self.as_of), by=", "
        )
        context = self.patient["context"]
        admitted = wording.since(self.patient["admitted_at"], self.as_of)
        day = f"day {int(admitted // 24) + 1}" if days and admitted >= 0 else ""
        return wording.joined(person, wording.CONTEXT_WORD.get(context, context), day)


def bedsides(state: Any, *, earlier: pd.DataFrame | None = None) -> list[Bedside]:
    """Every patient of a WardState, in the order of its patients frame."""
    said = state.assessment
    cuts = {
        "values": _cut(said.points),
        "flags": _cut(state.flags),
        "spans": _cut(said.spans),
        "responses": _cut(said.responses.sort_values("t0", kind="stable")),
        "awaited": _cut(said.awaited),
        "earlier": _cut(said.points.iloc[:0] if earlier is None else earlier),
    }
    trends = {key: _by_analyte(frame) for key, frame in said.trends.groupby("patient_id", sort=False)}
    lines = {str(row["patient_id"]): row for row in said.lines.to_dict("records")}
    return [
        Bedside(patient=row, as_of=state.as_of, line=lines.get(key), trends=trends.get(key, {}),
                **{name: cut(key) for name, cut in cuts.items()})
        for row in said.course.patients.to_dict("records") for key in [str(row["patient_id"])]
    ]  # fmt: skip


def _cut(frame: pd.DataFrame) -> Any:
    parts = {str(key): part for key, part in frame.groupby("patient_id", sort=False)}
    nothing = frame.iloc[:0]
    return lambda key: parts.get(key, nothing)


def _by_analyte(frame: pd.DataFrame) -> dict[str, Mapping[str, Any]]:
    return {str(row["analyte"]): row for row in frame.to_dict("records")}


def normal_band(side: Bedside, analyte: Analyte) -> tuple[float | None, float | None]:
    """The laboratory's own interval as newest reported; else the catalog's for this sex and age."""
    own = side.values[side.values["analyte"].eq(analyte.code)].sort_values("collected_at")[["reference_low", "reference_high"]]
    told = own.dropna(how="all")
    if not told.empty:
        low, high = told.iloc[-1]
        return (None if pd.isna(low) else float(low), None if pd.isna(high) else float(high))
    return _generic(analyte, _sex(side), _years(side))


def _generic(analyte: Analyte, sex: str, years: float | None) -> tuple[float | None, float | None]:
    grown = years if years is not None else 40.0  # an adult's, where the age is unknown
    for interval in analyte.intervals:
        if interval.sex in ("", sex) and interval.from_years <= grown < interval.to_years:
            return interval.low, interval.high
    return None, None


def _sex(side: Bedside) -> str:
    return {"M": "male", "F": "female"}.get(wording.sex(side.patient["sex"]), "")


def _years(side: Bedside) -> float | None:
    born = pd.to_datetime(side.patient["birth_date"] or None, errors="coerce", utc=True)
    return None if pd.isna(born) else (side.as_of - born).days / 365.25


def shown_analytes(catalog: Catalog, present: Iterable[str]) -> list[Analyte]:
    """Those of `present` that the catalog knows, in its order."""
    return sorted((catalog.analytes[code] for code in set(present) if code in catalog.analytes), key=lambda a: a.order)
