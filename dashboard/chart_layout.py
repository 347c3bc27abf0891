"""How the figure is laid out: lanes above panels on one time axis, words in the gutter and at the right edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go

from dashboard import chart_lanes
from dashboard import figure_colours as colours
from dashboard.bedside import STEROID_CLOCK_HOURS
from dashboard.chart_time import DECISION, Time, axis, axis_words, in_days

PANEL_HEIGHT, GAP, LABEL_HEIGHT = 78, 9, 14
TOP, BOTTOM, GUTTER, RIGHT = 8, 46, 196, 206
TYPE: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
BLANK: Final[dict[str, Any]] = {
    "showgrid": False,
    "zeroline": False,
    "showticklabels": False,
    "ticks": "",
    "fixedrange": True,
    "showline": False,
    "anchor": "x",
}


class Rows:
    """Where each lane and panel lies, in shares of the plotting height from below."""

    def __init__(self, lanes: int, panels: int, panel_height: int = PANEL_HEIGHT) -> None:
        self.lanes, self.panels, self.panel_height = lanes, panels, panel_height
        self.lanes_height = lanes * chart_lanes.LANE_HEIGHT + (18 if lanes else 0)
        self.inner = max(self.lanes_height + panels * (panel_height + GAP), 60)
        self.height = self.inner + TOP + BOTTOM

    @property
    def panels_top(self) -> float:
        return 1 - self.lanes_height / self.inner

    @property
    def bottom(self) -> float:
        return self.panel_domain(self.panels - 1)[0] if self.panels else 0.0

    def lanes_domain(self) -> list[float]:
        return [1 - self.lanes * chart_lanes.LANE_HEIGHT / self.inner, 1] if self.lanes else [0.999, 1]

    def panel_domain(self, place: int) -> list[float]:
        top = self.panels_top - place * (self.panel_height + GAP) / self.inner
        return [max(top - self.panel_height / self.inner, 0.0), top]

    def lane_middle(self, place: int) -> float:
        return 1 - (place + 0.5) * chart_lanes.LANE_HEIGHT / self.inner

    def rules(self) -> list[dict[str, Any]]:
        """Hairlines between panels, from edge to edge."""
        ends = [self.panel_domain(place)[0] - GAP / 2 / self.inner for place in range(self.panels - 1)]
        line = {"width": 1, "color": colours.RULE}
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


def layout(axes: Sequence[dict[str, Any]], lanes: list[str], rows: Rows, time: Time) -> dict[str, Any]:
    """All but shapes and annotations; `axes`: the y axes of the panels from above, each with its type and range."""
    told: dict[str, Any] = {
        "template": "none",
        "height": rows.height,
        "margin": {"l": GUTTER, "r": RIGHT, "t": TOP, "b": BOTTOM, "pad": 0},
        "paper_bgcolor": colours.PAPER,
        "plot_bgcolor": colours.PAPER,
        "font": {"family": TYPE, "size": 13, "color": colours.INK},
        "showlegend": False,
        "hovermode": "closest",
        "hoverdistance": 18,
        "hoverlabel": {
            "align": "left",
            "bgcolor": colours.PAPER,
            "bordercolor": colours.FAINT,
            "font": {"family": TYPE, "size": 12, "color": colours.INK},
        },
        "dragmode": "zoom",
        "xaxis": {**axis(time), "anchor": f"y{len(axes) + 1}" if axes else "y"},
        "yaxis": {**BLANK, "domain": rows.lanes_domain(), "range": [len(lanes) - 0.5, -0.5] if lanes else [0, 1]},
    }
    own = {f"yaxis{place + 2}": {**BLANK, "domain": rows.panel_domain(place), **one} for place, one in enumerate(axes)}
    return told | own


def note(text: str, *, x: float, y: float, **more: Any) -> dict[str, Any]:
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


def lane_names(lanes: list[str], rows: Rows) -> list[dict[str, Any]]:
    return [
        note(f"<b>{chart_lanes.LANES[lane]}</b>", x=0, y=rows.lane_middle(place), xshift=8 - GUTTER)
        for place, lane in enumerate(lanes)
    ]


def window_words(time: Time, starts: list[Any], rows: Rows) -> list[dict[str, Any]]:
    """What the lines across the panels are, above them; only where they lie within what is seen at first."""
    small = {"size": 12, "color": colours.WINDOW_INK}
    marks = [(time.x(start), "steroid start") for start in starts]
    hours = () if in_days(time) or not time.steroid else (*DECISION, STEROID_CLOCK_HOURS)
    marks += [(hour, f"{hour:.0f} h") for hour in hours if hour < time.end]
    return [
        note(words, x=hour, y=rows.panels_top, xref="x", yanchor="bottom", xanchor="center", font=small)
        for hour, words in marks
    ]


def relapse_words(time: Time, relapses: Sequence[Any], rows: Rows) -> list[dict[str, Any]]:
    return [
        note(
            "<b>relapse</b>",
            x=time.x(at),
            y=rows.panels_top,
            xref="x",
            yanchor="bottom",
            xanchor="center",
            font={"size": 12, "color": colours.DECISION},
        )
        for at in relapses
    ]


def time_words(time: Time) -> dict[str, Any]:
    return note(
        axis_words(time),
        x=0,
        y=0,
        xshift=8 - GUTTER,
        yshift=-5,
        yanchor="top",
        font={"size": 12, "color": colours.INK_2},
    )


def unchecked(traces: list[dict[str, Any]], told: dict[str, Any]) -> go.Figure:
    """The figure without plotly looking at every property again, which takes half its time; a test does that."""
    return go.Figure({"data": traces, "layout": told}, _validate=False)
