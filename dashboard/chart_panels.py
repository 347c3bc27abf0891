"""One small multiple: the values of one analyte, each drawn as what is known of it, and the words beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard import figure_colours as colours
from dashboard import wording
from dashboard.bedside import Bedside, Row
from dashboard.normal import normal_band
from dashboard.series import phrase_with_interval, scale
from dashboard.sparkline import Frame, frame_of
from monitoring.terms import Analyte, Catalog, Threshold

BAND: Final = colours.BAND
ROOM: Final = 0.14  # of the panel's height, above and below the values
REACH: Final = 0.45  # a threshold this far outside, in heights of the values, is still drawn in


@dataclass(frozen=True)
class Panel:
    """`axis` is plotly's name of its y axis ("y2"); `low` and `high` are its ends, logarithms to base 10 when `log`."""

    analyte: Analyte
    axis: str
    values: Sequence[Row]
    low: float
    high: float
    log: bool

    def holds(self, value: float) -> bool:
        return self.low <= self.measure(value) <= self.high

    def measure(self, value: float) -> float:
        return math.log10(max(value, 1e-9)) if self.log else value

    def data(self, measured: float) -> float:
        return 10**measured if self.log else measured


def panel(side: Bedside, analyte: Analyte, catalog: Catalog, *, number: int) -> Panel:
    ruler = scale(side, analyte, catalog)
    box = frame_of(side.series[analyte.code].points, ruler)
    per = math.log(10) if ruler.log else 1.0
    low, high = _reached(box, analyte, per, ruler.log)
    room = ROOM * (high - low)
    bottom = low - room if ruler.log or low - room > 0 or low < 0 else 0.0
    return Panel(analyte, f"y{number}", side.drawn[analyte.code], bottom, high + room, ruler.log)


def _reached(box: Frame, analyte: Analyte, per: float, log: bool) -> tuple[float, float]:
    """The values' box stretched to thresholds that are near; far ones would flatten what they stand beside."""
    low, high = box.low / per, box.high / per
    reach = REACH * (high - low)
    near = [math.log10(t.value) if log else t.value for t in analyte.thresholds]
    near = [value for value in near if low - reach <= value <= high + reach]
    return min([low, *near]), max([high, *near])


def shapes(panel: Panel, side: Bedside) -> list[dict[str, Any]]:
    """The pale band of normal, and thin dashed lines at published cut-offs."""
    across = {"xref": "x domain", "yref": panel.axis, "x0": 0, "x1": 1, "layer": "below"}
    band = _band(panel, normal_band(side, panel.analyte))
    drawn = (
        [
            {
                **across,
                "type": "rect",
                "y0": band[0],
                "y1": band[1],
                "fillcolor": BAND,
                "line": {"width": 0},
                "name": "normal",
            }
        ]
        if band
        else []
    )
    line = {"width": 1, "dash": "dash", "color": colours.FAINT}
    return drawn + [
        {**across, "type": "line", "y0": t.value, "y1": t.value, "line": line, "name": "threshold"}
        for t in near_thresholds(panel)
    ]


def _band(panel: Panel, normal: tuple[float | None, float | None]) -> tuple[float, float] | None:
    if normal == (None, None):
        return None
    low = panel.low if normal[0] is None else max(panel.measure(normal[0]), panel.low)
    high = panel.high if normal[1] is None else min(panel.measure(normal[1]), panel.high)
    return (panel.data(low), panel.data(high)) if high > low else None


def near_thresholds(panel: Panel) -> list[Threshold]:
    return [threshold for threshold in panel.analyte.thresholds if panel.holds(threshold.value)]


def words(panel: Panel, side: Bedside, catalog: Catalog) -> str:
    """The gutter: name, unit and axis, the newest number large, what it does. Read without hovering."""
    analyte, trend = panel.analyte, side.trends[panel.analyte.code]
    kind = " · log" if panel.log else ""
    number = wording.number(trend["value"], analyte, trend["comparator"])
    age = f"{wording.age(trend['collected_at'], side.as_of)} old"
    return (
        f"<span style='font-size:13px'><b>{analyte.label}</b></span> {_small(wording.unit(analyte.unit) + kind)}<br>"
        f"<span style='font-size:19px'><b>{number}</b></span>  {_small(age)}<br>"
        f"{_small(phrase_with_interval(trend, side.series[analyte.code], catalog))}"
    )


def _small(text: str) -> str:
    return f"<span style='font-size:12px;color:{colours.INK_2}'>{text}</span>"
