"""Steroid response at 24, 48 and 72 h: the markers joined to a verdict, for every high-dose start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.matching import of_each
from monitoring.analysis.points import hours
from monitoring.analysis.response_odds import probabilities
from monitoring.terms import Catalog

WINDOW = ["patient_id", "t0", "hours"]
STATES = ["improved", "unchanged", "worse", "not_interpretable", "missing"]


def verdicts(
    markers: pd.DataFrame, t0: pd.DataFrame, contexts: pd.Series, catalog: Catalog, *, as_of: datetime
) -> pd.DataFrame:
    """
    One row a start and window: WINDOW, verdict, worsening (bool), assessed_at (when it could be said; NaT while too
    early), seen_at (newest draw used), opens_at, due_at, closes_at, drug, course_no, known_at, the probability of
    response with its range (see response_odds.py), slow and no_improvement (bool), context (of `contexts`, by patient),
    and the number of markers in each state.

    24 h never calls a non-response: no change is indeterminate, a real worsening is a warning. 48 h is the decision,
    72 h is what trials used. Of the round before the window nothing is judged until the window's own hour has come.
    """
    numbers = catalog.rules["steroid_response"].parameters
    table = _counts(markers, numbers).merge(probabilities(markers, catalog), on=WINDOW)
    table = table.merge(t0[["patient_id", "t0", "drug", "course_no", "known_at"]], on=["patient_id", "t0"])
    hour = pd.to_timedelta(table["hours"], unit="h")
    table["due_at"] = table["t0"] + hour
    table["opens_at"] = table["due_at"] - pd.Timedelta(hours=numbers["window_before_hours"])
    table["closes_at"] = table["due_at"] + pd.Timedelta(hours=numbers["window_after_hours"])
    table["worsening"] = _worsening(table, numbers)
    table["verdict"] = _verdict(table, numbers, pd.Timestamp(as_of))
    table["assessed_at"] = _assessed(table, numbers)
    table["slow"] = _slow(table, numbers)
    table["no_improvement"] = _no_improvement(table, numbers)
    table["context"] = of_each(table["patient_id"], contexts)
    return table


def _counts(markers: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.DataFrame:
    told = markers[WINDOW].assign(**{state: markers["state"].eq(state) for state in STATES})
    read = ~markers["state"].eq("missing")
    told["inside"] = read & (markers["now_since"] >= markers["hours"] - numbers["window_before_hours"])
    told["drawn_since"] = read & (markers["last_since"] >= markers["hours"])
    ferritin = markers["analyte"].eq("ferritin")
    for state in ("improved", "unchanged", "worse"):
        told[f"ferritin_{state}"] = ferritin & markers["state"].eq(state)
    counts = told.groupby(WINDOW, sort=False).sum().reset_index()
    counts["drawn_since"] = counts["drawn_since"] >= numbers["min_markers"]
    used = markers.loc[read, [*WINDOW, "used_at", "seen_at"]]
    last = used.groupby(WINDOW, sort=False)[["used_at", "seen_at"]].max()
    return counts.merge(last.reset_index(), on=WINDOW, how="left")


def _worsening(table: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.Series:
    """A real worsening: ferritin itself, or several markers, and more of them worse than better."""
    strong = (table["worse"] >= numbers["worse_markers"]) | (table["ferritin_worse"] > 0)
    return strong & (table["worse"] > table["improved"])


def _verdict(table: pd.DataFrame, numbers: Mapping[str, Any], now: pd.Timestamp) -> np.ndarray:
    read = table["improved"] + table["unchanged"] + table["worse"]
    enough = read >= numbers["min_markers"]
    waits = (now < table["closes_at"]) & ~enough | (now < table["due_at"]) & (table["inside"] < numbers["min_markers"])
    panel = (table["improved"] >= numbers["improved_markers"]) & (table["worse"] == 0)
    panel |= table["improved"] - table["worse"] >= numbers["improved_margin"]
    likely = table["probability"] >= numbers["likely"]
    firm = table["drawn_since"] | (now >= _firm_at(table, numbers))
    limit = np.where(firm, numbers["unlikely"], numbers["unlikely_early"])
    unlikely = (table["probability"] <= limit) & (table["probability_high"] <= numbers["likely"])
    unlikely &= ~_begins_slowly(table, numbers)
    unlikely &= ~((table["strongest"] >= numbers["strong_log_odds"]) & (table["worse"] == 0))
    both = (table["improved"] > 0) & (table["worse"] > 0)
    decides = table["hours"] >= numbers["decision_hours"]
    cases = [now < table["opens_at"], waits, ~enough, panel & likely, decides & unlikely, both]
    names = ["too_early", "too_early", "insufficient_data", "responding", "not_responding", "mixed"]
    return np.select(cases, names, "indeterminate")


def _firm_at(table: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.Series:
    """From when on a window is judged by what there is, also without a draw since its own hour."""
    return table["due_at"] + pd.Timedelta(hours=numbers["firm_after_hours"])


def _slow(table: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.Series:
    """At a decision: something improves, at least as much as worsens, and yet it is no response, nor was one before."""
    answered = table["verdict"].eq("responding").groupby([table["patient_id"], table["t0"]]).cumsum() > 0
    open_yet = table["verdict"].isin(["indeterminate", "mixed"]) & (table["hours"] >= numbers["decision_hours"])
    improving = (table["improved"] > 0) & (table["improved"] >= table["worse"])
    possible = (table["probability"] >= numbers["unlikely"]) & improving
    return open_yet & ~answered & (possible | _begins_slowly(table, numbers))


def _begins_slowly(table: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.Series:
    """A day after it may have begun: the markers go as they do in a response that began that late."""
    told = table["hours"] >= numbers["slow_free_hours"] + numbers["windows"][0]
    return told & (table["slow_probability"] >= numbers["likely"])


def _no_improvement(table: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.Series:
    """At a decision: no response, or not one marker better."""
    none = table["verdict"].isin(["indeterminate", "mixed"]) & (table["improved"] == 0)
    return (table["verdict"].eq("not_responding") | none) & (table["hours"] >= numbers["decision_hours"])


def _assessed(table: pd.DataFrame, numbers: Mapping[str, Any]) -> pd.Series:
    """When it could be said: the window open, its values known, and of a window without its own draw the hour past."""
    own = table["inside"] >= numbers["min_markers"]
    earliest = table["opens_at"].where(own, table["due_at"])
    waited = table["verdict"].eq("not_responding") & (table["probability"] > numbers["unlikely_early"])
    earliest = earliest.mask(waited & ~table["drawn_since"], _firm_at(table, numbers))
    said = table["used_at"].where(table["used_at"] >= earliest, earliest)
    said = said.where(said >= table["known_at"], table["known_at"])
    said = said.where(table["verdict"] != "insufficient_data", table["closes_at"])
    return said.where(table["verdict"] != "too_early", pd.NaT)


def clocks(t0: pd.DataFrame, *, as_of: datetime) -> pd.Series:
    """Hours since each patient's newest high-dose start."""
    newest = t0.sort_values("t0").drop_duplicates("patient_id", keep="last").set_index("patient_id")["t0"]
    return pd.Series(hours(pd.Series([pd.Timestamp(as_of)] * len(newest))) - hours(newest), index=newest.index)
