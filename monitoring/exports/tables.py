"""The tables of some patients, as known at one moment; columns as export.toml names them, not yet cast."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monitoring.analysis.columns import moments, ranked
from monitoring.analysis.course import Course, births
from monitoring.analysis.matching import of_each
from monitoring.analysis.temperatures import FINDING
from monitoring.disguise import pseudonyms
from monitoring.exports.alignment import SERIES, aligned, zeros
from monitoring.exports.doses import treatments
from monitoring.exports.fields import Layout, layout
from monitoring.exports.findings import typed
from monitoring.exports.panel import TAKEN, panel
from monitoring.exports.versions import versions
from monitoring.exports.wanted import FIRST, Wanted
from monitoring.terms import Catalog

if TYPE_CHECKING:
    from monitoring.analysis.assessment import Assessment
    from monitoring.state import WardState

DAYS_A_YEAR = 365.2425
LABS = [
    "patient_id", "analyte", "value", "comparator", "unit", "collected_at", "resulted_at", "received_at", "value_text",
    "unit_text", "loinc", "method", "specimen", "status", "source_id", "reference_low", "reference_high",
    "confounded_by", "confounded_way", "confounded_why", "usable", "below", "above", "ref",
]  # fmt: skip
PANEL = ["patient_id", "analyte", "collected_at", *TAKEN]
ALIGNED = [*SERIES, "collected_at", "value", "usable", "exact"]
Frames = dict[str, pd.DataFrame]


def tables(ward: WardState, told: Course | None, wanted: Wanted, only: Collection[str] = ()) -> Frames:
    """`told`: every version of everything, for --versions alone. `only` these tables and the patients are made."""
    judged, t0 = ward.assessment, first_steroid(ward)
    course, catalog = judged.course, judged.catalog
    zero = zeros(ward, wanted.align) if wanted.align else t0.iloc[:0]
    chosen, values = _chosen(ward, zero, wanted), _Values(judged.points, catalog, wanted)
    hours = wanted.panel_hours(catalog)
    made: Mapping[str, Callable[[], pd.DataFrame]] = {
        "patients": lambda: _patients(ward, t0),
        "labs": lambda: _labs(values, course, chosen, t0, zero),
        "treatments": lambda: _both(treatments(course.doses, catalog), "started_at", t0, zero),
        "lines": lambda: judged.lines.assign(drugs=judged.lines["drugs"].map(" ".join)),
        "findings": lambda: _both(findings(course.findings, wanted), "observed_at", t0, zero),
        "flags": lambda: _both(ward.flags, "began_at", t0, zero),
        "flag_changes": lambda: ward.history.drop_duplicates(["patient_id", "flag", "seq"], keep="last"),
        "responses": lambda: judged.verdicts,
        "response_markers": lambda: judged.markers,
        "scores": lambda: _scores(judged),
        "panel": lambda: panel(values.taken(PANEL), zero, wanted, hours),
    }
    frames = {name: make() for name, make in made.items() if not only or name in ("patients", *only)}
    if told is not None:
        frames |= versions(told, wanted)
    return {name: _of(frame, chosen) for name, frame in frames.items()}


def first_steroid(ward: WardState) -> pd.Series:
    return ward.assessment.starts.groupby("patient_id")["t0"].min()


def within(frame: pd.DataFrame, time: str, wanted: Wanted) -> pd.Series:
    """Whether each row is one of the analytes and days asked for."""
    chosen = pd.Series(True, index=frame.index)
    if wanted.analytes and "analyte" in frame:
        chosen &= frame["analyte"].isin(wanted.analytes)
    if wanted.start:
        chosen &= frame[time] >= pd.Timestamp(wanted.start)
    if wanted.end:
        chosen &= frame[time] <= pd.Timestamp(wanted.end)
    return chosen


def _chosen(ward: WardState, zero: pd.Series, wanted: Wanted) -> pd.Series:
    """Patients in the export: all asked for, or of them those who have what hour 0 is."""
    patients = ward.assessment.course.patients["patient_id"]
    return patients if wanted.align in ("", FIRST) else patients[patients.isin(zero.index)]


def _of(frame: pd.DataFrame, patients: pd.Series) -> pd.DataFrame:
    return frame[frame["patient_id"].isin(patients)]


def _patients(ward: WardState, t0: pd.Series) -> pd.DataFrame:
    patients, drawn = ward.assessment.course.patients, ward.assessment.points.groupby("patient_id")["collected_at"]
    told = people(patients, drawn.min(), drawn.size(), layout(ward.assessment.catalog))
    return told.assign(first_steroid_at=of_each(patients["patient_id"], t0))


def people(patients: pd.DataFrame, first: pd.Series, count: pd.Series, laid: Layout) -> pd.DataFrame:
    """Patients with their age; `first` and `count` of their results, by patient."""
    began = of_each(patients["patient_id"], first)
    age = (began.fillna(patients["admitted_at"]) - births(patients)).dt.days / DAYS_A_YEAR
    years = (age // 1).clip(upper=float(laid.settings["oldest_years"])).where(age >= 0)
    return patients.assign(
        age_years=years,
        age_group=_groups(years, laid.settings["age_groups"]),
        first_result_at=began,
        results=of_each(patients["patient_id"], count.astype("float64")).fillna(0),
    )


def _groups(years: pd.Series, groups: list[tuple[int, str]]) -> pd.Series:
    edges = [low for low, _ in groups] + [np.inf]
    cut = pd.cut(years.astype("float64"), edges, right=False, labels=[name for _, name in groups])
    return cut.astype("object")


class _Values:
    """The values that were asked for, in the order of the export; columns are put in order when they are asked for."""

    def __init__(self, points: pd.DataFrame, catalog: Catalog, wanted: Wanted) -> None:
        self.points, self.catalog = points, catalog
        self.order = _in_order(points, wanted)
        self.asked = within(points, "collected_at", wanted).to_numpy(dtype=bool)

    def taken(self, columns: list[str], also: np.ndarray | None = None) -> pd.DataFrame:
        """`also`: which of all points may be among them."""
        mine = self.asked if also is None else self.asked & also
        return self.points[columns].take(self.order[mine[self.order]])

    def aligned(self, zero: pd.Series) -> pd.DataFrame:
        """A baseline may lie outside of what was asked for."""
        told = self.points[ALIGNED].take(self.order) if len(zero) else self.points[ALIGNED].iloc[:0]
        return aligned(told, zero, self.catalog)


def _in_order(points: pd.DataFrame, wanted: Wanted) -> np.ndarray:
    """By patient, moment, analyte, method and number; patients as the export has them."""
    codes, names = pd.factorize(points["patient_id"])
    shown = pseudonyms(names.tolist(), wanted.key) if wanted.key is not None else {name: name for name in names}
    place = {name: number for number, name in enumerate(sorted(shown, key=shown.__getitem__))}
    patient = np.array([place[name] for name in names], dtype=np.int64)[codes]
    other = (ranked(points[name]) for name in ("method", "analyte"))
    return np.lexsort((points["ref"].to_numpy(), *other, moments(points["collected_at"]), patient))


def _labs(values: _Values, course: Course, chosen: pd.Series, t0: pd.Series, zero: pd.Series) -> pd.DataFrame:
    """What is known of each value's bounds, confounding and place in the course."""
    everything = values.points
    own = everything["patient_id"].isin(chosen).to_numpy(dtype=bool) & ~_from_findings(everything, course)
    first = everything.groupby("patient_id")["collected_at"].min()
    points = values.taken(LABS, own)
    table = points.rename(columns={"value_text": "value_reported", "unit_text": "unit_reported"})
    return _since(table, "collected_at", t0).assign(
        hours_since_first=hours(points["collected_at"] - of_each(points["patient_id"], first)),
        value_low=points["value"].where(~points["below"], 0.0),
        value_high=points["value"].where(~points["above"]),
        value_id=points["ref"],
        **values.aligned(zero).reindex(points.index),
    )


def _from_findings(points: pd.DataFrame, course: Course) -> np.ndarray:
    """Temperatures that an examiner wrote down are findings, and stand in that table."""
    told = course.findings.loc[course.findings["finding"].eq(FINDING), "ref"]
    return np.isin(points["ref"].to_numpy(), told.to_numpy())


def findings(told: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    seen = told[within(told, "observed_at", wanted)]
    return typed(seen.assign(finding_id=seen["ref"]))


def _scores(judged: Assessment) -> pd.DataFrame:
    if judged.course.patients.empty:  # there is nobody to score
        return pd.DataFrame({"patient_id": pd.Series(dtype="str")})
    told = judged.scores
    return told.assign(missing=told["missing"].map(" ".join), source=told["source"].map(" ".join))


def _both(frame: pd.DataFrame, time: str, t0: pd.Series, zero: pd.Series) -> pd.DataFrame:
    told = _since(frame, time, t0)
    return told.assign(hours_since_alignment=hours(frame[time] - of_each(frame["patient_id"], zero)))


def _since(frame: pd.DataFrame, time: str, t0: pd.Series) -> pd.DataFrame:
    return frame.assign(hours_since_steroid=hours(frame[time] - of_each(frame["patient_id"], t0)))


def hours(spans: pd.Series) -> np.ndarray:
    return (spans.dt.total_seconds() / 3600.0).round(2).to_numpy(dtype=float)
