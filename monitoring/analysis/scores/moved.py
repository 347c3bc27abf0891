"""Values that a product moved by itself, told for scores: by which one, and what that leaves of the patient's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.confounders import effects
from monitoring.terms import Catalog

NOTHING: dict[str, Any] = {"moved_up": False, "moved_down": False, "moved_any": False, "moved_by": ""}


def moved(rows: pd.DataFrame, doses: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    `rows` (patient_id, analyte, component, collected_at) with moved_up, moved_down, moved_any, moved_by ("": nothing).

    Unlike a flag, which may follow a drug of weeks, a score takes no moved value at face value, however long it lasts;
    the exceptions are those that scores.toml names as tolerated. Several products at once add up.
    """
    plain = rows.assign(**NOTHING)
    touching = _touching(rows, doses, catalog)
    if touching.empty:
        return plain
    told = {f"moved_{way}": touching["way"].eq(way).groupby(touching["at"]).any() for way in ("up", "down", "any")}
    last = touching.sort_values(["started_at", "given"]).groupby("at")["given"].last()
    told["moved_by"] = last.map({code: product.label for code, product in catalog.products.items()})
    for name, column in told.items():
        plain.loc[column.index, name] = column
    return plain


def _touching(rows: pd.DataFrame, doses: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """Pairs of a value (its index as `at`) and an effect it was drawn under, the way as it counts for the component."""
    given = doses[["patient_id", "given", "started_at", "ended_at"]].merge(_untolerated(catalog), on="given")
    given["until"] = given["ended_at"].fillna(given["started_at"]) + pd.to_timedelta(given["hours"], unit="h")
    values = rows[["patient_id", "analyte", "component", "collected_at"]].reset_index(names="at")
    pairs = values.merge(given, on=["patient_id", "analyte"])
    pairs = pairs[(pairs["collected_at"] > pairs["started_at"]) & (pairs["collected_at"] <= pairs["until"])]
    meaning = pairs["component"].map({code: part.any_means for code, part in catalog.scores.components.items()})
    return pairs.assign(way=np.where(pairs["way"].eq("any"), meaning, pairs["way"]))


def _untolerated(catalog: Catalog) -> pd.DataFrame:
    every = effects(catalog)[["given", "analyte", "way", "hours"]]
    kept = {(p, a) for one in catalog.scores.tolerated for p in one.products for a in one.analytes}
    fooling = [(given, analyte) not in kept for given, analyte in zip(every["given"], every["analyte"], strict=True)]
    return every[fooling]
