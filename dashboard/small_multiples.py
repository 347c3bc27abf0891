"""
The trajectories of one patient small: a panel an analyte on one shared time, as shapes. Imports no streamlit.

In each panel: the reference interval as a band, near thresholds dashed with their name, the 24-48 h window after the
steroid start, the doses of the line along the top, and every value drawn as what is known of it (see LEGEND).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import STEROID_CLOCK_HOURS, Bedside, shown_analytes
from dashboard.chart_time import DECISION
from dashboard.normal import normal_band
from dashboard.series import phrase, scale
from dashboard.shapes import Box, Dot, Drawing, Path, Shape, Words
from dashboard.sparkline import Frame, Point, Scale, frame_of
from monitoring.terms import Analyte, Catalog

SHOWN: Final = (
    "ferritin", "fibrinogen", "platelets", "crp", "ast", "ldh", "triglycerides", "hemoglobin",
)  # fmt: skip
WIDTH, HEIGHT = 240.0, 104.0
LEFT, TOP, BOTTOM = 4.0, 36.0, 90.0
LEAD_HOURS: Final = 48.0  # what is seen of the time before the steroid start
SEEN_HOURS: Final = 7 * 24.0
REACH: Final = 0.45  # a threshold this far outside, in heights of the values, is still drawn in
AFTER: Final = 0.03
CUTOFF_HEIGHT: Final = 8.5
MOST_TICKS: Final = 6
STEPS: Final = (6, 12, 24, 48, 72, 168)
LEGEND: Final = (
    "● as reported · ○ moved by a product, not judged · ▲▼ beyond the range of the test · + corrected · □ awaited, "
    "not come · broken line: not comparable",
    "| dose of a line · ◇ product that moves this value · band: reference interval · dashed: threshold · "
    "tinted or hatched: 24–48 h after steroid start · dotted: steroid start",
)


@dataclass(frozen=True)
class Span:
    """Hours before now (negative) that are seen; `zero` is what the axis counts from, on the same clock."""

    start: float
    end: float
    zero: float
    steroid: bool
    width: float = WIDTH

    @property
    def right(self) -> float:
        return self.width - LEFT

    def x(self, at: float) -> float:
        return LEFT + (at - self.start) / (self.end - self.start) * (self.right - LEFT)


@dataclass(frozen=True)
class Panel:
    """`points` are those seen; `frame` is the box in the scale's measure."""

    analyte: Analyte
    points: tuple[Point, ...]
    scale: Scale
    frame: Frame
    span: Span

    def y(self, value: float) -> float:
        share = (self.scale.measure(value) - self.frame.low) / (self.frame.high - self.frame.low)
        return BOTTOM - 4 - share * (BOTTOM - TOP - 10)

    def holds(self, value: float) -> bool:
        return self.frame.low <= self.scale.measure(value) <= self.frame.high


def small_multiples(side: Bedside, catalog: Catalog, *, width: float = WIDTH) -> list[Drawing]:
    """One drawing for each of SHOWN that has values, in the catalog's order."""
    span = replace(span_of(side), width=width)
    found = [analyte for analyte in shown_analytes(catalog, side.trends) if analyte.code in SHOWN]
    return [_drawing(panel_of(side, analyte, catalog, span), side, catalog) for analyte in found]


def span_of(side: Bedside) -> Span:
    """From two days before the steroid start to now, at least two days; without a recent start, the last week."""
    gone = side.steroid_hours
    if gone is None or gone > SEEN_HOURS:
        return Span(-SEEN_HOURS, AFTER * SEEN_HOURS, 0.0, False)
    start = -(gone + LEAD_HOURS)
    end = max(0.0, min(STEROID_CLOCK_HOURS - gone, 12.0))
    return Span(start, end - AFTER * start, -gone, True)


def panel_of(side: Bedside, analyte: Analyte, catalog: Catalog, span: Span) -> Panel:
    every = sorted(side.series[analyte.code].points, key=lambda point: point.at)
    # an old value is drawn at the left edge of nothing: it is left out, and its age stands beside the number
    seen = tuple(point for point in every if span.start <= point.at <= 0)
    ruler = replace(scale(side, analyte, catalog), start=span.start, end=span.end)
    box = frame_of(seen or every[-1:], ruler)
    return Panel(analyte, seen, ruler, _reaching(box, analyte, ruler), span)


def _reaching(box: Frame, analyte: Analyte, ruler: Scale) -> Frame:
    """Stretched to thresholds that are near; far ones would flatten what they stand beside."""
    reach = REACH * (box.high - box.low)
    near = [ruler.measure(threshold.value) for threshold in analyte.thresholds]
    near = [value for value in near if box.low - reach <= value <= box.high + reach]
    return replace(box, low=min([box.low, *near]), high=max([box.high, *near]))


def _drawing(panel: Panel, side: Bedside, catalog: Catalog) -> Drawing:
    shapes = (
        *_ground(panel, side), *_axis(panel.span), *_thresholds(panel), *_given(panel, side, catalog),
        *_lines(panel), *_marks(panel), *_awaited(panel, side), *_words(panel, side, catalog),
    )  # fmt: skip
    return Drawing(panel.span.width, HEIGHT, shapes, _label(panel, side, catalog))


def _ground(panel: Panel, side: Bedside) -> Iterator[Shape]:
    low, high = normal_band(side, panel.analyte)
    bottom = BOTTOM if low is None else min(BOTTOM, max(TOP, panel.y(low)))
    top = TOP if high is None else min(BOTTOM, max(TOP, panel.y(high)))
    if (low, high) != (None, None) and bottom - top >= 0.5:
        yield Box(LEFT, top, panel.span.right - LEFT, bottom - top, "band")
    span = panel.span
    if span.steroid:
        start, end = (min(span.zero + hours, span.end) for hours in DECISION)
        if end > start:
            yield Box(span.x(start), TOP, span.x(end) - span.x(start), BOTTOM - TOP, "window")
        yield Path(((span.x(span.zero), TOP), (span.x(span.zero), BOTTOM)), "begun")
    yield Path(((LEFT, BOTTOM), (panel.span.right, BOTTOM)), "axis")


def _axis(span: Span) -> Iterator[Shape]:
    step = next((step for step in STEPS if (span.end - span.start) / step <= MOST_TICKS), STEPS[-1])
    first = math.ceil((span.start - span.zero) / step) * step
    for hour in range(first, int(span.end - span.zero) + 1, step):
        x = span.x(span.zero + hour)
        yield Path(((x, BOTTOM), (x, BOTTOM + 2)), "axis")
        if LEFT + 8 <= x <= span.right - 8:
            yield Words(x, BOTTOM + 11, _hour(hour, span), "tick", "middle")


def _hour(hour: int, span: Span) -> str:
    if hour == 0:
        return "0 h" if span.steroid else "now"
    told = f"{abs(hour)}" if span.steroid else f"{abs(hour) / 24:g} d"
    return f"{'−' if hour < 0 else '+'}{told}"


def _thresholds(panel: Panel) -> Iterator[Shape]:
    for threshold in panel.analyte.thresholds:
        if panel.holds(threshold.value):
            y = panel.y(threshold.value)
            yield Path(((LEFT, y), (panel.span.right, y)), "threshold")
            number = wording.number(threshold.value, panel.analyte)
            right = _nearer_left(panel, y)
            x = panel.span.right - 1 if right else LEFT + 1
            base = y - 1.5 if y - CUTOFF_HEIGHT > TOP else y + CUTOFF_HEIGHT - 1.5  # never into what was given
            yield Words(x, base, f"{number} {threshold.label}", "cutoff", "end" if right else "start")


def _nearer_left(panel: Panel, y: float) -> bool:
    """Whether the line runs closer to this height at its left end: the words then stand at the right."""
    ends = [abs(panel.y(point.value) - y) for point in (panel.points[:1] + panel.points[-1:])]
    return bool(ends) and ends[0] < ends[-1]


def _given(panel: Panel, side: Bedside, catalog: Catalog) -> Iterator[Shape]:
    """Doses of any line as strokes along the top, products that move this value as diamonds."""
    for span in side.spans:
        at = -wording.since(span["started_at"], side.as_of)
        if not panel.span.start <= at <= panel.span.end:
            continue
        x = panel.span.x(at)
        if _moves(span["given"], panel.analyte, catalog):
            yield _diamond(x, TOP - 4)
        elif span["line"] != "none":
            yield Path(((x, TOP - 5), (x, TOP)), "dose")


def _moves(given: str, analyte: Analyte, catalog: Catalog) -> bool:
    product = catalog.products.get(given)
    return product is not None and any(effect.analyte == analyte.code for effect in product.effects)


def _diamond(x: float, y: float) -> Path:
    return Path(((x, y - 3.4), (x + 3.4, y), (x, y + 3.4), (x - 3.4, y)), "product", closed=True)


def _lines(panel: Panel) -> Iterator[Shape]:
    """Broken where values are not comparable."""
    run: list[Point] = []
    for point in panel.points:
        if run and run[-1].series != point.series:
            yield from _run(panel, run)
            run = []
        run.append(point)
    yield from _run(panel, run)


def _run(panel: Panel, run: Sequence[Point]) -> Iterable[Shape]:
    if len(run) > 1:
        yield Path(tuple((panel.span.x(point.at), panel.y(point.value)) for point in run), "line")


def _marks(panel: Panel) -> Iterator[Shape]:
    for place, point in enumerate(panel.points):
        last = place == len(panel.points) - 1
        x, y, size = panel.span.x(point.at), panel.y(point.value), 3.0 if last else 2.0
        yield _mark(x, y, point, size)
        if point.corrected:
            yield Path(((x - 4, y), (x + 4, y)), "corrected")
            yield Path(((x, y - 4), (x, y + 4)), "corrected")


def _mark(x: float, y: float, point: Point, size: float) -> Shape:
    style = "hollow" if point.hollow else "dot"
    if not point.comparator:
        return Dot(x, y, size, style)
    way, reach = (-1 if point.comparator.startswith(">") else 1), size + 1.2
    corners = ((x, y + way * reach), (x - reach, y - way * reach * 0.8), (x + reach, y - way * reach * 0.8))
    return Path(corners, style, closed=True)


def _awaited(panel: Panel, side: Bedside) -> Iterator[Shape]:
    """An open square on the axis where a value was expected and has not come."""
    for row in side.late:
        at = -wording.since(row["due_at"], side.as_of)
        if row["analyte"] == panel.analyte.code and panel.span.start <= at <= panel.span.end:
            yield Box(panel.span.x(at) - 3, BOTTOM - 3, 6, 6, "awaited")


def _words(panel: Panel, side: Bedside, catalog: Catalog) -> Iterator[Shape]:
    analyte, trend = panel.analyte, side.trends[panel.analyte.code]
    yield Words(LEFT, 12, analyte.label, "name")
    number = wording.number(trend["value"], analyte, trend["comparator"])
    yield Words(panel.span.right, 13, wording.joined(number, wording.unit(analyte.unit), by=" "), "number", "end")
    age = f"{wording.age(trend['collected_at'], side.as_of)} old"
    yield Words(LEFT, 26, phrase(trend, side.series[analyte.code], catalog), "said")
    yield Words(panel.span.right, 26, age, "said", "end")
    if not panel.points:
        yield Words(panel.span.width / 2, (TOP + BOTTOM) / 2 + 3, f"none since {age[:-4]}", "said", "middle")


def _label(panel: Panel, side: Bedside, catalog: Catalog) -> str:
    analyte, trend = panel.analyte, side.trends[panel.analyte.code]
    number = wording.number(trend["value"], analyte, trend["comparator"])
    age: str = "" if pd.isna(trend["collected_at"]) else f"{wording.age(trend['collected_at'], side.as_of)} old"
    words = phrase(trend, side.series[analyte.code], catalog)
    return f"{analyte.label} {wording.joined(f'{number} {wording.unit(analyte.unit)}'.strip(), words, age, by=', ')}"
