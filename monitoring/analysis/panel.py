"""Whether the other markers of a patient got better or worse over a stretch of time, beyond the noise of each."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.analysis.pairs import in_pairs
from monitoring.terms import Catalog, Rule

COLUMNS = ["patient_id", "analyte", "hour", "log", "sigma", "segment", "received_at"]


@dataclass(frozen=True)
class Panel:
    """
    `pairs`: a row a stretch and marker measured on both sides: row, before, place (positions in the points),
    received_at (of the later one). `counts` by row: how many are better, and worse.
    """

    pairs: pd.DataFrame
    counts: pd.DataFrame

    def improving(self, rows: np.ndarray) -> np.ndarray:
        return self._more("better", "worse", rows)

    def worsening(self, rows: np.ndarray) -> np.ndarray:
        return self._more("worse", "better", rows)

    def _more(self, one: str, other: str, rows: np.ndarray) -> np.ndarray:
        told = self.counts.reindex(rows)
        return (told[one] > told[other]).to_numpy(dtype=bool)

    def places(self) -> dict[Hashable, tuple[int, ...]]:
        """By row: before and place of each marker, one pair after the other."""
        return in_pairs(self.pairs["row"], self.pairs["before"], self.pairs["place"])

    def known(self, received: pd.Series, rows: np.ndarray) -> pd.Series:
        """`received` by row, later for `rows` whose markers were known later."""
        last = self.pairs[self.pairs["row"].isin(rows)].groupby("row")["received_at"].max().reindex(received.index)
        return received.where(~(last > received), last)


def panel(measured: pd.DataFrame, stretches: pd.DataFrame, rule: Rule, catalog: Catalog) -> Panel:
    """
    `measured`: what `measured` gives; `stretches`: row, patient_id, and the hours since, now, until. Of each marker
    the last value up to `since` is compared with the last one up to `until`; neither may lie further than panel_hours
    before `since` or `now`.
    """
    near = measured.merge(stretches, on="patient_id").sort_values("place", kind="stable")
    both = _paired(near, rule.parameters["panel_hours"])
    good = both["analyte"].map({c: -1.0 if a.worse == "up" else 1.0 for c, a in catalog.analytes.items()})
    z = good.astype(float) * (both["log"] - both["log_before"]) / (np.sqrt(2.0) * both["sigma"])
    both = both.assign(better=z >= rule.parameters["z_panel"], worse=z <= -rule.parameters["z_panel"])
    counts = both.groupby("row")[["better", "worse"]].sum()
    return Panel(both[["row", "before", "place", "received_at"]].reset_index(drop=True), counts)


def measured(points: pd.DataFrame, patients: np.ndarray, rule: Rule) -> pd.DataFrame:
    """Of these patients the exact values of the rule's markers that no product touched and nobody doubts."""
    at = np.flatnonzero(points["patient_id"].isin(patients)) if len(patients) else np.zeros(0, dtype=int)
    few = points.iloc[at][[*COLUMNS, "exact", "suspect", "confounded_by"]].assign(place=at)
    sound = few["analyte"].isin(rule.parameters["markers"]) & few["exact"] & ~few["suspect"]
    return few.loc[sound & few["confounded_by"].eq(""), [*COLUMNS, "place"]]


def _paired(near: pd.DataFrame, hours: float) -> pd.DataFrame:
    key = ["row", "analyte"]
    early = near[(near["hour"] <= near["since"]) & (near["hour"] >= near["since"] - hours)]
    late = near[(near["hour"] > near["since"]) & (near["hour"] <= near["until"])]
    late = late[late["hour"] >= late["now"] - hours]
    early = early.drop_duplicates(key, keep="last")[[*key, "segment", "place", "log"]]
    early = early.rename(columns={"place": "before", "log": "log_before"})
    return late.drop_duplicates(key, keep="last").merge(early, on=[*key, "segment"])
