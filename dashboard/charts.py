"""
The trajectories of one patient as one plotly figure that is read without hovering. Imports no streamlit.

Everything shares one time axis. SVG only and few traces: more than eight WebGL charts fail on a page, and plotly
grows slow with the number of traces, not of points.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

import plotly.graph_objects as go

from dashboard import chart_lanes, chart_panels, chart_points, wording
from dashboard.bedside import STEROID_CLOCK_HOURS, Bedside, shown_analytes
from dashboard.chart_panels import Panel
from dashboard.chart_time import DECISION, Time, axis, axis_words, time_of, window_shapes
from dashboard.flag_panel import cited_sources
from monitoring.terms import Analyte, Catalog, Threshold

PANELS: Final = (
    "ferritin",
    "fibrinogen",
    "platelets",
    "crp",
    "ast",
    "ldh",
    "triglycerides",
    "hemoglobin",
    "neutrophils",
)
PANEL_HEIGHT, GAP, LABEL_HEIGHT = 78, 9, 14
TOP, BOTTOM, GUTTER, RIGHT = 8, 46, 196, 206
TYPE: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
CONFIG: Final[dict[str, Any]] = {
    "displaylogo": False,
    "showSendToCloud": False,  # a patient's values leave this machine by nobody's click
    "modeBarButtons": [["toImage", "resetScale2d"]],
    "toImageButtonOptions": {"format": "png", "scale": 2, "filename": "maswatch"},
    "responsive": True,
    "doubleClick": "reset",
}


def trajectories(
    side: Bedside, catalog: Catalog, *, zone: tzinfo, codes: Sequence[str] = PANELS, whole: bool = False
) -> go.Figure:
    """
    Lanes for lines, products and flags; under them a small multiple for each of `codes` that has values.

    It opens on the last days, or with `whole` on all of the stay.
    """
    time = time_of(side, zone=zone, whole=whole)
    analytes = [analyte for analyte in shown_analytes(catalog, side.trends) if analyte.code in codes]
    drawn = chart_lanes.bars(side, catalog, time)
    lanes = chart_lanes.lanes(drawn)
    panels = [chart_panels.panel(side, analyte, catalog, number=place + 2) for place, analyte in enumerate(analytes)]
    rows = _Rows(len(lanes), len(panels))
    traces = chart_lanes.traces(drawn, lanes, time)
    for panel in panels:
        traces += chart_points.traces(panel, side, catalog, time)
    starts = [told["t0"] for told in side.responses]
    shapes = window_shapes(time, starts, top=rows.panels_top) + chart_lanes.shapes(drawn, lanes) + rows.rules()
    for panel in panels:
        shapes += chart_panels.shapes(panel, side)
    notes = (
        [_axis_words(time)]
        + _lane_names(lanes, rows)
        + _window_words(time, starts, rows)
        + [note for panel in panels for note in _panel_words(panel, side, catalog, rows)]
    )
    return go.Figure({"data": traces, "layout": _layout(panels, lanes, rows, time, shapes, notes)})


def goes_back(side: Bedside, *, zone: tzinfo) -> bool:
    """Whether there is more of the stay than the figure opens on."""
    time = time_of(side, zone=zone)
    return time.start < time.seen


def others(side: Bedside, catalog: Catalog) -> list[Analyte]:
    """Analytes that have values and are shown only on demand."""
    return [analyte for analyte in shown_analytes(catalog, side.trends) if analyte.code not in PANELS]


class _Rows:
    """Where each lane and panel lies, in shares of the plotting height from below."""

    def __init__(self, lanes: int, panels: int) -> None:
        self.lanes, self.panels = lanes, panels
        self.lanes_height = lanes * chart_lanes.LANE_HEIGHT + (18 if lanes else 0)
        self.inner = max(self.lanes_height + panels * (PANEL_HEIGHT + GAP), 60)
        self.height = self.inner + TOP + BOTTOM

    @property
    def panels_top(self) -> float:
        return 1 - self.lanes_height / self.inner

    def lanes_domain(self) -> list[float]:
        return [1 - self.lanes * chart_lanes.LANE_HEIGHT / self.inner, 1] if self.lanes else [0.999, 1]

    def panel_domain(self, place: int) -> list[float]:
        top = self.panels_top - place * (PANEL_HEIGHT + GAP) / self.inner
        return [max(top - PANEL_HEIGHT / self.inner, 0.0), top]

    def lane_middle(self, place: int) -> float:
        return 1 - (place + 0.5) * chart_lanes.LANE_HEIGHT / self.inner

    def rules(self) -> list[dict[str, Any]]:
        """Hairlines between panels, from edge to edge."""
        ends = [self.panel_domain(place)[0] - GAP / 2 / self.inner for place in range(self.panels - 1)]
        line = {"width": 1, "color": "#e2e8f0"}
        return [
            {
                "type": "line",
                "xref": "paper",
                "yref": "paper",
                "x0": -1,
                "x1": 2,
                "y0": y,
                "y1": y,
                "line": line,
                "layer": "below",
                "name": "rule",
            }
            for y in ends
        ]


def _layout(
    panels: list[Panel],
    lanes: list[str],
    rows: _Rows,
    time: Time,
    shapes: list[dict[str, Any]],
    notes: list[dict[str, Any]],
) -> dict[str, Any]:
    last = panels[-1].axis if panels else "y"
    blank = {
        "showgrid": False,
        "zeroline": False,
        "showticklabels": False,
        "ticks": "",
        "fixedrange": True,
        "showline": False,
        "anchor": "x",
    }
    layout: dict[str, Any] = {
        "template": "none",
        "height": rows.height,
        "margin": {"l": GUTTER, "r": RIGHT, "t": TOP, "b": BOTTOM, "pad": 0},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "font": {"family": TYPE, "size": 13, "color": "#0f172a"},
        "showlegend": False,
        "hovermode": "closest",
        "hoverdistance": 18,
        "hoverlabel": {
            "align": "left",
            "bgcolor": "#ffffff",
            "bordercolor": "#94a3b8",
            "font": {"family": TYPE, "size": 12, "color": "#0f172a"},
        },
        "dragmode": "zoom",
        "shapes": shapes,
        "annotations": notes,
        "xaxis": {**axis(time), "anchor": last},
        "yaxis": {**blank, "domain": rows.lanes_domain(), "range": [len(lanes) - 0.5, -0.5] if lanes else [0, 1]},
    }
    for place, panel in enumerate(panels):
        kind = "log" if panel.log else "linear"
        layout[f"yaxis{panel.axis[1:]}"] = {
            **blank,
            "domain": rows.panel_domain(place),
            "type": kind,
            "range": [panel.low, panel.high],
        }
    return layout


def _note(text: str, *, x: float, y: float, **more: Any) -> dict[str, Any]:
    return {
        "text": text,
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "showarrow": False,
        "align": "left",
        "xanchor": "left",
        "yanchor": "middle",
    } | more


def _lane_names(lanes: list[str], rows: _Rows) -> list[dict[str, Any]]:
    return [
        _note(f"<b>{chart_lanes.LANES[lane]}</b>", x=0, y=rows.lane_middle(place), xshift=8 - GUTTER)
        for place, lane in enumerate(lanes)
    ]


def _window_words(time: Time, starts: list[Any], rows: _Rows) -> list[dict[str, Any]]:
    small = {"size": 12, "color": "#1e3f8f"}
    marks = [(time.x(start), "steroid start") for start in starts]
    marks += [(hour, f"{hour:.0f} h") for hour in (*DECISION, STEROID_CLOCK_HOURS) if time.steroid and hour < time.end]
    return [
        _note(words, x=hour, y=rows.panels_top, xref="x", yanchor="bottom", xanchor="center", font=small)
        for hour, words in marks
    ]


def _panel_words(panel: Panel, side: Bedside, catalog: Catalog, rows: _Rows) -> list[dict[str, Any]]:
    low, high = rows.panel_domain(int(panel.axis[1:]) - 2)
    words = chart_panels.words(panel, side, catalog)
    gutter = _note(words, x=0, y=(low + high) / 2, xshift=8 - GUTTER, font={"size": 15})
    return [gutter, *(_threshold_words(near, panel, catalog) for near in _apart(panel))]


def _apart(panel: Panel) -> list[list[Threshold]]:
    """Thresholds from below, those too near to be labelled apart in one group."""
    groups: list[list[Threshold]] = []
    room = LABEL_HEIGHT / PANEL_HEIGHT * (panel.high - panel.low)
    for threshold in sorted(chart_panels.near_thresholds(panel), key=lambda threshold: threshold.value):
        near = groups and panel.measure(threshold.value) - panel.measure(groups[-1][0].value) < room
        groups[-1].append(threshold) if near else groups.append([threshold])
    return groups


def _threshold_words(near: list[Threshold], panel: Panel, catalog: Catalog) -> dict[str, Any]:
    """Number and name beside the line, the source on hover."""
    cited = [told for threshold in near for told in cited_sources(threshold.source.cite, catalog)]
    text = " · ".join(f"{wording.number(threshold.value, panel.analyte)} {threshold.label}" for threshold in near)
    y = sum(panel.measure(threshold.value) for threshold in near) / len(near)
    hover = "<br>".join(dict.fromkeys(told.citation for told in cited)) or near[0].source.tag
    return _note(text, x=1, y=y, yref=panel.axis, xshift=6, font={"size": 12, "color": "#475569"}, hovertext=hover)


def _axis_words(time: Time) -> dict[str, Any]:
    return _note(
        axis_words(time), x=0, y=0, xshift=8 - GUTTER, yshift=-5, yanchor="top", font={"size": 12, "color": "#475569"}
    )
