"""The ward on the wall, from the ward of eight made by hand (ward.toml)."""

from __future__ import annotations

from dataclasses import replace

from dashboard.next_due import due_words
from dashboard.selection import WardAsked
from dashboard.wall_sheet import next_due_words, wall_html, wall_rows
from dashboard.ward_table import Row, rows
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import NEXT_RUN, ZONE, ago, nobody, ward


def board() -> list[Row]:
    return rows(ward(), catalog(), zone=ZONE)


def row(number: str) -> Row:
    return next(row for row in board() if row.side.name == number)


def html(asked: WardAsked | None = None, *, empty: bool = False) -> str:
    told = nobody() if empty else ward()
    return str(wall_html(told, catalog(), asked or WardAsked(kiosk="1"), zone=ZONE, next_run_at=NEXT_RUN))


def test_the_wall_shows_a_phrase_and_two_values_and_no_controls() -> None:
    text = html()
    assert text.count('class="value') == 2 * 8 + 2  # a cell each and the two heads
    assert "Platelets <" not in text
    assert "<a " not in text
    assert "<select" not in text
    assert "<button" not in text


def test_the_first_phrase_stands_and_the_others_are_counted() -> None:
    told = {wall.row.side.name: wall.beyond for wall in wall_rows(board(), catalog(), ZONE)}
    assert told["7"] == 2
    assert "+2 more" in html()


def test_a_windows_labs_are_named_by_their_window() -> None:
    assert due_words(row("3"), catalog(), ZONE) == "24 h labs at 16:12"  # 22 h since the start, at 14:12
    assert next_due_words(board(), catalog(), ZONE) == "Next: bed 3, 24 h labs at 16:12"


def test_what_is_late_is_not_said_to_come() -> None:
    assert due_words(row("9"), catalog(), ZONE) == "Labs overdue"


def test_one_marker_goes_by_its_name_and_several_by_labs() -> None:
    seven = row("7")
    at = ago(-2)
    said = replace(seven.concern, due_at=at, due_what="ferritin", due_now=False, late=False)
    alone = tuple({"analyte": code, "due_at": at, "overdue": False} for code in ("ferritin",))
    both = (*alone, {"analyte": "platelets", "due_at": at, "overdue": False})
    assert due_words(replace(seven, concern=said, side=replace(seven.side, awaited=alone)), catalog(), ZONE) == (
        "Ferritin at 16:12"
    )
    assert due_words(replace(seven, concern=said, side=replace(seven.side, awaited=both)), catalog(), ZONE) == (
        "Labs at 16:12"
    )


def test_a_filtered_wall_says_whom_it_hides() -> None:
    text = html(WardAsked(kiosk="1", line="second"))
    assert "patients are hidden by this screen’s filter" in text


def test_an_empty_wall_says_why() -> None:
    assert "holds no patient" in html(empty=True)
    assert "hidden by what this screen’s address asks for" in html(WardAsked(kiosk="1", flag="relapse"))
