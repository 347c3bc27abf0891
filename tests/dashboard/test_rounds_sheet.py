"""The list and the sheet of the rounds, of the hand-made ward in a real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.rounds_list import here, lines, list_html
from dashboard.rounds_page import sheet_html
from dashboard.selection import RoundsAsked
from dashboard.shapes import Box, Dot, Words
from dashboard.shapes import Path as Stroke
from dashboard.small_multiples import panel_of, small_multiples, span_of
from storage.engine import Store
from storage.rounds import mark_done
from tests.dashboard.rounds_fixture import Gone, filled, gone
from tests.dashboard.store_fixture import known
from tests.dashboard.ward_fixture import ZONE, ago

ASKED = RoundsAsked()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = filled(tmp_path_factory.mktemp("ward"))
    mark_done(opened, "P-0005", at=ago(3), by="Dr Aydin", note="taper next week")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def whole(store: Store) -> Gone:
    return gone(store)


def plain(markup: object) -> str:
    return str(markup).replace("\u00a0", " ")


def listed(whole: Gone, asked: RoundsAsked = ASKED) -> str:
    return plain(list_html(whole.ward, whole.news, known(), asked, zone=ZONE))


def shown(whole: Gone, patient: str, asked: RoundsAsked = ASKED) -> str:
    asked = replace(asked, patient=patient)
    return plain(sheet_html(whole.ward, whole.news, [], known(), asked=asked, zone=ZONE))


def test_the_list_goes_by_beds_and_says_who_is_done(whole: Gone) -> None:
    told = lines(here(whole.ward, ASKED), whole.news, known(), ASKED, zone=ZONE)
    assert [line.side.name for line in told] == ["2", "3", "5", "7", "9", "11", "12", "14"]
    assert {line.side.name: line.done for line in told if line.done} == {"5": "11:12, Dr Aydin"}
    assert "1 of 8 done today" in listed(whole)


def test_a_line_of_the_list_counts_what_is_new_and_what_is_owed(whole: Gone) -> None:
    (line,) = [
        line
        for line in lines(here(whole.ward, ASKED), whole.news, known(), ASKED, zone=ZONE)
        if line.side.id == "P-0007"
    ]
    assert line.verdict == "Not responding at 48 h"
    assert "5 flags raised, 2 urgent" in line.new
    assert "2 doses" in line.new
    assert line.due.startswith("missing at 48 h: temperature")


def test_a_mark_of_yesterday_is_not_done_today(store: Store) -> None:
    at = ago(14.5)  # 23:42 the evening before
    mark_done(store, "P-0009", at=at, by="Dr Aydin")
    told = lines(here(gone(store).ward, ASKED), gone(store).news, known(), ASKED, zone=ZONE)
    (line,) = [line for line in told if line.side.id == "P-0009"]
    assert (line.done, line.since) == ("", "since Fri 23:42")


def test_a_ward_in_the_address_narrows_the_list_and_an_unknown_one_says_so(whole: Gone) -> None:
    assert listed(whole, RoundsAsked(ward="ICU 2")).count('scope="row"') == 8
    assert "Nobody is on this ward" in listed(whole, RoundsAsked(ward="ICU 9"))


def test_the_sheet_says_how_the_patient_stands_and_where_to_go_on(whole: Gone) -> None:
    text = shown(whole, "P-0007")
    assert "Not responding at 48 h" in text
    assert "<b>Against:</b> Ferritin" in text
    assert "Missing at 48 h</b> Temperature" in text
    assert "142–710 mg/day" in text
    assert 'href="/rounds?patient=P-0005" target="_self" rel="prev"' in text
    assert 'href="/rounds?patient=P-0009" target="_self" rel="next"' in text


def test_the_way_on_keeps_ward_and_moment(whole: Gone) -> None:
    text = shown(whole, "P-0007", RoundsAsked(ward="ICU 2", as_of="2026-11-21T14:12:00+01:00"))
    assert "/rounds?patient=P-0009&amp;ward=ICU+2&amp;as_of=2026-11-21T14%3A12%3A00%2B01%3A00" in text


def test_a_patient_who_is_not_on_rounds_is_said_to_be_unknown(whole: Gone) -> None:
    assert "No patient “P-9” is on rounds here" in shown(whole, "P-9")


def test_a_note_is_never_markup(whole: Gone) -> None:
    notes = ({"at": whole.ward.as_of, "by": "<b>x</b>", "note": "<script>1</script>", "done": 1},)
    news = {**whole.news, "P-0007": replace(whole.news["P-0007"], notes=notes)}
    assert "<script>" not in shown(Gone(whole.ward, news), "P-0007")


def test_each_score_is_one_line_with_its_interval(whole: Gone) -> None:
    told = whole.texts("P-0007", "scores")
    assert len(told) == 9
    # seven criteria of eight could still be met or not; ferritin, fever and cytopenia are
    assert any(line.startswith("HLH-2004: 3–8 criteria of 8, cut-off 5: cannot tell yet") for line in told)
    assert all("open: " not in line or line.count(",") < 12 for line in told)


def test_the_trajectories_hold_each_value_as_what_is_known_of_it(whole: Gone) -> None:
    drawn = {drawing.label.split(" ")[0]: drawing for drawing in small_multiples(whole.side("P-0007"), known())}
    fibrinogen = drawn["Fibrinogen"].shapes
    assert any(isinstance(shape, Dot) and shape.style == "hollow" for shape in fibrinogen)
    assert any(isinstance(shape, Stroke) and shape.style == "product" for shape in fibrinogen)
    assert any(isinstance(shape, Words) and shape.text == "1.50 HLH-2004" for shape in fibrinogen)
    assert any(isinstance(shape, Box) and shape.style == "window" for shape in fibrinogen)
    ferritin = {d.label.split(" ")[0]: d for d in small_multiples(whole.side("P-0012"), known())}["Ferritin"].shapes
    assert any(isinstance(shape, Stroke) and shape.closed and shape.style == "dot" for shape in ferritin)


def test_everything_drawn_stays_inside_its_panel(whole: Gone) -> None:
    for side in whole.ward.sides:
        for drawing in small_multiples(side, known()):
            points = [point for s in drawing.shapes if isinstance(s, Stroke) for point in s.points]
            points += [(s.x, s.y) for s in drawing.shapes if isinstance(s, Dot | Words)]
            assert all(-1 <= x <= drawing.width + 1 and -1 <= y <= drawing.height + 1 for x, y in points)


def test_the_axis_counts_from_the_steroid_start(whole: Gone) -> None:
    span = span_of(whole.side("P-0007"))
    assert (span.steroid, round(span.zero)) == (True, -50)
    panel = panel_of(whole.side("P-0007"), known().analytes["ferritin"], known(), span)
    assert min(point.at for point in panel.points) == pytest.approx(-96)  # two days before the start, not earlier


def test_a_shape_is_drawn_in_the_words_of_its_label(whole: Gone) -> None:
    labels = [drawing.label for drawing in small_multiples(whole.side("P-0007"), known())]
    assert labels[0].startswith("Ferritin 21,800 µg/L, doubling every")


def test_the_folder_of_fonts_has_its_licence() -> None:
    folder = Path(__file__).parents[2] / "dashboard" / "fonts"
    assert "Bitstream" in (folder / "LICENSE").read_text()
