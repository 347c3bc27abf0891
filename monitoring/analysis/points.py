"""
Observations made ready to be judged: sorted, on the log scale, with the noise of their test.

A point that is not `exact` is a bound ("above" for ">40000"). One that is not `usable` was moved by a product; it is
drawn, and left out of the rule it would fool. `segment` counts the breaks of comparability within one series.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Laid, by_text, moments, ranked
from monitoring.analysis.comparability import segments
from monitoring.analysis.confounders import confounded
from monitoring.analysis.remembering import of_catalog
from monitoring.terms import Analyte, Catalog, Variation

HOUR = np.timedelta64(1, "h")
SIGNS = {">": 1, ">=": 1, "<": -1, "<=": -1}  # what a bound says lies above it, or below


def noise(variation: Variation | None) -> float:
    """
    Standard deviation of one value on the log scale; NaN when nobody measured the variation.

    sigma = sqrt(ln(1 + CVA^2) + ln(1 + CVI^2)): Fokkema et al., Clin Chem 2006;52:1602-3.
    """
    if variation is None:
        return math.nan
    return math.sqrt(math.log1p(variation.analytical**2) + math.log1p(variation.within_subject**2))


def reference_change(variation: Variation | None, z: float) -> float:
    """The log-normal reference change value as a difference of logs: z * sqrt(2) * sigma (same source)."""
    return z * math.sqrt(2.0) * noise(variation)


def points(observations: pd.DataFrame, doses: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    OBSERVATIONS of known analytes with a value, sorted by patient, analyte and time, plus:
    hour (since 1970), log, sigma, exact, above, below, usable, series (int), segment (int), what a line goes by
    (line_log, line_sigma, counts, added: see own_part.py, which knows the products),
    confounded_by, confounded_why, confounded_way ("", "up", "down", "any"), confounded_kept.
    """
    order, series = _by_series(observations, catalog)
    told = observations.take(order).reset_index(drop=True)
    laid = Laid.of(told, series)
    moved = confounded(told, laid, doses, catalog)
    sigma, smallest = (laid.each(trait, np.nan) for trait in _traits(catalog))
    sign = by_text(told["comparator"], SIGNS, 0)
    usable = ~moved.left_out
    log = np.log(np.maximum(told["value"].to_numpy(), smallest))
    return told.assign(
        **moved.columns,
        hour=hours(told["collected_at"]),
        log=log,
        sigma=sigma,
        above=sign > 0,
        below=sign < 0,
        exact=sign == 0,
        usable=usable,
        line_log=log,
        line_sigma=sigma,
        counts=(sign == 0) & usable,
        added=0.0,
        series=series,
        segment=segments(told, series, catalog),
    )


def hours(times: pd.Series) -> np.ndarray:
    """Hours since 1970 as floats; NaN where there is no time."""
    plain = moments(times)
    return np.where(np.isnat(plain), np.nan, (plain - np.datetime64(0, "us")) / HOUR)


def _by_series(observations: pd.DataFrame, catalog: Catalog) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the values there are to judge, by patient, analyte, time and ref; and each one's series."""
    known = by_text(observations["analyte"], dict.fromkeys(catalog.analytes, True), False)
    kept = np.flatnonzero(known & np.isfinite(observations["value"].to_numpy(dtype=float)))
    patient, analyte = (ranked(observations[name])[kept] for name in ("patient_id", "analyte"))
    drawn, ref = moments(observations["collected_at"])[kept], observations["ref"].to_numpy()[kept]
    number = patient * (analyte.max(initial=0) + 1) + analyte
    order = _grouped(number)
    order = _by_time(order, number, drawn, ref)
    return kept[order], np.cumsum(np.r_[False, np.diff(number[order]) != 0])[: len(order)]


def _grouped(number: np.ndarray) -> np.ndarray:
    """By number, what is in order otherwise as it is: one sort instead of three, and of small numbers none at all."""
    small = number.max(initial=0) <= np.iinfo(np.uint16).max  # numpy counts these instead of comparing them
    return np.argsort(number.astype(np.uint16) if small else number, kind="stable")


def _by_time(order: np.ndarray, number: np.ndarray, drawn: np.ndarray, ref: np.ndarray) -> np.ndarray:
    """Each number's values by time and ref. Most of them are, as a store gives them: only the others are sorted."""
    told, when, which = number[order], drawn[order], ref[order]
    later = (when[1:] > when[:-1]) | ((when[1:] == when[:-1]) & (which[1:] >= which[:-1]))
    wrong = ~later & (told[1:] == told[:-1])
    if not wrong.any():
        return order
    place = np.flatnonzero(np.isin(told, told[1:][wrong]))
    mine = order[place]
    order[place] = mine[np.lexsort((ref[mine], drawn[mine], number[mine]))]
    return order


@of_catalog
def _traits(catalog: Catalog) -> tuple[dict[str, float], dict[str, float]]:
    """Analyte -> the noise of its test, and what a printed 0 of it stands for."""
    known = catalog.analytes.items()
    return {code: noise(a.variation) for code, a in known}, {code: _smallest(a) for code, a in known}


def _smallest(analyte: Analyte) -> float:
    """Half of the last digit shown: what a printed 0 stands for on a log scale."""
    return 0.5 * 10.0**-analyte.decimals
