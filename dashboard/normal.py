"""What is normal for one patient: the laboratory's own interval, else the catalog's. Imports no streamlit."""

from __future__ import annotations

from typing import Final

from dashboard import wording
from dashboard.bedside import Bedside
from monitoring.terms import Analyte

OLDEST: Final = 120.0


def normal_band(side: Bedside, analyte: Analyte) -> tuple[float | None, float | None]:
    """The laboratory's own interval as newest reported; else the catalog's for this sex and age, where known."""
    own = side.series[analyte.code].normal if analyte.code in side.series else (None, None)
    return own if own != (None, None) else _generic(analyte, _sex(side), _years(side))


def _generic(analyte: Analyte, sex: str, years: float | None) -> tuple[float | None, float | None]:
    """An interval for one age only needs the age; without one, only an interval for all ages counts."""
    for interval in analyte.intervals:
        for_all = interval.from_years <= 0 and interval.to_years >= OLDEST
        fits = for_all if years is None else interval.from_years <= years < interval.to_years
        if interval.sex in ("", sex) and fits:
            return interval.low, interval.high
    return None, None


def _sex(side: Bedside) -> str:
    return {"M": "male", "F": "female"}.get(wording.sex(side.patient["sex"]), "")


def _years(side: Bedside) -> float | None:
    day = wording.born(side.patient["birth_date"])
    return None if day is None else (side.as_of.date() - day).days / 365.25
