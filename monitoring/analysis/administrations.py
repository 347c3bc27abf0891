"""Doses as single administrations in mg: running courses laid out day by day, weights and surface areas worked in."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from monitoring.analysis.columns import by_text, texts
from monitoring.analysis.points import hours
from monitoring.terms import Catalog

DAY = pd.Timedelta(days=1)
SIZES = {"weight": "weight_kg", "height": "height_cm"}  # analyte -> column


def bodies(patients: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """
    Per patient (index): weight_kg, height_cm, bsa_m2; NaN where unknown. A measured value beats the patient's entry.

    bsa = sqrt(height * weight / 3600): Mosteller, N Engl J Med 1987;317:1098.
    """
    names = texts(patients["patient_id"])
    told = {column: patients[column].to_numpy(dtype=float, copy=True) for column in SIZES.values()}
    kind = by_text(observations["analyte"], {analyte: number for number, analyte in enumerate(SIZES)}, -1)
    sized = np.flatnonzero(kind >= 0)
    if len(sized):
        _measured(told, names, observations.take(sized))
    bsa = np.sqrt(told["height_cm"] * told["weight_kg"] / 3600.0)
    return pd.DataFrame(told | {"bsa_m2": bsa}, index=pd.Index(names, dtype="str", name="patient_id"))


def _measured(told: dict[str, np.ndarray], names: np.ndarray, sizes: pd.DataFrame) -> None:
    exact = sizes[sizes["comparator"].eq("") & sizes["value"].notna()].sort_values("collected_at")
    for analyte, column in SIZES.items():
        newest = exact[exact["analyte"].eq(analyte)].groupby("patient_id")["value"].last().reindex(names).to_numpy()
        told[column] = np.where(np.isnan(newest), told[column], newest)


def administrations(doses: pd.DataFrame, bodies: pd.DataFrame, catalog: Catalog, *, as_of: datetime) -> pd.DataFrame:
    """
    One row an administration up to `as_of`: patient_id, given, name_text, at, hour, received_at, mg (NaN: cannot
    tell), mg_kg, mg_m2, amount, unit, ref, version. A course with a daily amount counts once every 24 h while it runs.
    """
    told = doses[doses["given"].isin(list(catalog.drugs))].reset_index(drop=True)
    laid = told.loc[told.index.repeat(_times(told, as_of))]
    laid = laid.assign(at=laid["started_at"] + laid.groupby(level=0).cumcount() * DAY).reset_index(drop=True)
    return laid.assign(hour=hours(laid["at"]), **amounts(laid, bodies))


def _times(doses: pd.DataFrame, as_of: datetime) -> np.ndarray:
    """How often each row counts by `as_of`: a single dose once, a daily course once for every day begun."""
    now = pd.Timestamp(as_of)
    until = doses["ended_at"].where(doses["ended_at"] <= now, now)
    days = (until - doses["started_at"]).dt.total_seconds().to_numpy(dtype=float) / DAY.total_seconds()
    daily = is_daily(doses)
    courses = np.maximum(np.ceil(np.nan_to_num(days)), 1)
    return np.where(doses["started_at"] <= now, np.where(daily, courses, 1), 0).astype(int)


def is_daily(doses: pd.DataFrame) -> np.ndarray:
    return doses["unit"].str.endswith("/day").to_numpy(dtype=bool)


def amounts(laid: pd.DataFrame, bodies: pd.DataFrame) -> dict[str, np.ndarray]:
    """mg, mg/kg and mg/m2 of one administration, whichever of them the unit and the body allow."""
    unit = laid["unit"].str.removesuffix("/day")
    amount = laid["amount"].to_numpy(dtype=float) * np.where(unit.isin(["g", "g/kg", "g/m2"]), 1000.0, 1.0)
    body = bodies.reindex(laid["patient_id"])
    kg, m2 = body["weight_kg"].to_numpy(dtype=float), body["bsa_m2"].to_numpy(dtype=float)
    per_kg, per_m2 = unit.isin(["mg/kg", "g/kg"]).to_numpy(), unit.isin(["mg/m2", "g/m2"]).to_numpy()
    plain = unit.isin(["mg", "g"]).to_numpy()
    mg = np.select([plain, per_kg, per_m2], [amount, amount * kg, amount * m2], np.nan)
    return {
        "mg": mg,
        "mg_kg": np.where(per_kg, amount, mg / kg),
        "mg_m2": np.where(per_m2, amount, mg / m2),
    }
