"""
What of a measured value is the patient's own, where a product of known strength put the rest there.

own = measured - sum over doses of mg/kg * (rise per mg/kg) * 2^(-hours / half-life)

A fall that concentrate hides is seen in the own part. How far recovery differs between patients widens its noise; a
value of which too little is the patient's own, or which another product moved too, stays left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.analysis.administrations import amounts
from monitoring.analysis.columns import Laid, texts
from monitoring.analysis.confounders import effects, given_among, moved
from monitoring.analysis.matching import paired
from monitoring.analysis.points import hours
from monitoring.analysis.remembering import of_catalog
from monitoring.terms import Catalog

LINE = ["line_log", "line_sigma", "counts", "added"]


def with_own_part(points: pd.DataFrame, doses: pd.DataFrame, bodies: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    `points` with LINE: the log and the noise a line goes by, whether the value counts in one, and `added`, what
    products put there (our unit; 0 where nothing, NaN where it cannot be told).
    """
    exact, usable, suspect = (points[name].to_numpy(dtype=bool) for name in ("exact", "usable", "suspect"))
    value, noise, log = (points[name].to_numpy(dtype=float) for name in ("value", "sigma", "log"))
    part = _added(points, doses, bodies, catalog)
    touched, own = part.sure > 0, value - part.sure
    enough = touched & (own >= catalog.settings["own_part_least_share"] * value)
    with np.errstate(divide="ignore", invalid="ignore"):
        wider, own_log = np.sqrt((noise * value) ** 2 + part.spread**2) / own, np.log(own)
    return points.assign(
        line_log=np.where(enough, own_log, log),
        line_sigma=np.where(enough, wider, noise),
        counts=np.where(touched, enough & exact & ~suspect & ~part.blocked, exact & usable & ~suspect),
        added=np.where(part.blocked, np.nan, part.sure),
    )


@dataclass(frozen=True)
class Added:
    """Of each point what products added: surely, its standard deviation, and whether none can tell (`blocked`)."""

    sure: np.ndarray
    spread: np.ndarray
    blocked: np.ndarray


def _added(points: pd.DataFrame, doses: pd.DataFrame, bodies: pd.DataFrame, catalog: Catalog) -> Added:
    size, strength = len(points), _strengths(catalog)
    doses = given_among(doses, [*effects(catalog)["given"]])
    dose, kind = paired([texts(doses["given"])], [texts(strength["given"])])
    if not len(dose):
        return Added(np.zeros(size), np.zeros(size), np.zeros(size, dtype=bool))
    laid = Laid.of(points)
    mg_kg, started = amounts(doses, bodies)["mg_kg"][dose], hours(doses["started_at"])[dose]
    row, at = laid.touched(texts(doses["patient_id"])[dose], texts(strength["analyte"])[kind])
    since = points["hour"].to_numpy()[at] - started[row]
    row, at, since = row[since > 0], at[since > 0], since[since > 0]
    lasts, raises, half_life, differs = (
        strength[name].to_numpy(dtype=float)[kind][row] for name in ("hours", "raises", "half_life", "differs")
    )
    sure = mg_kg[row] * raises * 0.5 ** (since / half_life)
    blocked = np.isin(np.arange(size), at[np.isnan(mg_kg[row]) & (since <= lasts)])
    blocked[_moved_otherwise(points, laid, doses, catalog)] = True
    total, spread = (np.bincount(at, np.nan_to_num(part), minlength=size) for part in (sure, sure * differs))
    return Added(total, spread, blocked)


@of_catalog
def _strengths(catalog: Catalog) -> pd.DataFrame:
    rows = [
        (product.code, effect.analyte, effect.hours, effect.raises_per_mg_kg, effect.half_life_hours, effect.differs)
        for product in catalog.products.values()
        for effect in product.effects
        if effect.raises_per_mg_kg is not None
    ]
    return pd.DataFrame(rows, columns=["given", "analyte", "hours", "raises", "half_life", "differs"])


@of_catalog
def _unknown_strengths(catalog: Catalog) -> pd.DataFrame:
    every, known = effects(catalog), _strengths(catalog)
    return every[every["analyte"].isin(known["analyte"]) & ~every["given"].isin(known["given"]) & ~every["kept"]]


def _moved_otherwise(points: pd.DataFrame, laid: Laid, doses: pd.DataFrame, catalog: Catalog) -> np.ndarray:
    """Positions of the values that a product whose strength nobody knows touched as well."""
    at, _ = moved(points, laid, doses, _unknown_strengths(catalog))
    return at
