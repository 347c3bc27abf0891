"""
What of a measured value is the patient's own, where a product of known strength put the rest there.

own = measured - sum over doses of mg/kg * (rise per mg/kg) * 2^(-hours / half-life)

A fall that concentrate hides is seen in the own part. How far recovery differs between patients widens its noise; a
value of which too little is the patient's own, or which another product moved too, stays left out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from monitoring.analysis.administrations import amounts
from monitoring.analysis.confounders import effects
from monitoring.analysis.points import hours
from monitoring.terms import Catalog

LINE = ["line_log", "line_sigma", "counts", "added"]


def with_own_part(points: pd.DataFrame, doses: pd.DataFrame, bodies: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    `points` with LINE: the log and the noise a line goes by, whether the value counts in one, and `added`, what
    products put there (our unit; 0 where nothing, NaN where it cannot be told).
    """
    counts = points["exact"] & points["usable"] & ~points["suspect"]
    added = _added(points, doses, bodies, catalog)
    value = points["value"].to_numpy(dtype=float)
    touched = np.isfinite(added["sure"].to_numpy()) & (added["sure"].to_numpy() > 0)
    sure, spread = added["sure"].fillna(0.0).to_numpy(), added["spread"].fillna(0.0).to_numpy()
    own = value - sure
    enough = touched & (own >= catalog.settings["own_part_least_share"] * value)
    noise = points["sigma"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        wider = np.sqrt((noise * value) ** 2 + spread**2) / own
        log = np.log(own)
    sound = (points["exact"] & ~points["suspect"] & ~added["blocked"]).to_numpy()
    return points.assign(
        line_log=np.where(enough, log, points["log"]),
        line_sigma=np.where(enough, wider, noise),
        counts=np.where(touched, enough & sound, counts.to_numpy()),
        added=np.where(added["blocked"], np.nan, sure),
    )


def _added(points: pd.DataFrame, doses: pd.DataFrame, bodies: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """A row a point: `sure`, `spread` (standard deviation) of what products added, `blocked` where none can tell."""
    plain = pd.DataFrame({"sure": 0.0, "spread": 0.0, "blocked": False}, index=points.index)
    known = _strengths(catalog)
    given = doses[doses["given"].isin(known["given"])].reset_index(drop=True)
    if given.empty:
        return plain
    given = given.assign(mg_kg=amounts(given, bodies)["mg_kg"])[["patient_id", "given", "started_at", "mg_kg"]]
    given = given.assign(given_hour=hours(given["started_at"])).merge(known, on="given")
    touched = points.loc[points["analyte"].isin(known["analyte"]), ["patient_id", "analyte", "hour"]]
    pairs = touched.reset_index(names="at").merge(given, on=["patient_id", "analyte"])
    since = pairs["hour"] - pairs["given_hour"]
    pairs = pairs[since > 0].assign(since=since[since > 0])
    sure = pairs["mg_kg"] * pairs["raises"] * 0.5 ** (pairs["since"] / pairs["half_life"])
    unknown = pairs["mg_kg"].isna() & (pairs["since"] <= pairs["hours"])
    told = pairs.assign(sure=sure.fillna(0.0), spread=(sure * pairs["differs"]).fillna(0.0), blocked=unknown)
    sums = told.groupby("at").agg(sure=("sure", "sum"), spread=("spread", "sum"), blocked=("blocked", "any"))
    plain.loc[sums.index, ["sure", "spread", "blocked"]] = sums
    plain["blocked"] = plain["blocked"].astype(bool) | _moved_otherwise(points, doses, catalog)
    return plain


def _strengths(catalog: Catalog) -> pd.DataFrame:
    rows = [
        (product.code, effect.analyte, effect.hours, effect.raises_per_mg_kg, effect.half_life_hours, effect.differs)
        for product in catalog.products.values()
        for effect in product.effects
        if effect.raises_per_mg_kg is not None
    ]
    return pd.DataFrame(rows, columns=["given", "analyte", "hours", "raises", "half_life", "differs"])


def _moved_otherwise(points: pd.DataFrame, doses: pd.DataFrame, catalog: Catalog) -> np.ndarray:
    """Whether a product whose strength nobody knows touched the value as well."""
    every, known = effects(catalog), _strengths(catalog)
    unknown = every[every["analyte"].isin(known["analyte"]) & ~every["given"].isin(known["given"]) & ~every["kept"]]
    given = doses[["patient_id", "given", "started_at", "ended_at"]].merge(unknown, on="given")
    given["until"] = given["ended_at"].fillna(given["started_at"]) + pd.to_timedelta(given["hours"], unit="h")
    touched = points.loc[points["analyte"].isin(known["analyte"]), ["patient_id", "analyte", "collected_at"]]
    pairs = touched.reset_index(names="at").merge(given, on=["patient_id", "analyte"])
    inside = (pairs["collected_at"] > pairs["started_at"]) & (pairs["collected_at"] <= pairs["until"])
    return np.isin(points.index.to_numpy(), pairs.loc[inside, "at"].to_numpy())
