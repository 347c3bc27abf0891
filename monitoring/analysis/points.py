"""
Observations made ready to be judged: sorted, on the log scale, with the noise of their test.

A point that is not `exact` is a bound ("above" for ">40000"). One that is not `usable` was moved by a product; it is
drawn, and left out of the rule it would fool. `segment` counts the breaks of comparability within one series.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from monitoring.analysis.comparability import segments
from monitoring.terms import Analyte, Catalog, Variation

HOUR = np.timedelta64(1, "h")


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


def points(observations: pd.DataFrame, confounded: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    OBSERVATIONS of known analytes with a value, sorted by patient, analyte and time, plus:
    hour (since 1970), log, sigma, exact, above, below, usable, series (int), segment (int), what a line goes by
    (line_log, line_sigma, counts, added: see own_part.py, which knows the products),
    confounded_by, confounded_why, confounded_way ("", "up", "down", "any").
    """
    told = observations.join(confounded)
    told = told[told["value"].notna() & told["analyte"].isin(list(catalog.analytes))]
    told = told.sort_values(["patient_id", "analyte", "collected_at", "ref"], kind="stable", ignore_index=True)
    traits = _traits(told["analyte"], catalog)
    series = _numbers(told, ["patient_id", "analyte"])
    above, below = told["comparator"].isin([">", ">="]), told["comparator"].isin(["<", "<="])
    exact, usable = ~(above | below), told["confounded_by"].eq("") | told["confounded_kept"]
    log = np.log(np.maximum(told["value"].to_numpy(), traits["smallest"]))
    return told.assign(
        hour=hours(told["collected_at"]),
        log=log,
        sigma=traits["sigma"],
        above=above,
        below=below,
        exact=exact,
        usable=usable,
        line_log=log,
        line_sigma=traits["sigma"],
        counts=exact & usable,
        added=0.0,
        series=series,
        segment=segments(told, series, catalog),
    )


def hours(times: pd.Series) -> np.ndarray:
    """Hours since 1970 as floats; NaN where there is no time."""
    plain = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(plain), np.nan, (plain - np.datetime64(0, "us")) / HOUR)


def _traits(codes: pd.Series, catalog: Catalog) -> pd.DataFrame:
    known = {code: (noise(a.variation), _smallest(a)) for code, a in catalog.analytes.items()}
    table = pd.DataFrame.from_dict(known, orient="index", columns=["sigma", "smallest"])
    return table.reindex(codes.to_numpy()).reset_index(drop=True)


def _smallest(analyte: Analyte) -> float:
    """Half of the last digit shown: what a printed 0 stands for on a log scale."""
    return 0.5 * 10.0**-analyte.decimals


def _numbers(frame: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """0, 1, 2 … for each group of a frame that is sorted by `columns`."""
    changed = np.zeros(len(frame), dtype=bool)
    for name in columns:
        codes = pd.factorize(frame[name])[0]
        changed[1:] |= codes[1:] != codes[:-1]
    return np.cumsum(changed)
