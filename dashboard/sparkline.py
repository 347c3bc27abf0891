"""
Small lines as SVG text: geometry and nothing else. Points in, markup out; no frames, no clock, no streamlit.

What a point looks like says what is known of it: filled as reported, hollow where a product moved it, a triangle
where only a bound is known. The vertical range is never less than `least_span`, so that noise looks flat.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT, EDGE = 76, 36, 4.0
RADIUS, LAST_RADIUS = 2.0, 3.4


class Point(NamedTuple):  # of a long ward there are a hundred thousand, made anew with every reading
    """One value at `at` (hours, any origin). `series` changes where values are not comparable, and the line breaks."""

    at: float
    value: float
    comparator: str = ""
    hollow: bool = False
    series: str = ""
    corrected: bool = False


@dataclass(frozen=True)
class Scale:
    """How values become heights. `least_span` in the scale's own measure: natural logarithm when `log`, else units."""

    log: bool
    least_span: float = 0.0
    band: tuple[float | None, float | None] = (None, None)
    start: float = 0.0
    end: float = 1.0

    def measure(self, value: float) -> float:
        return math.log(max(value, 1e-9)) if self.log else value


@dataclass(frozen=True)
class Frame:
    """The box in the scale's measure."""

    low: float
    high: float
    start: float
    end: float

    def x(self, at: float) -> float:
        return round(EDGE + (at - self.start) / (self.end - self.start) * (WIDTH - 2 * EDGE), 1)

    def y(self, measured: float) -> float:
        share = (measured - self.low) / (self.high - self.low)
        return round(HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE), 1)


def sparkline(points: Sequence[Point], scale: Scale, *, label: str) -> str:
    """SVG of the points between `scale.start` and `scale.end`; an empty box when there are none."""
    shown = [point for point in sorted(points, key=lambda point: point.at) if scale.start <= point.at <= scale.end]
    body = _drawn(shown, scale) if shown else ""
    return (
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{body}</svg>'
    )


def frame_of(points: Sequence[Point], scale: Scale) -> Frame:
    """The box that holds the points, at least `least_span` high; on a linear scale reaching the near end of normal."""
    measured = [scale.measure(point.value) for point in points]
    low, high = min(measured), max(measured)
    if not scale.log:
        low, high = _reaching(low, high, scale.band)
    lack = max(scale.least_span, 1e-6) - (high - low)
    if lack > 0:
        low, high = low - lack / 2, high + lack / 2
    return Frame(low, high, scale.start, scale.end if scale.end > scale.start else scale.start + 1)


def _reaching(low: float, high: float, band: tuple[float | None, float | None]) -> tuple[float, float]:
    normal_low, normal_high = band
    if normal_low is not None and high < normal_low:
        return low, normal_low + 0.25 * max(normal_low - low, 1e-9)
    if normal_high is not None and low > normal_high:
        return normal_high - 0.25 * max(high - normal_high, 1e-9), high
    return low, high


def _drawn(points: Sequence[Point], scale: Scale) -> str:
    frame = frame_of(points, scale)
    places = [(frame.x(point.at), frame.y(scale.measure(point.value)), point) for point in points]
    marks = "".join(_mark(x, y, point, last=False) for x, y, point in places[:-1] if point.hollow or point.comparator)
    return _band(frame, scale) + _lines(places) + marks + _mark(*places[-1], last=True)


def _band(frame: Frame, scale: Scale) -> str:
    low, high = scale.band
    bottom = frame.y(scale.measure(low)) if low is not None else HEIGHT
    top = frame.y(scale.measure(high)) if high is not None else 0
    bottom, top = min(max(bottom, 0), HEIGHT), min(max(top, 0), HEIGHT)
    if (low is None and high is None) or bottom - top < 0.5:
        return ""
    return f'<rect class="band" x="0" y="{top:g}" width="{WIDTH}" height="{bottom - top:g}"/>'


def _lines(places: Sequence[tuple[float, float, Point]]) -> str:
    runs: list[list[str]] = []
    series: str | None = None
    for x, y, point in places:
        if point.series != series or not runs:
            runs.append([])
            series = point.series
        runs[-1].append(f"{x:g},{y:g}")
    return "".join(f'<polyline class="line" points="{" ".join(run)}"/>' for run in runs if len(run) > 1)


def _mark(x: float, y: float, point: Point, *, last: bool) -> str:
    size = LAST_RADIUS if last else RADIUS
    if point.comparator.startswith(">"):
        return _triangle(x, y, -size)
    if point.comparator.startswith("<"):
        return _triangle(x, y, size)
    kind = "hollow" if point.hollow else "dot"
    return f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="{size:g}"/>'


def _triangle(x: float, y: float, size: float) -> str:
    """Tip up (negative size) where the value is above the bound, down where below."""
    reach = abs(size) + 0.8
    tip, base = y + math.copysign(reach, size), y - math.copysign(reach * 0.8, size)
    points = f"{x:g},{tip:g} {x - reach:g},{base:g} {x + reach:g},{base:g}"
    return f'<polygon class="bound" points="{points}"/>'
