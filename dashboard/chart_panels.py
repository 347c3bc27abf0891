"""One small multiple: the values of one analyte, each drawn as what is known of it, and the words beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside, Row, Series, normal_band
from dashboard.chart_lanes import FLAG_COLOUR, flag_hover
from dashboard.chart_time import Time
from dashboard.series import phrase, scale
from dashboard.sparkline import Frame, frame_of
from monitoring.terms import Analyte, Catalog, Threshold

SERIES: Final = "#2f3e55"
BAND: Final = "#e6f1eb"
AWAY: Final = "#b7500d"
ROOM: Final = 0.14  # of the panel's height, above and below the values
REACH: Final = 0.45  # a threshold this far outside, in heights of the values, is still drawn in


@dataclass(frozen=True)
class Panel:
    """`axis` is plotly's name of its y axis ("y2"); `low` and `high` are its ends, logarithms to base 10 when `log`."""

    analyte: Analyte
    axis: str
    values: pd.DataFrame
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
    return Panel(
        analyte, f"y{number}", side.values[side.values["analyte"].eq(analyte.code)], bottom, high + room, ruler.log
    )


def _reached(box: Frame, analyte: Analyte, per: float, log: bool) -> tuple[float, float]:
    """The values' box stretched to thresholds that are near; far ones would flatten what they stand beside."""
    low, high = box.low / per, box.high / per
    reach = REACH * (high - low)
    near = [math.log10(t.value) if log else t.value for t in analyte.thresholds]
    near = [value for value in near if low - reach <= value <= high + reach]
    return min([low, *near]), max([high, *near])


def traces(panel: Panel, side: Bedside, catalog: Catalog, time: Time) -> list[dict[str, Any]]:
    drawn = [_series(panel, side, catalog, time)]
    return drawn + [
        extra
        for extra in (_corrected(panel, side, time), _awaited(panel, side, time), _flags(panel, side, catalog, time))
        if extra
    ]


def _series(panel: Panel, side: Bedside, catalog: Catalog, time: Time) -> dict[str, Any]:
    """Line and points in one trace; a gap where methods change breaks the line."""
    rows = [*_with_breaks(panel.values)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "xaxis": "x",
        "yaxis": panel.axis,
        "x": [time.x(row["collected_at"]) if row else None for row in rows],
        "y": [row["value"] if row else None for row in rows],
        "line": {"color": SERIES, "width": 1.8},
        "marker": {
            "symbol": [_symbol(row) for row in rows],
            "size": 8,
            "opacity": 1,
            "color": ["#ffffff" if row and not row["usable"] else SERIES for row in rows],
            "line": {"width": 1.6, "color": SERIES},
        },
        "hovertext": [hover(row, panel.analyte, side, catalog, time) if row else "" for row in rows],
        "hoverinfo": "text",
        "cliponaxis": False,
        "name": panel.analyte.label,
    }


def _with_breaks(values: pd.DataFrame) -> Any:
    before = None
    for row in values.to_dict("records"):
        series = row["segment"]
        if before is not None and series != before:
            yield None
        before = series
        yield row


def _symbol(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "circle"
    if row["comparator"].startswith(">"):
        return "triangle-up"
    return "triangle-down" if row["comparator"].startswith("<") else "circle"


def hover(row: Mapping[str, Any], analyte: Analyte, side: Bedside, catalog: Catalog, time: Time) -> str:
    number = wording.number(row["value"], analyte, row["comparator"])
    told = f"reported {row['value_text']} {row['unit_text']}"
    times = [
        f"{word} {wording.dated(row[name], time.zone)}"
        for word, name in (("collected", "collected_at"), ("resulted", "resulted_at"), ("received", "received_at"))
        if not pd.isna(row[name])
    ]
    moved = f"moved by {row['confounded_why']}" if row["confounded_by"] else ""
    origin = wording.joined(f"source {row['source']}", str(row["source_id"]), f"version {row['version']}")
    method = f"method {row['method']}" if row["method"] else ""
    old = _old_value(row, analyte, side) if row["version"] > 1 else ""
    return wording.joined(
        f"<b>{analyte.label} {number} {wording.unit(analyte.unit)}</b>",
        told,
        *times,
        moved,
        old,
        method,
        origin,
        by="<br>",
    )


def _old_value(row: Mapping[str, Any], analyte: Analyte, side: Bedside) -> str:
    before = [old for old in side.earlier if old["ref"] == row["ref"] and old["version"] < row["version"]]
    if not before:
        return "corrected"
    last = max(before, key=lambda old: old["version"])
    return f"corrected from {wording.number(last['value'], analyte, last['comparator'])}"


def _corrected(panel: Panel, side: Bedside, time: Time) -> dict[str, Any] | None:
    """A small tick on a point that has an older version."""
    mine = panel.values[panel.values["version"] > 1]
    return _marks(
        panel,
        mine["collected_at"].map(time.x).tolist(),
        mine["value"].tolist(),
        symbol="line-ne-open",
        size=17,
        colour=AWAY,
        name="corrected",
    )


def _awaited(panel: Panel, side: Bedside, time: Time) -> dict[str, Any] | None:
    """An open square on the axis where a value was due and did not come."""
    due = [row["due_at"] for row in side.late if row["analyte"] == panel.analyte.code]
    floor = panel.data(panel.low)
    words = [f"<b>{panel.analyte.label} awaited</b><br>due {wording.dated(at, time.zone)}" for at in due]
    return _marks(
        panel,
        [time.x(at) for at in due],
        [floor] * len(due),
        symbol="square-open",
        size=9,
        colour=AWAY,
        name="awaited",
        hover=words,
    )


def _flags(panel: Panel, side: Bedside, catalog: Catalog, time: Time) -> dict[str, Any] | None:
    """A small mark at the top where a flag of this marker was raised."""
    own = [code for code, rule in catalog.rules.items() if rule.analyte == panel.analyte.code]
    rows = [row for row in side.flags if row["flag"] in own]
    colours = [
        FLAG_COLOUR[wording.SEVERITY_TONE.get(row["severity"], "note")] if row["state"] == "active" else "#94a3b8"
        for row in rows
    ]
    at = [time.x(row["raised_at"]) for row in rows]
    top = panel.data(panel.high)
    return _marks(
        panel,
        at,
        [top] * len(rows),
        symbol="triangle-down",
        size=10,
        colour=colours,
        name="flag",
        hover=[flag_hover(row, time) for row in rows],
    )


def _marks(
    panel: Panel,
    x: list[float],
    y: list[float],
    *,
    symbol: str,
    size: int,
    colour: Any,
    name: str,
    hover: list[str] | None = None,
) -> dict[str, Any] | None:
    if not x:
        return None
    return {
        "type": "scatter",
        "mode": "markers",
        "xaxis": "x",
        "yaxis": panel.axis,
        "x": x,
        "y": y,
        "marker": {"symbol": symbol, "size": size, "color": colour, "line": {"width": 1.6, "color": colour}},
        "hovertext": hover,
        "hoverinfo": "text" if hover else "skip",
        "cliponaxis": False,
        "name": f"{panel.analyte.label} {name}",
    }


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
    line = {"width": 1, "dash": "dash", "color": "#94a3b8"}
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
        f"{_small(_change(trend, side.series[analyte.code], catalog))}"
    )


def _small(text: str) -> str:
    return f"<span style='font-size:12px;color:#475569'>{text}</span>"


def _change(trend: Row, series: Series, catalog: Catalog) -> str:
    """The phrase, with the interval of a doubling or halving time where there is one."""
    words = phrase(trend, series, catalog)
    ends = sorted(abs(trend[name]) for name in ("doubling_low", "doubling_high") if not pd.isna(trend[name]))
    exact = len(ends) == 2 and ("doubl" in words or "halv" in words) and math.isfinite(ends[1])
    return wording.kept(f"{words} ({ends[0]:.0f}–{ends[1]:.0f})" if exact else words)
