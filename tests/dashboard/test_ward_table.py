from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.bedside import Ward
from dashboard.selection import WardAsked
from dashboard.ward_table import MOST_ROWS, Row, chosen, rows, steroid_clock, tiles, ward_html, ward_parts
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import NEXT_RUN, ZONE, ago, bed, nobody, ward


def board(told: Ward | None = None) -> list[Row]:
    return rows(told or ward(), catalog(), zone=ZONE)


def row(number: str) -> Row:
    return next(row for row in board() if row.side.name == number)


def html(asked: WardAsked | None = None, told: Ward | None = None) -> str:
    return str(ward_html(told or ward(), catalog(), asked or WardAsked(), zone=ZONE, next_run_at=NEXT_RUN))


def beds(text: str) -> list[str]:
    return re.findall(r'<span class="name[^"]*">([^<]*)</span>', text)


def test_the_most_worrying_stand_first() -> None:
    assert [row.side.name for row in board()] == ["7", "12", "3", "9", "5", "2", "11", "14"]


def test_two_phrases_are_shown_and_the_others_counted() -> None:
    assert [phrase.text for phrase in row("7").phrases] == [
        "Not responding to steroids at 48 h",
        "Ferritin doubling every 21 h",
    ]
    assert len(row("7").more) == 1
    assert "+1 more" in html()


def test_a_snoozed_flag_says_so_in_the_row_and_in_what_is_counted() -> None:
    asleep = {"by": "Dr Weber", "reason": "repeat sample sent", "at": ago(0), "until": ago(-2)}
    side = replace(bed("7"), flags=tuple({**row, "snoozed": asleep} for row in bed("7").flags))
    text = html(told=replace(ward(), sides=(side,)))
    assert text.count('<span class="by"> · snoozed until 16:12 CET</span>') == 2
    assert 'title="Fibrinogen down 58 % in 60 h · seen by Dr Weber · snoozed until 16:12 CET"' in text


def test_the_five_tiles_count_and_filter() -> None:
    told = tiles(board(), WardAsked(), next_run_at=NEXT_RUN, zone=ZONE)
    assert [(tile.code, tile.count) for tile in told] == [
        ("decision", 2), ("watch", 2), ("responding", 1), ("due", 1), ("overdue", 1),
    ]  # fmt: skip
    assert told[3].words == "fall due before 18:00 CET"
    assert [tile.href for tile in told][:2] == ["/?show=decision", "/?show=watch"]


def test_the_tile_that_is_chosen_leads_back_to_everybody() -> None:
    told = tiles(board(), WardAsked("decision"), next_run_at=NEXT_RUN, zone=ZONE)
    assert (told[0].chosen, told[0].href) == (True, "/")


@pytest.mark.parametrize(
    ("show", "left"),
    [("decision", ["7", "12"]), ("watch", ["3", "9"]), ("responding", ["5"]), ("due", ["3"]), ("overdue", ["9"])],
)
def test_a_tile_shows_the_patients_it_counted(show: str, left: list[str]) -> None:
    assert [row.side.name for row in chosen(board(), WardAsked(show), next_run_at=NEXT_RUN)] == left
    assert beds(html(WardAsked(show))) == left


def test_an_address_nobody_knows_shows_everybody() -> None:
    assert len(beds(html(WardAsked("everything")))) == 8


def test_a_ward_without_patients_says_what_to_do() -> None:
    text = html(told=nobody())
    assert "No patients yet" in text
    assert "maswatch ingest" in text
    assert "<table" not in text


def test_a_filter_that_leaves_nobody_offers_all_of_them() -> None:
    quiet = Ward(ward().as_of, (bed("14"),))
    text = html(WardAsked("decision"), quiet)
    assert "No patient here matches" in text
    assert 'href="/"' in text


def test_a_number_stands_with_what_it_does() -> None:
    cells = {cell.label: cell for cell in row("7").cells}
    assert (cells["Ferritin"].number, cells["Ferritin"].phrase) == ("21,800", "doubling every 21 h")
    assert (cells["Fibrinogen"].number, cells["Fibrinogen"].phrase) == ("1.71", "−43 % in 26 h")
    assert {cell.label: cell for cell in row("12").cells}["Ferritin"].number == ">40,000"


def test_an_old_number_is_grey_and_says_its_age() -> None:
    cell = row("9").cells[0]
    assert (cell.number, cell.phrase, cell.state) == ("8,100", "19 h old", "old")


def test_a_number_that_a_product_moved_says_which() -> None:
    assert {cell.label: cell.phrase for cell in row("3").cells}["CRP"] == "tocilizumab"


def test_a_missing_number_is_a_dash_and_never_drawn() -> None:
    cell = row("2").cells[0]
    assert (cell.number, cell.phrase, cell.state, cell.spark) == ("—", "none lately", "none", "")


def test_the_newest_labs_have_their_age_and_when_the_next_are_due() -> None:
    assert (row("7").newest, row("7").due) == ("2 h", "due 00:12")
    assert (row("9").newest, row("9").due) == ("19 h", "overdue")
    assert (row("2").newest, row("2").due) == ("—", "")


def test_what_is_due_and_not_late_yet_is_due_now() -> None:
    side = bed("7")
    awaited = tuple({**told, "due_at": side.as_of - timedelta(hours=1)} for told in side.awaited)
    (told,) = board(Ward(side.as_of, (replace(side, awaited=awaited),)))
    assert told.due == "due now"
    assert chosen([told], WardAsked("due"), next_run_at=NEXT_RUN) == [told]


def test_the_steroid_clock_stops_at_72_hours_and_is_gone_after_a_week() -> None:
    clock = steroid_clock(bed("7"), catalog())
    assert clock is not None
    assert (clock.hours, clock.filled, clock.running) == (50, 69.4, True)
    late = steroid_clock(bed("5"), catalog())
    assert late is not None
    assert (late.filled, late.running) == (100.0, False)
    assert steroid_clock(replace(bed("7"), as_of=bed("7").as_of + timedelta(days=6)), catalog()) is None
    assert steroid_clock(bed("14"), catalog()) is None


def test_the_drugs_of_the_line_come_first_and_two_are_named() -> None:
    side = bed("12")
    extra = [
        {"drug": name, "label": name.capitalize(), "amount": "", "ranges": []} for name in ("prednisone", "etoposide")
    ]
    line = {**(side.line or {}), "doses": [*extra, *(side.line or {})["doses"]]}
    told = rows(Ward(side.as_of, (replace(side, line=line),)), catalog(), zone=ZONE)
    assert told[0].drugs == "anakinra 8 mg/kg/d, prednisone, +1"


def test_a_patient_who_has_left_is_not_on_the_board() -> None:
    gone = replace(bed("7"), patient={**bed("7").patient, "discharged_at": bed("7").as_of})
    assert [row.side.name for row in board(Ward(gone.as_of, (gone, bed("5"))))] == ["5"]


def test_a_row_leads_to_its_patient_and_names_may_hold_anything() -> None:
    side = replace(bed("7"), patient={**bed("7").patient, "patient_id": "A&B/1 <x>", "bed": "<b>7</b>"})
    text = html(told=Ward(side.as_of, (side,)))
    assert 'href="/patient?patient=A%26B%2F1+%3Cx%3E"' in text
    assert "<b>7</b>" not in text


def test_the_table_is_one_that_a_screen_reader_can_read() -> None:
    text = html()
    assert text.count('scope="row"') == 8
    assert text.count('scope="col"') == 8
    assert "<caption" in text


def test_the_ward_is_named_in_each_row_only_where_there_are_several() -> None:
    other = replace(bed("5"), patient={**bed("5").patient, "ward": "ICU 1"})
    told = Ward(other.as_of, (bed("7"), other))
    assert '<span class="where short">ICU 1</span>' in html(told=told)
    assert 'class="where"' not in html()
    assert beds(html(WardAsked(ward="ICU 1"), told)) == ["5"]


def test_a_long_board_comes_as_its_first_screens_and_the_rows_below_them() -> None:
    beds_of = [
        replace(bed("9"), patient={**bed("9").patient, "patient_id": f"P-{n}", "bed": str(n)}) for n in range(60)
    ]
    long = replace(ward(), sides=tuple(beds_of))
    first, rest = ward_parts(long, catalog(), WardAsked(), zone=ZONE, next_run_at=NEXT_RUN)
    assert (len(beds(first)), len(beds(rest))) == (25, 35)
    assert set(beds(first) + beds(rest)) == {str(n) for n in range(60)}
    assert re.findall(r'data-part="([^"]+)"', first) == re.findall(r'data-rest="([^"]+)"', rest)
    assert "35 more on their way" in first  # should they never come, the board does not look whole


def test_a_short_board_comes_whole() -> None:
    first, rest = ward_parts(ward(), catalog(), WardAsked(), zone=ZONE, next_run_at=NEXT_RUN)
    assert (len(beds(first)), rest) == (8, "")
    assert "data-part" not in first


def many(count: int) -> Ward:
    """So many copies of one bed that needs a decision, one after the other."""
    side = bed("7")
    sides = tuple(replace(side, patient={**side.patient, "patient_id": f"M{number}"}) for number in range(count))
    return replace(ward(), sides=sides, worked_out={})


def test_of_a_very_long_board_the_first_rows_are_drawn_and_the_others_are_counted() -> None:
    told = html(told=many(MOST_ROWS + 3))
    assert len(beds(told)) == MOST_ROWS
    assert "3 more patients follow in the same order" in told
    assert "3 of them need a decision" in told
    assert 'href="/?every=1"' in told
    every = html(WardAsked(every="1"), many(MOST_ROWS + 3))
    assert len(beds(every)) == MOST_ROWS + 3
    assert "in the same order" not in every


def test_a_board_that_is_just_short_enough_is_drawn_whole() -> None:
    told = html(told=many(MOST_ROWS))
    assert len(beds(told)) == MOST_ROWS
    assert "in the same order" not in told
