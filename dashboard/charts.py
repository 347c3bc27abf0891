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

from dashboard import chart_earlier, chart_lanes, chart_panels, chart_points, chart_relative, chart_trend, wording
from dashboard import figure_colours as colours
from dashboard.bedside import Bedside, shown_analytes
from dashboard.chart_layout import (
    GUTTER,
    LABEL_HEIGHT,
    PANEL_HEIGHT,
    Rows,
    lane_names,
    layout,
    note,
    relapse_words,
    time_words,
    unchecked,
    window_words,
)
from dashboard.chart_panels import Panel
from dashboard.chart_time import Time, time_of, window_shapes
from dashboard.flag_panel import cited_sources
from dashboard.selection import PatientAsked
from dashboard.units_shown import in_units
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
OPENED: Final = PatientAsked()
CONFIG: Final[dict[str, Any]] = {  # the picture's format beside it, see `config`
    "displaylogo": False,
    "showSendToCloud": False,  # a patient's values leave this machine by nobody's click
    "modeBarButtons": [["toImage", "resetScale2d"]],
    "responsive": True,
    "doubleClick": "reset",
}


def config(picture: str) -> dict[str, Any]:
    """CONFIG with what the picture is saved as: "png", at twice the size of the screen, or else SVG."""
    told = {"format": "png", "scale": 2} if picture == "png" else {"format": "svg"}
    return {**CONFIG, "toImageButtonOptions": {**told, "filename": "maswatch"}}


def trajectories(
    side: Bedside, catalog: Catalog, *, zone: tzinfo, asked: PatientAsked = OPENED, codes: Sequence[str] = PANELS
) -> go.Figure:
    """
    Lanes for lines, products and flags; under them a small multiple for each of `codes` that has values, or as `asked`
    all of them on one axis. In the units, on the axis and of the days asked for.
    """
    told, shown = in_units(side, catalog, asked.units)
    time = time_of(side, zone=zone, span=asked.span, clock=asked.axis == "clock")
    analytes = [analyte for analyte in shown_analytes(shown, told.trends) if analyte.code in codes]
    if asked.mode == "relative" and analytes:
        return chart_relative.figure(told, analytes, shown, time)
    return _multiples(told, analytes, shown, time, asked=asked)


def _multiples(
    side: Bedside, analytes: list[Analyte], catalog: Catalog, time: Time, *, asked: PatientAsked
) -> go.Figure:
    drawn = chart_lanes.bars(side, catalog, time)
    lanes = chart_lanes.lanes(drawn)
    panels = [chart_panels.panel(side, analyte, catalog, number=place + 2) for place, analyte in enumerate(analytes)]
    rows = Rows(len(lanes), len(panels))
    traces = chart_lanes.traces(drawn, lanes, time)
    for panel in panels:
        traces += chart_trend.traces(panel, side, catalog, time) + chart_points.traces(panel, side, catalog, time)
        traces += chart_points.evidence(panel, side, asked.flag, time)
        if asked.mode == "earlier":
            traces += chart_earlier.traces(panel, side, time)
    starts = [told["t0"] for told in side.responses]
    shapes = (
        window_shapes(time, starts, top=rows.panels_top, bottom=rows.bottom, relapses=side.relapses)
        + chart_lanes.shapes(drawn, lanes)
        + rows.rules()
    )
    for panel in panels:
        shapes += chart_panels.shapes(panel, side)
    notes = [
        time_words(time),
        *lane_names(lanes, rows),
        *window_words(time, starts, rows),
        *relapse_words(time, side.relapses, rows),
    ]
    notes += [words for panel in panels for words in _panel_words(panel, side, catalog, rows)]
    axes = [{"type": "log" if panel.log else "linear", "range": [panel.low, panel.high]} for panel in panels]
    return unchecked(traces, {**layout(axes, lanes, rows, time), "shapes": shapes, "annotations": notes})


def others(side: Bedside, catalog: Catalog) -> list[Analyte]:
    """Analytes that have values and are shown only on demand."""
    return [analyte for analyte in shown_analytes(catalog, side.trends) if analyte.code not in PANELS]


def _panel_words(panel: Panel, side: Bedside, catalog: Catalog, rows: Rows) -> list[dict[str, Any]]:
    low, high = rows.panel_domain(int(panel.axis[1:]) - 2)
    words = chart_panels.words(panel, side, catalog)
    gutter = note(words, x=0, y=(low + high) / 2, xshift=8 - GUTTER, font={"size": 15})
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
    return note(text, x=1, y=y, yref=panel.axis, xshift=6, font={"size": 12, "color": colours.INK_2}, hovertext=hover)
