from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from dashboard.sparkline import EDGE, HEIGHT, WIDTH, Frame, Point, Scale, frame_of, sparkline

LOG = Scale(log=True, start=-96, end=0)
LINEAR = Scale(log=False, start=-96, end=0)


def drawn(points: list[Point], scale: Scale) -> ElementTree.Element:
    return ElementTree.fromstring(sparkline(points, scale, label="Ferritin 21,800 µg/L & more"))


def heights(points: list[Point], scale: Scale) -> list[float]:
    frame = frame_of(points, scale)
    return [frame.y(scale.measure(point.value)) for point in points]


def test_equal_factors_are_equal_steps_on_a_log_scale() -> None:
    ys = heights([Point(-48, 1000), Point(-24, 2000), Point(0, 4000)], LOG)
    assert ys == [HEIGHT - EDGE, HEIGHT / 2, EDGE]


def test_a_change_of_half_the_least_span_fills_half_the_height() -> None:
    scale = Scale(log=True, least_span=2 * math.log(2), start=-96, end=0)
    low, high = heights([Point(-24, 1000), Point(0, 2000)], scale)
    assert low - high == pytest.approx((HEIGHT - 2 * EDGE) / 2, abs=0.1)


def test_a_change_larger_than_the_least_span_fills_the_height() -> None:
    scale = Scale(log=True, least_span=math.log(2), start=-96, end=0)
    low, high = heights([Point(-24, 1000), Point(0, 8000)], scale)
    assert (low, high) == (HEIGHT - EDGE, EDGE)


def test_the_newest_point_stands_left_of_the_edge_by_its_age() -> None:
    frame = Frame(0, 1, -96, 0)
    assert frame.x(0) == WIDTH - EDGE
    assert frame.x(-96) == EDGE
    assert frame.x(-48) == WIDTH / 2


def test_a_linear_range_reaches_the_near_end_of_normal() -> None:
    frame = frame_of([Point(-24, 90.0), Point(0, 50.0)], Scale(log=False, band=(150, 400), start=-96, end=0))
    assert frame.low == 50
    assert frame.high == 150 + 0.25 * (150 - 50)


def test_a_log_range_is_not_stretched_to_a_far_normal() -> None:
    frame = frame_of([Point(-24, 10_000.0), Point(0, 20_000.0)], Scale(log=True, band=(30, 400), start=-96, end=0))
    assert frame.low == pytest.approx(math.log(10_000))


def test_the_normal_band_is_drawn_where_it_crosses_the_box_only() -> None:
    inside = drawn([Point(-24, 3.0), Point(0, 1.0)], Scale(log=False, band=(2.0, 4.0), start=-96, end=0))
    outside = drawn([Point(-24, 9000), Point(0, 20000)], Scale(log=True, band=(30, 400), start=-96, end=0))
    band = inside.find("rect[@class='band']")
    assert band is not None
    assert float(band.get("y", "")) == 0
    assert float(band.get("height", "")) == HEIGHT / 2
    assert outside.find("rect") is None


def test_a_bound_is_a_triangle_pointing_the_way_the_value_lies() -> None:
    svg = drawn([Point(-24, 30_000), Point(0, 40_000, ">")], LOG)
    tip = [tuple(map(float, pair.split(","))) for pair in svg.find("polygon").get("points").split()]  # type: ignore[union-attr]
    assert tip[0][1] < tip[1][1]  # the tip is above its base
    below = drawn([Point(-24, 3.0), Point(0, 1.0, "<")], LOG)
    tip = [tuple(map(float, pair.split(","))) for pair in below.find("polygon").get("points").split()]  # type: ignore[union-attr]
    assert tip[0][1] > tip[1][1]


def test_a_value_a_product_moved_is_hollow() -> None:
    svg = drawn([Point(-24, 2.6), Point(-12, 3.0, hollow=True), Point(0, 2.4)], LINEAR)
    assert [circle.get("class") for circle in svg.findall("circle")] == ["hollow", "dot"]


def test_the_line_breaks_where_values_are_not_comparable() -> None:
    points = [Point(-36, 1, series="a"), Point(-24, 2, series="a"), Point(-12, 3, series="b"), Point(0, 4, series="b")]
    assert [len(line.get("points", "").split()) for line in drawn(points, LINEAR).findall("polyline")] == [2, 2]


def test_points_outside_the_time_shown_are_left_out() -> None:
    svg = drawn([Point(-200, 5.0), Point(-24, 2.0), Point(0, 1.0)], LINEAR)
    assert [len(line.get("points", "").split()) for line in svg.findall("polyline")] == [2]


def test_without_points_there_is_an_empty_box_that_still_says_what_it_is() -> None:
    svg = drawn([], LINEAR)
    assert list(svg) == []
    assert svg.get("aria-label") == "Ferritin 21,800 µg/L & more"


def test_a_flat_series_is_drawn_in_the_middle() -> None:
    assert heights([Point(-24, 3.3), Point(0, 3.3)], LINEAR) == [HEIGHT / 2, HEIGHT / 2]


def test_the_svg_holds_no_style_and_no_script() -> None:
    text = sparkline([Point(0, 1.0)], LINEAR, label="<script>")
    assert not re.search(r"style=|<script|javascript:", text)
    assert "&lt;script&gt;" in text
