"""The tables of some patients, as known at one moment; columns as export.toml names them, not yet cast."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monitoring.analysis.course import Course, births
from monitoring.analysis.matching import of_each
from monitoring.analysis.temperatures import FINDING
from monitoring.exports.alignment import FIRST, aligned, zeros
from monitoring.exports.doses import treatments
from monitoring.exports.fields import Layout, layout
from monitoring.exports.findings import typed
from monitoring.exports.panel import panel
from monitoring.exports.versions import versions
from monitoring.exports.wanted import Wanted

if TYPE_CHECKING:
    from monitoring.analysis.assessment import Assessment
    from monitoring.state import WardState

DAYS_A_YEAR = 365.2425
Frames = dict[str, pd.DataFrame]


def tables(ward: WardState, told: Course | None, wanted: Wanted, only: Collection[str] = ()) -> Frames:
    """`told`: every version of everything, for --versions alone. `only` these tables and the patients are made."""
    judged, t0 = ward.assessment, first_steroid(ward)
    course, catalog = judged.course, judged.catalog
    zero = zeros(ward, wanted.align) if wanted.align else t0.iloc[:0]
    points = _labs(ward, t0)
    points = points.assign(**aligned(points, zero, catalog))
    hours = wanted.panel_hours(catalog)
    made: Mapping[str, Callable[[], pd.DataFrame]] = {
        "patients": lambda: _patients(ward, t0),
        "labs": lambda: points[within(points, "collected_at", wanted) & ~_from_findings(points, course)],
        "treatments": lambda: _both(treatments(course.doses, catalog), "started_at", t0, zero),
        "lines": lambda: judged.lines.assign(drugs=judged.lines["drugs"].map(" ".join)),
        "findings": lambda: _both(findings(course.findings, wanted), "observed_at", t0, zero),
        "flags": lambda: _both(ward.flags, "began_at", t0, zero),
        "flag_changes": lambda: ward.history.drop_duplicates(["patient_id", "flag", "seq"], keep="last"),
        "responses": lambda: judged.verdicts,
        "response_markers": lambda: judged.markers,
        "scores": lambda: _scores(judged),
        "panel": lambda: panel(points[within(points, "collected_at", wanted)], zero, wanted, hours),
    }
    frames = {name: make() for name, make in made.items() if not only or name in ("patients", *only)}
    if told is not None:
        frames |= versions(told, wanted)
    return {name: _of(frame, _chosen(ward, zero, wanted)) for name, frame in frames.items()}


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


def _labs(ward: WardState, t0: pd.Series) -> pd.DataFrame:
    """All values of these patients, with what is known of each one's bounds, confounding and place in the course."""
    points = ward.assessment.points
    first = points.groupby("patient_id")["collected_at"].min()
    table = points.rename(columns={"value_text": "value_reported", "unit_text": "unit_reported"})
    table = _since(table, "collected_at", t0).assign(
        hours_since_first=hours(points["collected_at"] - of_each(points["patient_id"], first)),
        value_low=points["value"].where(~points["below"], 0.0),
        value_high=points["value"].where(~points["above"]),
        value_id=points["ref"],
    )
    return table.sort_values(["patient_id", "collected_at", "analyte", "method", "ref"], ignore_index=True)


def _from_findings(points: pd.DataFrame, course: Course) -> pd.Series:
    """Temperatures that an examiner wrote down are findings, and stand in that table."""
    return points["ref"].isin(course.findings.loc[course.findings["finding"].eq(FINDING), "ref"])


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
