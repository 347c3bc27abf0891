"""
The line that a judged trend goes by, with its band: where the series would lie if the fitted rate held.

Nothing is drawn inside the noise, nor where a product moved the newest value: there no rate is told either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from dashboard import figure_colours as colours
from dashboard.bedside import Bedside, Row
from dashboard.chart_panels import Panel
from dashboard.chart_time import Time
from dashboard.series import phrase_with_interval
from monitoring.analysis.points import reference_change
from monitoring.terms import Analyte, Catalog

LINE: Final = colours.ACCENT
BAND: Final = colours.TREND_BAND
STEPS: Final = 17
LEAST: Final = 2  # values a line goes through
SLACK_HOURS: Final = 0.01  # times are told in whole microseconds, spans in hours


@dataclass(frozen=True)
class Line:
    """ln(value) = level + slope * (hour - middle). `level_error` is that of the level, slopes are per hour."""

    start: float
    end: float
    middle: float
    level: float
    level_error: float
    slope: float
    slope_low: float
    slope_high: float

    def at(self, hours: np.ndarray) -> np.ndarray:
        return np.exp(self.level + self.slope * (hours - self.middle))

    def half(self, hours: np.ndarray) -> np.ndarray:
        """Half the band's width as a difference of logs: the error of the level and that of the rate together."""
        spread = (self.slope_high - self.slope_low) / 2
        return np.hypot(self.level_error, spread * (hours - self.middle))


def line_of(panel: Panel, side: Bedside, catalog: Catalog, time: Time) -> Line | None:
    """The newest trend of the panel's series; None inside the noise and where there is nothing to draw it through."""
    trend = side.trends[panel.analyte.code]
    slopes = _slopes(trend)
    if slopes is None or side.series[panel.analyte.code].confounded_by:
        return None
    fitted = _fitted(panel.values, trend)
    if len(fitted) < LEAST:
        return None
    hours = np.array([time.x(row["collected_at"]) for row in fitted])
    logs = np.log([row["value"] for row in fitted])
    error = _level_error(panel.analyte, catalog) / math.sqrt(len(logs))
    middle = float(hours.mean())
    return Line(hours.min(), hours.max(), middle, float(logs.mean()), error, sum(slopes) / 2, *slopes)


def traces(panel: Panel, side: Bedside, catalog: Catalog, time: Time) -> list[dict[str, Any]]:
    """Band and line, to lie under the points; nothing where no rate is told."""
    line = line_of(panel, side, catalog, time)
    if line is None:
        return []
    hours = np.linspace(line.start, line.end, STEPS)
    code = panel.analyte.code
    told = phrase_with_interval(side.trends[code], side.series[code], catalog)
    words = f"<b>{panel.analyte.label} {told}</b><br>line: the fitted rate; band: its interval"
    return [_band(panel, line, hours), _line(panel, line, hours, words)]


def _slopes(trend: Row) -> tuple[float, float] | None:
    """The interval of the rate in logs per hour, low before high."""
    times = (trend["doubling_low"], trend["doubling_high"])
    if trend["direction"] not in ("up", "down") or pd.isna([*times, trend["hours"]]).any() or 0 in times:
        return None
    low, high = sorted(math.log(2.0) / one for one in times)
    return low, high


def _fitted(values: Sequence[Row], trend: Row) -> list[Row]:
    """The values of the window that the trend speaks of."""
    since = trend["collected_at"] - pd.Timedelta(hours=float(trend["hours"]) + SLACK_HOURS)
    inside = [row for row in values if since <= row["collected_at"] <= trend["collected_at"]]
    exact = [row for row in inside if row["usable"] and not row["comparator"] and row["value"] > 0]
    return [row for row in exact if row["segment"] == inside[-1]["segment"]]


def _level_error(analyte: Analyte, catalog: Catalog) -> float:
    """That of one value, a difference of logs at the trend's own certainty; 0 where nobody measured the variation."""
    change = reference_change(analyte.variation, float(catalog.settings["trend_z"])) / math.sqrt(2.0)
    return change if change == change else 0.0


def _band(panel: Panel, line: Line, hours: np.ndarray) -> dict[str, Any]:
    level, half = line.at(hours), line.half(hours)
    there, back = level * np.exp(half), (level * np.exp(-half))[::-1]
    return {
        **_trace(panel, np.concatenate([hours, hours[::-1]]), np.concatenate([there, back])),
        "fill": "toself",
        "fillcolor": BAND,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "name": f"{panel.analyte.label} trend band",
    }


def _line(panel: Panel, line: Line, hours: np.ndarray, words: str) -> dict[str, Any]:
    return {
        **_trace(panel, hours, line.at(hours)),
        "line": {"width": 2.4, "color": LINE},
        "hovertext": words,
        "hoverinfo": "text",
        "name": f"{panel.analyte.label} trend",
    }


def _trace(panel: Panel, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "xaxis": "x",
        "yaxis": panel.axis,
        "x": np.round(x, 3).tolist(),
        "y": np.round(y, 4).tolist(),
    }
