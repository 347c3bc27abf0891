"""
What a ward would use instead of maswatch: rules for one series, each told the same values at the same looks.

Each takes a Look and says for every patient whether its condition holds now. `way` is 1 for a rise, -1 for a fall;
`sigma` is the noise of one value on the log scale, from the catalog.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd

from monitoring.analysis.course import Course
from tests.bench.looks import Look, Rival, look, rows, told_from

Z_ONE_SIDED = 1.645  # 95 %

# Charts start from the mean of so many values; what a patient's "normal" is, nobody on the ward knows better.
FIRST_VALUES = 3
# Montgomery, Introduction to Statistical Quality Control, chapter 9; NIST/SEMATECH e-Handbook 6.3.2.3 and 6.3.2.4.
EWMA_WEIGHT, EWMA_LIMIT = 0.2, 3.0
CUSUM_SLACK = 0.5
TREND_HOURS = 72
TREND_ALPHA = 0.05

# Called a failure when ferritin at 48 h is more than this share of that before the first dose.
FERRITIN_RULES = {"ferritin at 48 h not below": 1.0 - 1e-9, "ferritin at 48 h fell < 25 %": 0.75}
BASELINE = (-48.0, 2.0)
AT_48 = (36.0, 60.0)  # wide enough that one missing draw does not silence the rule
KNOWN_BY = 60.0


def rivals(way: int, sigma: float, threshold: float) -> dict[str, Rival]:
    """By name, in the order of the table; `threshold` in the analyte's unit."""
    return {
        "two in a row": partial(in_a_row, way=way),
        "fixed threshold": partial(beyond, way=way, limit=math.log(threshold)),
        "RCV of last two": partial(reference_change, way=way, sigma=sigma),
        "Mann-Kendall 72 h": partial(mann_kendall, way=way),
        "EWMA": partial(ewma, way=way, sigma=sigma),
        "CUSUM h 4": partial(cusum, way=way, sigma=sigma, decision=4.0),
        "CUSUM h 5": partial(cusum, way=way, sigma=sigma, decision=5.0),
    }


def in_a_row(look: Look, *, way: int) -> np.ndarray:
    """Each of the last two values beyond the one before it, however little."""
    return (way * np.diff(look.last(3), axis=1) > 0).all(axis=1)


def beyond(look: Look, *, way: int, limit: float) -> np.ndarray:
    return way * (look.last(1)[:, 0] - limit) >= 0


def reference_change(look: Look, *, way: int, sigma: float) -> np.ndarray:
    """The last two differ by more than z * sqrt(2) * sigma: Fokkema et al., Clin Chem 2006;52:1602-3."""
    older, newer = look.last(2).T
    return way * (newer - older) > Z_ONE_SIDED * math.sqrt(2) * sigma


def mann_kendall(look: Look, *, way: int) -> np.ndarray:
    """The package's own test, two-sided 5 %, over the values of three days; it takes one series at a time."""
    word = "increasing" if way > 0 else "decreasing"
    return np.array([trend(logs[ages <= TREND_HOURS]) == word for ages, logs in rows(look)])


def trend(logs: np.ndarray) -> str:
    if len(logs) < 2 or np.ptp(logs) == 0:
        return "no trend"
    import pymannkendall  # a second or two: not for whoever only collects the tests

    return str(pymannkendall.original_test(logs, alpha=TREND_ALPHA).trend)


def ewma(look: Look, *, way: int, sigma: float) -> np.ndarray:
    """z = w*x + (1-w)*z beyond L*sqrt(w/(2-w)*(1-(1-w)^2i)); x is standardised, i counts from the first value."""
    level, seen = np.zeros(len(look.logs)), np.zeros(len(look.logs))
    for value in standardised(look, sigma).T:
        there = ~np.isnan(value)
        level = np.where(there, EWMA_WEIGHT * value + (1 - EWMA_WEIGHT) * level, level)
        seen += there
    width = EWMA_WEIGHT / (2 - EWMA_WEIGHT) * (1 - (1 - EWMA_WEIGHT) ** (2 * seen))
    return (seen > FIRST_VALUES) & (way * level > EWMA_LIMIT * np.sqrt(width))


def cusum(look: Look, *, way: int, sigma: float, decision: float) -> np.ndarray:
    """S = max(0, S + x - k) above h; x is standardised and turned so that the wanted way is up."""
    total = np.zeros(len(look.logs))
    for value in way * standardised(look, sigma).T:
        total = np.where(np.isnan(value), total, np.maximum(0, total + value - CUSUM_SLACK))
    return total > decision


def standardised(look: Look, sigma: float) -> np.ndarray:
    """Distance from the mean of the patient's first values in SDs of one value; the first values are 0 and stay so."""
    there = ~np.isnan(look.logs)
    place = np.cumsum(there, axis=1)
    early = there & (place <= FIRST_VALUES)
    count = early.sum(axis=1)
    mean = np.where(early, look.logs, 0).sum(axis=1) / np.maximum(count, 1)
    return np.where(early, 0.0, (look.logs - mean[:, None]) / sigma)


def changed_at_48(course: Course, starts: pd.DataFrame) -> np.ndarray:
    """
    Ferritin nearest 48 h after each steroid start over the newest before it, all as known 60 h after the start.

    `starts`: patient_id (each once) and t0. NaN where either value is missing.
    """
    told = told_from(course, "ferritin", starts.set_index("patient_id")["t0"])
    then = look(told, np.full(len(starts), KNOWN_BY))
    at_48, before = nearest(then, AT_48, 48.0), nearest(then, BASELINE, BASELINE[1])
    return np.exp(at_48 - before)


def nearest(look: Look, window: tuple[float, float], to: float) -> np.ndarray:
    """Of each patient the log drawn nearest to this hour within the window; NaN where there is none."""
    inside = (look.drawn >= window[0]) & (look.drawn <= window[1])
    best = np.where(inside, np.abs(look.drawn - to), np.inf).argmin(axis=1)
    return np.where(inside.any(axis=1), look.logs[np.arange(len(best)), best], np.nan)
