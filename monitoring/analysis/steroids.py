"""High-dose steroid courses: when the first administration of each was, which is T0 of its response."""

from __future__ import annotations

import numpy as np
import pandas as pd

from monitoring.analysis.columns import by_text, ranked
from monitoring.analysis.points import hours
from monitoring.terms import UNRECORDED, Catalog
from storage.frames import NUMBER, TEXT, TIME, WHOLE, shaped

STARTS = {
    "patient_id": TEXT, "t0": TIME, "t0_hour": NUMBER, "drug": TEXT, "name_text": TEXT, "course_no": WHOLE,
    "known_at": TIME, "until_hour": NUMBER, "day_mg": NUMBER, "day_mg_kg": NUMBER, "amount": NUMBER, "unit": TEXT,
    "ref": WHOLE, "version": WHOLE,
}  # fmt: skip
DAY_HOURS = 24.0


def starts(given: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    One row a high-dose course. T0 is the first administration of the 24 h in which the steroids reach the high dose
    (per kg; per m2 or per day where the weight is unknown); a new course begins after new_course_after_hours below it.
    `known_at`: when that could be known; `until_hour`: 24 h after the last high day; `day_mg`: prednisone-equivalent.
    """
    numbers = catalog.rules["steroid_response"].parameters
    steroid = _steroids(given, catalog)
    day, reached = _last_day(steroid, catalog)
    high = steroid.assign(**day)[reached].reset_index(drop=True)
    if high.empty:
        return shaped(pd.DataFrame(), STARTS)
    number, fresh = _courses(high, numbers["new_course_after_hours"])
    return _first_of_each(high, steroid, number, fresh)


def _steroids(given: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    factors = {
        code: d.prednisone_factor for code, d in catalog.drugs.items() if d.prednisone_factor and d.starts_course
    }
    some = np.flatnonzero(by_text(given["given"], dict.fromkeys(factors, True), False))
    patient, hour, ref = ranked(given["patient_id"])[some], *(given[name].to_numpy()[some] for name in ("hour", "ref"))
    mine = given.take(some[np.lexsort((ref, hour, patient))]).reset_index(drop=True)
    factor = by_text(mine["given"], factors, np.nan)
    return mine.assign(
        patient=pd.factorize(mine["patient_id"])[0],
        day_mg=mine["mg"] * factor,
        day_mg_kg=mine["mg_kg"] * factor,
        day_mg_m2=mine["mg_m2"] * factor,
    )


def _last_day(steroid: pd.DataFrame, catalog: Catalog) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """
    At each administration: the sums of the 24 h up to it, and `first`, the position from which on the sum is high.

    Going back dose by dose, `first` stays where the high dose is reached: a home dose of that morning does not move T0.
    """
    patient, hour = steroid["patient"].to_numpy(), steroid["hour"].to_numpy()
    doses = {name: np.nan_to_num(steroid[name].to_numpy(dtype=float)) for name in ("day_mg", "day_mg_kg", "day_mg_m2")}
    total = {name: amounts.copy() for name, amounts in doses.items()}
    first = np.arange(len(steroid))
    reached = _is_high(total, catalog) | _high_unstated(steroid, catalog)
    for lag in range(1, len(steroid)):
        here = np.arange(lag, len(steroid))
        here = here[(patient[lag:] == patient[:-lag]) & (hour[lag:] - hour[:-lag] < DAY_HOURS)]
        if not len(here):
            break
        for name, amounts in doses.items():
            total[name][here] += amounts[here - lag]
        first[here] = np.where(reached[here], first[here], here - lag)
        reached[here] |= _is_high({name: sums[here] for name, sums in total.items()}, catalog)
    return total | {"first": first}, reached


def _is_high(total: dict[str, np.ndarray], catalog: Catalog) -> np.ndarray:
    """By weight where the amount can be put per kg; else per m2; else per day."""
    numbers = catalog.rules["steroid_response"].parameters
    return np.select(
        [total["day_mg_kg"] > 0, total["day_mg_m2"] > 0],
        [total["day_mg_kg"] >= numbers["high_dose_mg_kg"], total["day_mg_m2"] >= numbers["high_dose_mg_m2"]],
        total["day_mg"] >= numbers["high_dose_mg_day"],
    ).astype(bool)


def _high_unstated(steroid: pd.DataFrame, catalog: Catalog) -> np.ndarray:
    """A dose that nobody recorded is a high one by its name ("pulse"), or by how this drug is given when it is high."""
    names = {name.casefold() for drug in catalog.drugs.values() for name in drug.high_dose_names}
    routes = {(drug.code, by.casefold()) for drug in catalog.drugs.values() for by in drug.high_when_unstated}
    unstated = steroid["mg"].isna().to_numpy()
    some = steroid[unstated]
    route = some["route"].str.strip().str.casefold()
    by = zip(some["given"], route.where(route.ne(""), UNRECORDED), strict=True)
    named = some["name_text"].str.strip().str.casefold().isin(names).to_numpy(dtype=bool)
    high = np.zeros(len(steroid), dtype=bool)
    high[unstated] = named | np.array([way in routes for way in by], dtype=bool)
    return high


def _courses(high: pd.DataFrame, gap_hours: float) -> tuple[np.ndarray, np.ndarray]:
    """Number of the course (from 1, per patient) of each high administration, and whether it is the course's first."""
    patient, hour = high["patient"].to_numpy(), high["hour"].to_numpy()
    new_patient = np.r_[True, patient[1:] != patient[:-1]]
    below = np.r_[0.0, hour[1:] - hour[:-1] - DAY_HOURS]
    fresh = new_patient | (below >= gap_hours)
    return pd.Series(fresh).groupby(patient).cumsum().to_numpy(dtype=int), fresh


def _first_of_each(high: pd.DataFrame, steroid: pd.DataFrame, number: np.ndarray, fresh: np.ndarray) -> pd.DataFrame:
    opening = high[fresh].reset_index(drop=True)
    begin = steroid.iloc[opening["first"]].reset_index(drop=True)
    last = high.assign(course=number).groupby(["patient_id", "course"], sort=False)["hour"].max().to_numpy()
    return pd.DataFrame(
        {
            "patient_id": begin["patient_id"],
            "t0": begin["at"],
            "t0_hour": hours(begin["at"]),
            "drug": begin["given"],
            "name_text": begin["name_text"],
            "course_no": number[fresh],
            "known_at": opening["received_at"].where(
                opening["received_at"] >= begin["received_at"], begin["received_at"]
            ),
            "until_hour": last + DAY_HOURS,
            "day_mg": opening["day_mg"],
            "day_mg_kg": opening["day_mg_kg"],
            "amount": begin["amount"],
            "unit": begin["unit"],
            "ref": begin["ref"],
            "version": begin["version"],
        }
    )[[*STARTS]]
