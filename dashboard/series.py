"""How a series is drawn small or large, and the words beside it. Imports no streamlit."""

from __future__ import annotations

from typing import Final

from dashboard.bedside import Bedside, Row, Series, normal_band
from dashboard.concern import product_label
from dashboard.sparkline import Scale
from monitoring.analysis.points import reference_change
from monitoring.terms import Analyte, Catalog

SPARK_HOURS: Final = 4 * 24.0  # a day before the steroid start and the three that judge it
NOISE_TIMES: Final = 2.0  # the least height of a line in reference change values, so that noise looks flat


def scale(side: Bedside, analyte: Analyte, catalog: Catalog) -> Scale:
    """The last four days on the catalog's axis, at least twice the reference change value high."""
    change = reference_change(analyte.variation, float(catalog.settings["trend_z"]))
    least = NOISE_TIMES * change if change == change else 0.0  # NaN: nobody measured the variation
    if analyte.axis != "log":
        least *= abs(side.series[analyte.code].points[-1].value)
    return Scale(analyte.axis == "log", least, normal_band(side, analyte), -SPARK_HOURS, 0.0)


def phrase(trend: Row, series: Series, catalog: Catalog) -> str:
    """What the series does; but a newest value that a product moved says which product."""
    return product_label(series.confounded_by, catalog) if series.confounded_by else str(trend["phrase"])
