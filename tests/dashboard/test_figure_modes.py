"""The figure looked at in other ways: its trend line, other time, all markers as multiples."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboard.bedside import Bedside
from dashboard.chart_relative import spread
from dashboard.chart_time import Time, axis, axis_words, time_of
from dashboard.figure_choices import choices
from dashboard.figure_colours import SCREENS, TREND_BAND
from dashboard.labs_seen import as_csv, labs_seen
from dashboard.selection import PatientAsked, patient_asked
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.figure_fixture import figure, names, rising, trace
from tests.dashboard.ward_fixture import NOW, ZONE, bed, ward

SI = PatientAsked(units="si")
RELATIVE = PatientAsked(mode="relative")


@pytest.mark.parametrize("asked", [PatientAsked(), SI, RELATIVE, PatientAsked(span="72h", axis="clock")])
def test_plotly_itself_finds_nothing_wrong_with_any_figure(asked: PatientAsked) -> None:
    for side in [*ward().sides, rising()]:
        go.Figure(figure(side, asked).to_plotly_json())


def test_a_judged_trend_is_a_line_through_the_middle_of_its_values_at_its_rate() -> None:
    line = trace(figure(rising(), PatientAsked()), "Ferritin trend")
    assert (line.x[0], line.x[-1], line.yaxis) == (24, 48, "y2")
    slope = (math.log(2) / 20 + math.log(2) / 30) / 2
    assert math.log(line.y[-1] / line.y[0]) == pytest.approx(24 * slope, rel=1e-3)
    drawn = trace(figure(rising(), PatientAsked()), "Ferritin")
    inside = [math.log(y) for x, y in zip(drawn.x, drawn.y, strict=True) if 24 <= x <= 48]
    middle = math.log(line.y[len(line.y) // 2])
    assert middle == pytest.approx(sum(inside) / len(inside), abs=0.2)


def test_the_band_holds_its_line_and_is_narrowest_in_the_middle() -> None:
    told = figure(rising(), PatientAsked())
    band, line = trace(told, "Ferritin trend band"), trace(told, "Ferritin trend")
    count = len(line.y)
    above, below = list(band.y)[:count], list(band.y)[count:][::-1]
    assert all(low < y < high for low, y, high in zip(below, line.y, above, strict=True))
    widths = [high / low for low, high in zip(below, above, strict=True)]
    assert min(widths) < widths[0]
    assert min(widths) < widths[-1]
    assert band.fill == "toself"


def test_the_trend_tells_its_interval() -> None:
    told = figure(rising(), PatientAsked())
    assert "doubling every 21\u00a0h (20–30)" in trace(told, "Ferritin trend").hovertext


@pytest.mark.parametrize("judged", [{"direction": "flat"}, {"doubling_low": math.nan}, {"hours": math.nan}])
def test_nothing_is_drawn_inside_the_noise(judged: dict[str, Any]) -> None:
    assert "Ferritin trend" not in names(figure(rising(**judged), PatientAsked()))


def test_nothing_is_drawn_where_a_product_moved_the_newest_value() -> None:
    side = rising()
    series = {**side.series, "ferritin": replace(side.series["ferritin"], confounded_by="tocilizumab")}
    assert "Ferritin trend" not in names(figure(replace(side, series=series), PatientAsked()))


def long_stay() -> Bedside:
    """Admitted 20 days ago, values from 40 days ago on."""
    side = bed("14")
    as_of = side.as_of
    first = side.series["ferritin"].points[0]
    series = {**side.series, "ferritin": replace(side.series["ferritin"])}
    series["ferritin"].points = [first._replace(at=-960.0), first._replace(at=-470.0), *side.series["ferritin"].points]
    return replace(side, series=series, patient={**side.patient, "admitted_at": as_of - timedelta(days=20)})


@pytest.mark.parametrize(("span", "hours"), [("72h", 72), ("", 168), ("stay", 480), ("all", 960)])
def test_the_figure_opens_on_the_days_asked_for(span: str, hours: int) -> None:
    time = time_of(long_stay(), zone=ZONE, span=span)
    room = (time.end - time.seen) * 0.03 / 1.06
    assert time.end - time.seen - 2 * room == pytest.approx(hours)


def test_a_stay_that_has_ended_opens_on_its_last_week() -> None:
    side = long_stay()
    left = side.as_of - timedelta(days=5)
    points = [point for point in side.series["ferritin"].points if point.at < -124]
    series = {"ferritin": replace(side.series["ferritin"], points=points)}
    time = time_of(replace(side, series=series, patient={**side.patient, "discharged_at": left}), zone=ZONE)
    assert time.end < 0
    assert time.x(left) < time.end
    assert time.seen < time.x(left - timedelta(days=7))


def test_on_the_wards_clock_ticks_stand_at_round_hours_also_when_the_clocks_change() -> None:
    side = bed("7")
    moved = datetime(2026, 10, 24, 12, tzinfo=UTC)  # the night to the 25th has 25 hours in Berlin
    response = {**side.responses[0], "t0": moved}
    there = replace(side, as_of=moved + timedelta(hours=50), responses=(response,))
    axis = figure(there, PatientAsked(axis="clock", span="72h")).layout.xaxis
    words = dict(zip(axis.ticktext, axis.tickvals, strict=True))
    assert words["Sun 00:00<br>+10 h"] == 10
    assert words["Mon 00:00<br>+35 h"] == 35


def test_multiples_are_of_the_value_the_response_is_measured_from() -> None:
    told = figure(bed("7"), RELATIVE)
    values = trace(told, "Ferritin values")
    baseline = bed("7").responses[-1]["windows"][0]["markers"]["ferritin"]["baseline"]
    assert list(values.y)[-1] == pytest.approx(21800 / baseline)
    assert told.layout.yaxis2.type == "log"
    assert {one.yaxis for one in told.data if one.name not in ("First line", "Products", "Flags")} == {"y2"}


def test_a_part_that_a_product_moved_is_dashed_and_its_points_are_hollow() -> None:
    told = figure(bed("3"), RELATIVE)
    assert trace(told, "CRP moved").line.dash == "dash"
    assert trace(told, "CRP").line.dash == "solid"
    moved = trace(told, "CRP values").marker.color
    assert list(moved)[-4:] == ["#ffffff"] * 4


def test_every_line_is_labelled_at_its_end_and_no_label_covers_another() -> None:
    told = figure(bed("7"), RELATIVE)
    labels = [note for note in told.layout.annotations if note.yref == "y2"]
    assert sorted(note.text.split("</b>")[0].removeprefix("<b>") for note in labels) == sorted(
        ["Ferritin", "Fibrinogen", "Platelets", "CRP", "AST", "LDH", "Triglycerides", "Haemoglobin"]
    )
    heights = sorted(note.y for note in labels)
    low, high = told.layout.yaxis2.range
    assert min(b - a for a, b in pairwise(heights)) * 470 / (high - low) >= 14


def _windows(side: Bedside) -> list[Any]:
    return list(side.responses[-1]["windows"])


def test_a_marker_without_a_value_at_the_start_is_named_and_not_drawn() -> None:
    side = bed("7")
    markers = [{code: told for code, told in one["markers"].items() if code != "ferritin"} for one in _windows(side)]
    windows = [{**one, "markers": told} for one, told in zip(_windows(side), markers, strict=True)]
    whole = side.values[~(side.values["analyte"].eq("ferritin") & (side.values["collected_at"] <= side.t0))]
    told = figure(replace(side, responses=({**side.responses[-1], "windows": windows},), whole=lambda: whole), RELATIVE)
    assert "Ferritin values" not in names(told)
    assert any("no such value:<br>Ferritin" in note.text for note in told.layout.annotations)


def test_labels_are_moved_apart_as_little_as_needed_and_stay_inside() -> None:
    assert spread([0.0, 0.1, 5.0], 1.0, (-10.0, 10.0)) == [0.0, 1.0, 5.0]
    assert spread([9.5, 9.9], 1.0, (0.0, 10.0)) == [9.0, 10.0]


def test_the_address_says_how_the_patient_is_looked_at_and_nonsense_is_not_asked_for() -> None:
    asked = patient_asked({"patient": "P-7", "span": "72h", "axis": "clock", "units": "mg", "mode": "relative"})
    assert asked == PatientAsked("P-7", "72h", "clock", "", "relative")
    assert asked.address(span="") == "/patient?patient=P-7&axis=clock&mode=relative"


def test_the_choice_in_force_is_no_link_and_the_others_keep_what_else_was_chosen() -> None:
    span, axis, *_ = choices(bed("7"), catalog(), PatientAsked("P-0007", span="72h"))
    assert [segment.words for segment in span.segments if not segment.href] == ["72 h"]
    assert axis.segments[1].href == "/patient?patient=P-0007&span=72h&axis=clock"


def test_the_file_holds_the_values_of_the_days_shown_in_the_units_shown() -> None:
    table = labs_seen(bed("7"), catalog(), zone=ZONE, asked=PatientAsked(span="72h", units="si"))
    assert table["hours_since_steroid_start"].min() >= -25
    last = table[table["analyte"].eq("ferritin")].iloc[-1]
    assert last["value"] == pytest.approx(21800 * catalog().analytes["ferritin"].si_factor)
    assert (last["unit"], last["value_text"], last["unit_text"]) == ("pmol/L", "21800", "ug/L")
    assert last["collected_at"] == "2026-11-21T12:12:00+01:00"
    assert as_csv(table).splitlines()[0].startswith("patient_id,analyte,label,value,unit,collected_at,")


def test_a_patient_without_values_gives_a_file_of_one_line() -> None:
    table = labs_seen(bed("2"), catalog(), zone=ZONE, asked=PatientAsked())
    assert len(as_csv(table).splitlines()) == 1


def test_the_values_that_a_marked_flag_rests_on_are_ringed() -> None:
    side = bed("7")
    (flag,) = [row for row in side.flags if row["flag"] == "ferritin_rising"]
    drawn = side.drawn["ferritin"][-2:]
    evidence = [{"analyte": "ferritin", "collected_at": row["collected_at"].isoformat()} for row in drawn]
    marked = replace(side, flags=({**flag, "evidence": evidence},))
    told = figure(marked, PatientAsked(flag="ferritin_rising"))
    assert list(trace(told, "Ferritin evidence").x) == [36, 48]
    assert "Ferritin evidence" not in names(figure(marked, PatientAsked()))


def test_a_sentence_that_would_run_over_the_edge_is_shortened_and_whole_on_hover() -> None:
    side = bed("7")
    words = "Not responding to steroids at 48 h, and this sentence goes on well beyond the edge of it"
    flags = tuple({**row, "sentence": words} for row in side.flags if row["flag"] == "steroid_nonresponse")
    lane = trace(figure(replace(side, flags=flags), PatientAsked(span="72h")), "Flags")
    assert lane.text[0].endswith("…")
    assert len(lane.text[0]) < len(words) - 30
    assert "beyond the edge of it" in lane.hovertext[0]


def test_a_relapse_is_marked_where_it_began() -> None:
    side = bed("7")
    began = pd.Timestamp(NOW - timedelta(hours=10))  # 40 h after the steroid start
    flag = {**side.flags[0], "flag": "relapse", "state": "active", "began_at": began}
    told = figure(replace(side, flags=(flag,)), PatientAsked())
    (line,) = [shape for shape in told.layout.shapes if shape.name == "relapse"]
    assert line.x0 == pytest.approx(40)
    assert "<b>relapse</b>" in [note.text for note in told.layout.annotations]
    assert not [shape for shape in figure(side, PatientAsked()).layout.shapes if shape.name == "relapse"]


def test_an_earlier_course_is_laid_on_this_one_by_the_steroid_start() -> None:
    side = bed("7")
    before = {**side.responses[0], "t0": side.responses[0]["t0"] - timedelta(hours=50)}  # 100 h before now
    both = replace(side, responses=(before, *side.responses))
    told = trace(figure(both, PatientAsked(mode="earlier")), "Ferritin earlier course")
    # of 7: 108:2100 96:2500 84:3300 72:4100 60:5300 hours before now; the course then began 100 h before now
    assert list(told.x) == pytest.approx([-8, 4, 16, 28, 40])
    assert list(told.y) == [2100, 2500, 3300, 4100, 5300]
    assert "Ferritin earlier course" not in names(figure(both, PatientAsked()))
    alone, more = (choices(one, catalog(), PatientAsked())[2].segments for one in (side, both))
    assert [mode.words for mode in alone] == ["Each marker", "All as multiples"]
    assert more[2].words == "With earlier course"


def test_every_colour_of_a_figure_has_its_counterpart_on_other_screens() -> None:
    known = {colour.lower() for colour in SCREENS} | {TREND_BAND}
    for asked in (PatientAsked(flag="ferritin_rising"), PatientAsked(mode="relative")):
        used = set(re.findall(r"#[0-9a-fA-F]{6}|rgba?\([^)]*\)", figure(bed("7"), asked).to_json()))
        assert used <= known


def test_a_course_of_months_is_counted_in_days() -> None:
    zero = datetime(2026, 1, 1, tzinfo=UTC)
    months = Time(zero, ZONE, start=-30, end=2080, seen=-30, now=2016, steroid=True)
    assert [told.split("<br>")[0] for told in axis(months)["ticktext"]] == [
        "0 d", "+14 d", "+28 d", "+42 d", "+56 d", "+70 d", "+84 d",
    ]  # fmt: skip
    assert axis_words(months).startswith("days since steroid start")
    assert axis_words(replace(months, seen=1840)).startswith("hours since steroid start")  # ten days
