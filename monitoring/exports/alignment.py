"""The moment that courses are laid over each other at, and what each value changed since then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monitoring.analysis.matching import of_each
from monitoring.exports.layouts import layout
from monitoring.exports.wanted import ADMISSION, FLAG, LINE, STEROID
from monitoring.terms import Catalog

if TYPE_CHECKING:
    from monitoring.state import WardState

SERIES = ["patient_id", "analyte", "segment"]


def zeros(ward: WardState, align: str) -> pd.Series:
    """Patient -> the moment of hour 0; those without one are not in it."""
    kind, _, which = align.partition(":")
    judged = ward.assessment
    if kind == STEROID:
        return judged.starts.groupby("patient_id")["t0"].min()
    if kind == ADMISSION:
        return judged.course.patients.set_index("patient_id")["admitted_at"].dropna()
    if kind == LINE:
        bars = judged.spans[judged.spans["line"].eq(which)]
        return bars.groupby("patient_id")["started_at"].min()
    if kind == FLAG:
        raised = ward.history[ward.history["flag"].eq(which) & ward.history["change"].eq("raised")]
        stands = ward.flags[ward.flags["flag"].eq(which) & ward.flags["state"].ne("retracted")]
        return raised[raised["patient_id"].isin(stands["patient_id"])].groupby("patient_id")["began_at"].min()
    return judged.points.groupby("patient_id")["collected_at"].min()


def aligned(points: pd.DataFrame, zero: pd.Series, catalog: Catalog) -> pd.DataFrame:
    """
    Columns hours_since_alignment, baseline, change and change_percent beside `points`.

    The baseline is the last number of the same analyte and method, not moved by a product, at hour 0 or before it, not
    older than the stated hours. A bound has no change.
    """
    at = of_each(points["patient_id"], zero)
    since = (points["collected_at"] - at).dt.total_seconds() / 3600.0
    within = since.le(0) & since.ge(-float(layout(catalog).settings["baseline_hours"]))
    fit = points[within & points["usable"] & points["exact"]].sort_values("collected_at", kind="stable")
    last = fit.drop_duplicates(SERIES, keep="last").set_index(SERIES)["value"]
    places = pd.MultiIndex.from_frame(points[SERIES])
    baseline = last.reindex(places).to_numpy(dtype=float) if len(last) else np.full(len(points), np.nan)
    change = np.where(points["exact"], points["value"].to_numpy(dtype=float) - baseline, np.nan)
    percent = np.divide(100.0 * change, baseline, out=np.full(len(points), np.nan), where=baseline > 0)
    return pd.DataFrame(
        {"hours_since_alignment": since.round(2), "baseline": baseline, "change": change,
         "change_percent": percent.round(2)}, index=points.index,
    )  # fmt: skip
