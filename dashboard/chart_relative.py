"""
All markers on one log axis as multiples of their value at the steroid start: what moves with what is seen at once.

A part that a product moved is dashed; each line is labelled at its end. A marker without a value at the start has no
multiple, and that is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import plotly.graph_objects as go

from dashboard import chart_lanes, chart_points, wording
from dashboard import figure_colours as colours
from dashboard.bedside import Bedside, Row
from dashboard.chart_layout import (
    GUTTER,
    LABEL_HEIGHT,
    Rows,
    lane_names,
    layout,
    note,
    relapse_words,
    time_words,
    unchecked,
    window_words,
)
from dashboard.chart_time import Time, window_shapes
from monitoring.terms import Analyte, Catalog

HEIGHT: Final = 470
COLOURS: Final = colours.MARKERS
TICKS: Final = (0.01, 0.03, 0.1, 0.25, 0.5, 1, 2, 4, 10, 30, 100, 300, 1000)
LEAST: Final = math.log10(2.0)  # the axis reaches at least from half to double, so that noise looks flat
AXIS: Final = "y2"


@dataclass(frozen=True)
class Relative:
    """One marker's values, and `base`, which is 1 on the axis."""

    analyte: Analyte
    values: list[Row]
    base: float
    colour: str

    def multiple(self, row: Row) -> float:
        return float(row["value"]) / self.base


def figure(side: Bedside, analytes: Sequence[Analyte], catalog: Catalog, time: Time) -> go.Figure:
    drawn = chart_lanes.bars(side, catalog, time)
    lanes = chart_lanes.lanes(drawn)
    lines = list(_relatives(side, analytes, time))
    rows = Rows(len(lanes), 1, HEIGHT)
    low, high = _range(lines, time)
    starts = [told["t0"] for told in side.responses]
    traces = chart_lanes.traces(drawn, lanes, time) + [
        one for line in lines for one in _traces(line, side, catalog, time)
    ]
    shapes = (
        window_shapes(time, starts, top=rows.panels_top, bottom=rows.bottom, relapses=side.relapses)
        + chart_lanes.shapes(drawn, lanes)
        + [_once()]
    )
    notes = [
        time_words(time),
        *lane_names(lanes, rows),
        *window_words(time, starts, rows),
        *relapse_words(time, side.relapses, rows),
    ]
    notes += [_gutter(analytes, lines, time, rows), *_ends(lines, (low, high))]
    told = layout([_axis(low, high)], lanes, rows, time)
    return unchecked(traces, {**told, "shapes": shapes, "annotations": notes})


def base_of(side: Bedside, code: str, time: Time) -> float | None:
    """The value that the response is measured from; else the last before the steroid start; else the first seen."""
    for window in side.response["windows"] if side.response else ():
        marker = window["markers"].get(code)
        if marker is not None and marker["baseline"]:
            return float(marker["baseline"])
    exact = [row for row in _positive(side, code) if row["usable"] and not row["comparator"]]
    if side.t0 is not None:
        good = [row for row in exact if row["collected_at"] <= side.t0][-1:]
    else:
        good = [row for row in exact if time.x(row["collected_at"]) >= time.seen][:1]
    return float(good[0]["value"]) if good else None


def _positive(side: Bedside, code: str) -> list[Row]:
    """Only these have a place on a log axis."""
    return [row for row in side.drawn[code] if row["value"] > 0]


def _relatives(side: Bedside, analytes: Sequence[Analyte], time: Time) -> Iterator[Relative]:
    for place, analyte in enumerate(analytes):
        base = base_of(side, analyte.code, time)
        values = _positive(side, analyte.code)
        if base and values:
            yield Relative(analyte, values, base, COLOURS[place % len(COLOURS)])


def _range(lines: Sequence[Relative], time: Time) -> tuple[float, float]:
    """Of what is seen at first, as logarithms, with room above and below."""
    seen = [
        math.log10(line.multiple(row))
        for line in lines
        for row in line.values
        if time.x(row["collected_at"]) >= time.seen
    ]
    low, high = min([*seen, -LEAST]), max([*seen, LEAST])
    room = 0.06 * (high - low)
    return low - room, high + room


def _axis(low: float, high: float) -> dict[str, Any]:
    ticks = [tick for tick in TICKS if low <= math.log10(tick) <= high]
    return {
        "type": "log",
        "range": [low, high],
        "showticklabels": True,
        "tickvals": ticks,
        "ticktext": [f"×{tick:g} " for tick in ticks],
        "tickfont": {"size": 12, "color": colours.INK_2},
        "showgrid": True,
        "gridcolor": colours.GRID,
    }


def _once() -> dict[str, Any]:
    line = {"width": 1, "color": colours.FAINT}
    return {"type": "line", "xref": "x domain", "yref": AXIS, "x0": 0, "x1": 1, "y0": 1, "y1": 1, "line": line,
            "layer": "below", "name": "once"}  # fmt: skip


def _traces(line: Relative, side: Bedside, catalog: Catalog, time: Time) -> list[dict[str, Any]]:
    """Points with the steps between values of the patient's own, and dashed those to and from a moved one."""
    own = [(a, b) for a, b in _steps(line.values) if a["usable"] and b["usable"]]
    moved = [(a, b) for a, b in _steps(line.values) if not (a["usable"] and b["usable"])]
    drawn = [_part(line, own, time, "solid", line.analyte.label)]
    if moved:
        drawn.append(_part(line, moved, time, "dash", f"{line.analyte.label} moved"))
    return [*drawn, _points(line, side, catalog, time)]


def _steps(values: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Neighbours that can be compared."""
    return ((a, b) for a, b in pairwise(values) if a["segment"] == b["segment"])


def _part(line: Relative, steps: list[tuple[Row, Row]], time: Time, dash: str, name: str) -> dict[str, Any]:
    ends = [end for a, b in steps for end in (a, b, None)]
    return {
        "type": "scatter",
        "mode": "lines",
        "xaxis": "x",
        "yaxis": AXIS,
        "x": [time.x(row["collected_at"]) if row else None for row in ends],
        "y": [line.multiple(row) if row else None for row in ends],
        "line": {"width": 1.8, "color": line.colour, "dash": dash},
        "hoverinfo": "skip",
        "name": name,
    }


def _points(line: Relative, side: Bedside, catalog: Catalog, time: Time) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "xaxis": "x",
        "yaxis": AXIS,
        "x": [time.x(row["collected_at"]) for row in line.values],
        "y": [line.multiple(row) for row in line.values],
        "marker": {
            "symbol": [chart_points.symbol(row) for row in line.values],
            "size": 7,
            "opacity": 1,
            "color": [line.colour if row["usable"] else colours.PAPER for row in line.values],
            "line": {"width": 1.6, "color": line.colour},
        },
        "hovertext": [
            f"{told(line.multiple(row))} · {chart_points.hover(row, line.analyte, side, catalog, time)}"
            for row in line.values
        ],
        "hoverinfo": "text",
        "name": f"{line.analyte.label} values",
    }


def told(multiple: float) -> str:
    """×2.9, ×0.34."""
    return f"×{multiple:.2g}" if multiple < 10 else f"×{multiple:,.0f}"


def _ends(lines: Sequence[Relative], ends: tuple[float, float]) -> Iterator[dict[str, Any]]:
    """A label at the end of each line, pushed apart where lines end together."""
    low, high = ends
    room = 1.15 * LABEL_HEIGHT / HEIGHT * (high - low)
    order = sorted(lines, key=lambda line: line.multiple(line.values[-1]))
    heights = spread([math.log10(line.multiple(line.values[-1])) for line in order], room, ends)
    for line, height in zip(order, heights, strict=True):
        words = f"<b>{line.analyte.label}</b> {told(line.multiple(line.values[-1]))}"
        hover = f"1 is {wording.number(line.base, line.analyte)} {wording.unit(line.analyte.unit)}"
        yield note(words, x=1, y=height, yref=AXIS, xshift=6, font={"size": 12, "color": line.colour}, hovertext=hover)


def spread(heights: Sequence[float], room: float, ends: tuple[float, float]) -> list[float]:
    """Ascending heights moved as little as keeps them `room` apart and between the ends: up from below, then back."""
    apart: list[float] = []
    for height in heights:
        apart.append(max(height, ends[0], apart[-1] + room) if apart else max(height, ends[0]))
    top = ends[1]
    for place in reversed(range(len(apart))):
        apart[place] = min(apart[place], top)
        top = apart[place] - room
    return apart


def _gutter(analytes: Sequence[Analyte], lines: Sequence[Relative], time: Time, rows: Rows) -> dict[str, Any]:
    """What 1 stands for, and which markers have nothing to be a multiple of."""
    without = [one.label for one in analytes if one.code not in {line.analyte.code for line in lines}]
    at = "value at steroid start" if time.steroid else "first value shown"
    said = f"<br><br>no such value:<br>{'<br>'.join(without)}" if without else ""
    rest = f"multiples of the<br>{at}, log<br>dashed: moved by<br>a product{said}"
    words = f"<b>All markers</b><br><span style='color:{colours.INK_2}'>{rest}</span>"
    return note(words, x=0, y=rows.panel_domain(0)[1], xshift=8 - GUTTER, yanchor="top", font={"size": 12})
