"""How a series is drawn small or large, and the words beside it. Imports no streamlit."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside, Row, Series
from dashboard.concern import product_label
from dashboard.normal import normal_band
from dashboard.sparkline import Scale
from monitoring.analysis.points import reference_change
from monitoring.terms import Analyte, Catalog

SPARK_HOURS: Final = 4 * 24.0  # a day before the steroid start and the three that judge it
STEADY_HOURS: Final = 0.25  # the axis moves on in steps that nobody sees, so that a row stays as it is between them
NOISE_TIMES: Final = 2.0  # the least height of a line in reference change values, so that noise looks flat


def scale(side: Bedside, analyte: Analyte, catalog: Catalog) -> Scale:
    """The last four days on the catalog's axis, at least twice the reference change value high."""
    change = reference_change(analyte.variation, float(catalog.settings["trend_z"]))
    least = NOISE_TIMES * change if change == change else 0.0  # NaN: nobody measured the variation
    if analyte.axis != "log":
        least *= abs(side.series[analyte.code].points[-1].value)
    past = side.as_of.timestamp() / 3600 % STEADY_HOURS
    return Scale(analyte.axis == "log", least, normal_band(side, analyte), -SPARK_HOURS - past, STEADY_HOURS - past)


def phrase(trend: Row, series: Series, catalog: Catalog) -> str:
    """What the series does; but a newest value that a product moved says which product."""
    if series.confounded_by:
        return product_label(series.confounded_by, catalog)
    several = trend["direction"] == "unknown" and not trend["comparator"] and len(series.points) > 1
    return wording.NOT_COMPARED if several else str(trend["phrase"])


def phrase_with_interval(trend: Row, series: Series, catalog: Catalog) -> str:
    """doubling every 21 h (18–26); the phrase alone where no such time is told."""
    words = phrase(trend, series, catalog)
    ends = sorted(abs(trend[name]) for name in ("doubling_low", "doubling_high") if not pd.isna(trend[name]))
    exact = len(ends) == 2 and ("doubl" in words or "halv" in words) and math.isfinite(ends[1])
    return wording.kept(f"{words} ({ends[0]:.0f}–{ends[1]:.0f})" if exact else words)
