"""Steroid response at 24, 48 and 72 h: the markers joined to a verdict, for every high-dose start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.points import hours
from monitoring.terms import Catalog

WINDOW = ["patient_id", "t0", "hours"]
STATES = ["improved", "unchanged", "worse", "not_interpretable", "missing"]


def verdicts(markers: pd.DataFrame, t0: pd.DataFrame, catalog: Catalog, *, as_of: datetime) -> pd.DataFrame:
    """
    One row a start and window: WINDOW, verdict, worsening (bool), assessed_at (when it could be said; NaT while too
    early), seen_at (newest draw used), opens_at, due_at, closes_at, drug, course_no, known_at,
    and the number of markers in each state.

    24 h never calls a non-response: no change is indeterminate, a real worsening is a warning. 48 h is the decision,
    72 h is what trials used.
    """
    numbers = catalog.rules["steroid_response"].parameters
    table = _counts(markers).merge(t0[["patient_id", "t0", "drug", "course_no", "known_at"]], on=["patient_id", "t0"])
    hour = pd.to_timedelta(table["hours"], unit="h")
    table["due_at"] = table["t0"] + hour
    table["opens_at"] = table["due_at"] - pd.Timedelta(hours=numbers["window_before_hours"])
    table["closes_at"] = table["due_at"] + pd.Timedelta(hours=numbers["window_after_hours"])
    table["worsening"] = _worsening(table, numbers)
    table["verdict"] = _verdict(table, numbers, pd.Timestamp(as_of))
    table["assessed_at"] = _assessed(table)
    return table


def _counts(markers: pd.DataFrame) -> pd.DataFrame:
    told = markers[WINDOW].assign(**{state: markers["state"].eq(state) for state in STATES})
    ferritin = markers["analyte"].eq("ferritin")
    for state in ("improved", "unchanged", "worse"):
        told[f"ferritin_{state}"] = ferritin & markers["state"].eq(state)
    counts = told.groupby(WINDOW, sort=False).sum().reset_index()
    used = markers[~markers["state"].isin(["missing"])]
    received = used[["now_received_at", "base_received_at"]].max(axis=1)
    last = used.assign(used_at=received, seen_at=used["now_collected_at"]).groupby(WINDOW)[["used_at", "seen_at"]].max()
    return counts.merge(last.reset_index(), on=WINDOW, how="left")


def _worsening(table: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.Series:
    """A real worsening: ferritin itself, or several markers, and more of them worse than better."""
    strong = (table["worse"] >= numbers["worse_markers"]) | (table["ferritin_worse"] > 0)
    return strong & (table["worse"] > table["improved"])


def _verdict(table: pd.DataFrame, numbers: Mapping[str, Any], now: pd.Timestamp) -> np.ndarray:
    read = table["improved"] + table["unchanged"] + table["worse"]
    enough = read >= numbers["min_markers"]
    early = table["hours"] < numbers["decision_hours"]
    better = (table["improved"] >= numbers["improved_markers"]) & (table["worse"] == 0)
    mostly = table["improved"] - table["worse"] >= numbers["improved_margin"]
    both = (table["improved"] > 0) & (table["worse"] > 0)
    flat = (
        (table["improved"] == 0)
        & (table["worse"] == 0)
        & (table["ferritin_unchanged"] > 0)
        & (table["unchanged"] >= numbers["flat_markers"])
    )
    only_worse = (table["improved"] == 0) & (table["worse"] > 0)
    cases = [
        now < table["opens_at"],
        ~enough & (now < table["closes_at"]),
        ~enough,
        better | mostly,
        ~early & (table["worsening"] | only_worse | flat),
        both,
    ]
    names = ["too_early", "too_early", "insufficient_data", "responding", "not_responding", "mixed"]
    return np.select(cases, names, "indeterminate")


def _assessed(table: pd.DataFrame) -> pd.Series:
    said = table["used_at"].where(table["used_at"] >= table["opens_at"], table["opens_at"])
    said = said.where(said >= table["known_at"], table["known_at"])
    said = said.where(table["verdict"] != "insufficient_data", table["closes_at"])
    return said.where(table["verdict"] != "too_early", pd.NaT)


def clocks(t0: pd.DataFrame, *, as_of: datetime) -> pd.Series:
    """Hours since each patient's newest high-dose start."""
    newest = t0.sort_values("t0").drop_duplicates("patient_id", keep="last").set_index("patient_id")["t0"]
    return pd.Series(hours(pd.Series([pd.Timestamp(as_of)] * len(newest))) - hours(newest), index=newest.index)
