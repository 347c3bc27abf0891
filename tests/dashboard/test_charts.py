from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboard import charts
from dashboard.bedside import Bedside, with_corrections
from dashboard.chart_time import time_of
from dashboard.selection import PatientAsked
from monitoring.terms import Threshold
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import ZONE, bed, versions, ward


def figure(side: Bedside) -> go.Figure:
    return charts.trajectories(side, catalog(), zone=ZONE)


def trace(told: go.Figure, name: str) -> Any:
    return next(trace for trace in told.data if trace.name == name)


def named(told: go.Figure, name: str) -> list[Any]:
    return [shape for shape in told.layout.shapes if shape.name == name]


def texts(told: go.Figure) -> list[str]:
    return [note.text for note in told.layout.annotations]


def test_panels_stand_in_the_order_of_the_catalog_on_one_time_axis() -> None:
    told = figure(bed("7"))
    names = [trace.name for trace in told.data if trace.mode == "lines+markers"]
    assert names == ["Ferritin", "Fibrinogen", "Platelets", "CRP", "AST", "LDH", "Triglycerides", "Haemoglobin"]
    assert {trace.xaxis for trace in told.data} == {"x"}
    tops = [told.layout[f"yaxis{place}"].domain[1] for place in range(2, 10)]
    assert tops == sorted(tops, reverse=True)


def test_every_trace_is_svg_and_there_are_few_of_them() -> None:
    told = figure(bed("7"))
    assert {trace.type for trace in told.data} == {"scatter"}
    assert len(told.data) < 20


def test_time_is_hours_since_the_steroid_start() -> None:
    assert list(trace(figure(bed("7")), "Ferritin").x) == [-58, -46, -34, -22, -10, 2, 12, 24, 36, 48]


def test_without_steroids_time_is_hours_before_now() -> None:
    assert list(trace(figure(bed("14")), "Ferritin").x) == [-124, -100, -76, -52, -4]


def test_the_axes_are_those_of_the_catalog() -> None:
    told = figure(bed("7"))
    assert [told.layout[f"yaxis{place}"].type for place in (2, 3, 4, 5)] == ["log", "linear", "linear", "log"]


def test_noise_is_drawn_flat() -> None:
    told = figure(bed("14"))
    low, high = told.layout.yaxis2.range
    values = [math.log10(value) for value in trace(told, "Ferritin").y]
    assert (max(values) - min(values)) / (high - low) < 0.35


def test_a_bound_is_a_triangle_at_its_bound() -> None:
    ferritin = trace(figure(bed("12")), "Ferritin")
    assert list(ferritin.marker.symbol)[-2:] == ["triangle-up", "triangle-up"]
    assert list(ferritin.y)[-1] == 40000
    assert ferritin.hovertext[-1].startswith("<b>Ferritin >40,000 µg/L</b><br>reported &gt;40000 ug/L")


def test_a_value_a_product_moved_is_hollow_and_says_by_what() -> None:
    crp = trace(figure(bed("3")), "CRP")
    assert list(crp.marker.color) == ["#2f3e55", "#2f3e55", "#ffffff", "#ffffff", "#ffffff", "#ffffff"]
    assert "moved by Tocilizumab" in crp.hovertext[-1]


def test_a_corrected_value_has_a_tick_and_its_old_value_on_hover() -> None:
    told = figure(with_corrections(bed("11"), versions("11")))
    assert list(trace(told, "Ferritin corrected").x) == [-16]
    assert "corrected from 11,200" in trace(told, "Ferritin").hovertext[2]


def test_hover_tells_unit_as_reported_times_with_their_zone_source_and_version() -> None:
    hover = trace(figure(bed("7")), "Ferritin").hovertext[-1]
    assert hover.split("<br>") == [
        "<b>Ferritin 21,800 µg/L</b>",
        "reported 21800 ug/L",
        "collected Sat 21 Nov 2026 12:12 CET",
        "resulted Sat 21 Nov 2026 13:12 CET",
        "received Sat 21 Nov 2026 13:24 CET",
        "source drop · P-0007-ferritin-2 · version 1",
    ]


def test_the_line_breaks_where_the_method_changes() -> None:
    side = bed("5")
    whole = side.values.assign(segment=(side.values["collected_at"] > side.t0).astype(int))
    ferritin = trace(figure(replace(side, whole=lambda: whole)), "Ferritin")
    assert None in list(ferritin.y)


def test_the_window_from_24_to_48_hours_is_shaded() -> None:
    (window,) = named(figure(bed("7")), "window")
    assert (window.x0, window.x1) == (24, 48)


def test_a_window_still_ahead_ends_within_the_chart() -> None:
    told = figure(bed("3"))
    (window,) = named(told, "window")
    assert window.x1 == 48 < told.layout.xaxis.range[1]


def test_a_chart_without_steroids_has_no_window() -> None:
    assert named(figure(bed("14")), "window") == []


def test_a_bar_that_still_runs_reaches_the_charts_right_edge() -> None:
    told = figure(bed("12"))
    (bar,) = named(told, "bar")
    assert bar.x0 == pytest.approx(-14)
    assert bar.x1 == told.layout.xaxis.range[1]


def test_a_bar_that_has_ended_ends_there() -> None:
    (span,) = bed("12").spans
    ended = {**span, "open": False, "ended_at": pd.Timestamp(bed("12").as_of) - pd.Timedelta(hours=4)}
    (bar,) = named(figure(replace(bed("12"), spans=(ended,))), "bar")
    assert (bar.x0, bar.x1) == (-14, -4)


def test_no_shape_and_no_point_is_without_a_place() -> None:
    for side in ward().sides:
        text = json.dumps(figure(side).to_plotly_json(), default=str)
        assert "NaT" not in text
        assert "NaN" not in text


def test_doses_and_products_stand_on_lanes_of_their_own() -> None:
    told = figure(bed("7"))
    assert [trace.name for trace in told.data][:3] == ["First line", "Products", "Flags"]
    assert list(trace(told, "First line").x) == [0, 24, 48]
    assert [text.strip() for text in trace(told, "First line").text] == ["mPSL 1\u00a0g"] * 3
    assert trace(told, "Products").marker.symbol == "diamond-open"
    assert trace(told, "Products").hovertext[0].startswith("<b>fibrinogen concentrate 4\u00a0g</b><br>given Thu 19 Nov")


def test_labels_give_way_where_doses_stand_close() -> None:
    first, t0 = bed("7").spans[0], pd.Timestamp(bed("7").t0)
    spans = tuple({**first, "started_at": t0 + pd.Timedelta(hours=hours)} for hours in range(0, 48, 6))
    text = trace(figure(replace(bed("7"), spans=spans)), "First line").text
    assert text[-1].strip() == "mPSL 1\u00a0g"
    assert [words for words in text[1:-1] if words.strip()] == []


def test_a_flag_is_marked_where_it_was_raised_in_the_panel_of_its_marker() -> None:
    told = figure(bed("7"))
    flag = trace(told, "Ferritin flag")
    assert (list(flag.x), flag.yaxis) == ([-9], "y2")  # raised 59 h ago, steroids began 50 h ago
    assert "Ferritin doubling every 21 h" in flag.hovertext[0]
    assert [text.strip() for text in trace(told, "Flags").text] == ["Not responding to steroids at 48\u00a0h"]


def test_what_is_awaited_is_an_open_square_on_the_axis() -> None:
    told = figure(bed("9"))
    square = trace(told, "Ferritin awaited")
    assert (list(square.x), square.marker.symbol) == ([24], "square-open")  # last 19 h ago, due after 12 h, T0 31 h ago
    assert math.log10(square.y[0]) == pytest.approx(told.layout.yaxis2.range[0])


def test_the_gutter_is_read_without_hovering() -> None:
    gutter = next(text for text in texts(figure(bed("7"))) if "<b>Ferritin</b>" in text)
    assert "µg/L · log" in gutter
    assert "<b>21,800</b>" in gutter
    assert "2 h old" in gutter
    assert "doubling every 21\u00a0h" in gutter


def test_the_interval_of_a_doubling_time_stands_with_it() -> None:
    side = bed("7")
    trends = {**side.trends, "ferritin": {**side.trends["ferritin"], "doubling_low": 17.2, "doubling_high": 26.6}}
    assert any("doubling every 21\u00a0h (17–27)" in text for text in texts(figure(replace(side, trends=trends))))


def test_thresholds_near_the_values_are_drawn_with_name_and_source() -> None:
    told = figure(bed("7"))
    (label,) = [note for note in told.layout.annotations if note.text == "10,000 highly suspicious"]
    assert label.hovertext.startswith("Founding document 1")
    assert label.y == pytest.approx(4)  # plotly places notes on a log axis by their logarithm
    assert any(shape.y0 == 10000 for shape in named(told, "threshold"))


def test_a_threshold_far_from_the_values_is_left_out() -> None:
    assert not any("highly suspicious" in text for text in texts(figure(bed("14"))))


def test_the_band_of_normal_stays_inside_its_panel() -> None:
    told = figure(bed("7"))
    bands = [shape for shape in named(told, "normal") if shape.yref == "y3"]
    low, high = told.layout.yaxis3.range
    assert [(band.y0, band.y1) for band in bands] == [(2.0, 4.0)]
    assert low <= 2.0 < 4.0 <= high


def test_two_rows_of_words_mark_the_time() -> None:
    axis = figure(bed("7")).layout.xaxis
    words = dict(zip(axis.tickvals, axis.ticktext, strict=True))
    assert words[0] == "0 h<br>Thu 12:12"
    assert words[24] == "+24 h<br>Fri 12:12"
    assert words[-24] == "−24 h<br>Wed 12:12"


def test_the_wards_clock_follows_the_change_of_the_clocks() -> None:
    side = bed("7")
    moved = datetime(2026, 10, 24, 12, tzinfo=UTC)
    response = {**side.responses[0], "t0": pd.Timestamp(moved)}
    told = charts.trajectories(
        replace(side, as_of=moved + timedelta(hours=50), responses=(response,)), catalog(), zone=ZONE
    )
    words = dict(zip(told.layout.xaxis.tickvals, told.layout.xaxis.ticktext, strict=True))
    assert words[0] == "0 h<br>Sat 14:00"
    assert words[24] == "+24 h<br>Sun 13:00"


def test_a_long_stay_opens_on_its_last_week_and_can_be_widened() -> None:
    time = time_of(bed("5"), zone=ZONE)
    side = bed("5")
    side.series["ferritin"].points.insert(0, side.series["ferritin"].points[0]._replace(at=-2000.0))
    long = time_of(side, zone=ZONE)
    assert long.seen > long.start
    whole = time_of(side, zone=ZONE, span="all")
    assert whole.seen == whole.start
    assert long.end - long.seen < 8 * 24
    assert time.seen == time.start


def test_a_patient_without_labs_still_has_a_figure() -> None:
    told = figure(bed("2"))
    assert len(told.data) == 0
    assert told.layout.height > 60


def test_no_button_sends_values_to_another_machine() -> None:
    buttons = [button for group in charts.CONFIG["modeBarButtons"] for button in group]
    assert buttons == ["toImage", "resetScale2d"]
    assert charts.CONFIG["showSendToCloud"] is False
    assert charts.CONFIG["displaylogo"] is False


def test_the_picture_is_saved_as_svg_or_larger_than_the_screen_as_png() -> None:
    assert charts.config("")["toImageButtonOptions"] == {"format": "svg", "filename": "maswatch"}
    assert charts.config("png")["toImageButtonOptions"] == {"format": "png", "scale": 2, "filename": "maswatch"}
    assert charts.config("png")["showSendToCloud"] is False


def test_streamlits_placeholder_colours_are_not_used() -> None:
    placeholders = {f"#0000{number:02d}" for number in range(1, 41)}
    text = json.dumps(figure(bed("7")).to_plotly_json(), default=str)
    assert not any(colour in text for colour in placeholders)


def test_thresholds_too_near_to_be_told_apart_share_one_label() -> None:
    near = Threshold(9500, "another", catalog().analytes["ferritin"].thresholds[0].source)
    ferritin = catalog().analytes["ferritin"]
    wider = replace(ferritin, thresholds=(*ferritin.thresholds, near))
    told = replace(catalog(), analytes={**catalog().analytes, "ferritin": wider})
    labels = texts(charts.trajectories(bed("7"), told, zone=ZONE))
    assert "9,500 another · 10,000 highly suspicious" in labels


def test_what_a_feed_calls_things_is_never_markup_in_the_figure() -> None:
    whole = bed("7").values.assign(source_id="<a href='x'>")
    spans = tuple({**span, "label": "<b>x</b>"} for span in bed("7").spans)
    told = figure(replace(bed("7"), whole=lambda: whole, spans=spans))
    assert "&lt;a href=" in trace(told, "Ferritin").hovertext[0]
    assert "&lt;b&gt;x&lt;/b&gt;" in trace(told, "First line").hovertext[0]


def test_only_what_the_days_shown_hold_is_drawn_and_the_value_before_it_from_which_the_line_comes() -> None:
    early, late = figure_of("7", "72h"), figure_of("7", "all")
    assert list(trace(late, "Ferritin").x) == [-58, -46, -34, -22, -10, 2, 12, 24, 36, 48]
    # 48 h after the start, the newest 72 h begin at -24 h less 3 % of what is shown; -34 is the value before
    assert list(trace(early, "Ferritin").x) == [-34, -22, -10, 2, 12, 24, 36, 48]


def test_a_flag_that_cleared_leaves_a_pale_mark() -> None:
    side = bed("7")
    gone = tuple({**row, "state": "cleared"} for row in side.flags)
    colours = {
        trace.marker.color[0] for trace in figure(replace(side, flags=gone)).data if str(trace.name).endswith(" flag")
    }
    assert colours == {"#94a3b8"}


def figure_of(number: str, span: str) -> go.Figure:
    return charts.trajectories(bed(number), catalog(), zone=ZONE, asked=PatientAsked(span=span))
