"""Doses as single administrations in mg: running courses laid out day by day, weights and surface areas worked in."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from monitoring.analysis.columns import by_text, by_word, moments, texts, utc
from monitoring.analysis.matching import spread
from monitoring.analysis.points import hours
from monitoring.terms import Catalog

DAY = np.timedelta64(24, "h")
GRAMS = ("g", "g/kg", "g/m2")
PER = {"mg": "dose", "g": "dose", "mg/kg": "kg", "g/kg": "kg", "mg/m2": "m2", "g/m2": "m2"}
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
    mine = np.flatnonzero(by_text(doses["given"], dict.fromkeys(catalog.drugs, True), False))
    place, day = spread(_times(doses[["started_at", "ended_at", "unit"]].take(mine), as_of))
    laid = doses.take(mine[place]).reset_index(drop=True)
    at = moments(laid["started_at"]) + day * DAY
    return laid.assign(at=utc(at), hour=hours(pd.Series(utc(at))), **amounts(laid, bodies))


def _times(doses: pd.DataFrame, as_of: datetime) -> np.ndarray:
    """How often each row counts by `as_of`: a single dose once, a daily course once for every day begun."""
    now = moments(pd.Series([as_of]))[0]
    started, ended = moments(doses["started_at"]), moments(doses["ended_at"])
    days = (np.where(ended <= now, ended, now) - started) / DAY
    courses = np.maximum(np.ceil(np.nan_to_num(days)), 1)
    return np.where(started <= now, np.where(is_daily(doses), courses, 1), 0).astype(int)


def is_daily(doses: pd.DataFrame) -> np.ndarray:
    return by_word(doses["unit"], lambda unit: unit.endswith("/day"), False)


def amounts(laid: pd.DataFrame, bodies: pd.DataFrame) -> dict[str, np.ndarray]:
    """mg, mg/kg and mg/m2 of one administration, whichever of them the unit and the body allow."""
    per = by_word(laid["unit"], lambda unit: PER.get(unit.removesuffix("/day"), ""), "")
    grams = by_word(laid["unit"], lambda unit: unit.removesuffix("/day") in GRAMS, False)
    amount = laid["amount"].to_numpy(dtype=float) * np.where(grams, 1000.0, 1.0)
    whose, names = pd.factorize(laid["patient_id"])
    body = bodies.reindex(names)
    kg, m2 = (body[name].to_numpy(dtype=float)[whose] for name in ("weight_kg", "bsa_m2"))
    plain, per_kg, per_m2 = (per == name for name in ("dose", "kg", "m2"))
    mg = np.select([plain, per_kg, per_m2], [amount, amount * kg, amount * m2], np.nan)
    return {
        "mg": mg,
        "mg_kg": np.where(per_kg, amount, mg / kg),
        "mg_m2": np.where(per_m2, amount, mg / m2),
    }
