"""One choice of units for ward, wall, rounds, paper and patient, by the factors of the catalog."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboard.rounds_list import list_html
from dashboard.rounds_page import sheet_html
from dashboard.rounds_sheet import rounds_sheet
from dashboard.selection import RoundsAsked, WardAsked, ward_asked, with_units
from dashboard.wall_sheet import wall_html
from dashboard.ward_table import rows, ward_html, work_out
from storage.engine import Store
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.rounds_fixture import Gone, filled, gone
from tests.dashboard.store_fixture import known
from tests.dashboard.ward_fixture import NEXT_RUN, ZONE, bed, ward

US = RoundsAsked("P-0007", units="us")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = filled(tmp_path_factory.mktemp("ward"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def whole(store: Store) -> Gone:
    return gone(store)


def plain(text: object) -> str:
    return str(text).replace("\u00a0", " ")


def test_the_board_and_the_wall_tell_values_and_heads_in_the_units_asked_for() -> None:
    for made, asked in ((ward_html, WardAsked(units="si")), (wall_html, WardAsked(units="si", kiosk="1"))):
        text = plain(made(ward(), catalog(), asked, zone=ZONE, next_run_at=NEXT_RUN))
        assert 'Ferritin <span class="unit">pmol/L</span>' in text
        assert "data-watch>48,985<" in text  # 21,800 ug/L times 2.247 is 48,984.6
        assert "data-watch>21,800<" not in text


def test_another_unit_changes_neither_the_order_nor_what_is_said() -> None:
    usual, si = (rows(ward(), catalog(), zone=ZONE, units=units) for units in ("", "si"))
    assert [row.side.id for row in si] == [row.side.id for row in usual]
    assert [[cell.phrase for cell in row.cells] for row in si] == [[cell.phrase for cell in row.cells] for row in usual]


def test_a_board_is_worked_out_once_for_each_choice_of_units() -> None:
    told = ward()
    work_out(told, catalog(), zone=ZONE, units="conventional")
    usual, plain_ones, si = (rows(told, catalog(), zone=ZONE, units=units) for units in ("", "conventional", "si"))
    assert all(a is b for a, b in zip(usual, plain_ones, strict=True))
    assert all(a is not b for a, b in zip(usual, si, strict=True))


def test_the_choice_stays_in_the_address_and_only_a_known_one_counts() -> None:
    assert ward_asked({"units": "si"}).address(show="watch") == "/?show=watch&units=si"
    assert ward_asked({"units": "furlongs"}).units == ""
    assert with_units(RoundsAsked(), "us").address(patient="P-1") == "/rounds?patient=P-1&units=us"
    text = plain(ward_html(ward(), catalog(), WardAsked(units="si", show="watch"), zone=ZONE, next_run_at=NEXT_RUN))
    assert '<option value="si" selected>SI</option>' in text
    assert '<a class="link" href="/?units=si" target="_self">Show all</a>' in text


def test_the_sheet_of_rounds_tells_news_table_and_drawings_in_american_units(whole: Gone) -> None:
    told = rounds_sheet(whole.side("P-0007"), whole.news["P-0007"], [], known(), zone=ZONE, units="us")
    (fibrinogen,) = [entry.text for entry in told.news[0].entries if entry.lead == "Fibrinogen"]
    assert fibrinogen.startswith("171 mg/dL")  # 1.71 g/L
    assert told.sheet.table is not None
    units = {row.label: (row.unit, row.before) for row in told.sheet.table.rows}
    assert units["Ferritin"] == ("ng/mL", "7,400")
    assert told.drawings[0].label.startswith("Ferritin 21,800 ng/mL")
    usual = whole.sheet("P-0007")
    assert [section.entries for section in told.every[1:]] == [section.entries for section in usual.every[1:]]


def test_sheet_and_list_offer_the_units_and_keep_the_choice(whole: Gone) -> None:
    text = plain(sheet_html(whole.ward, whole.news, [], known(), asked=US, zone=ZONE))
    assert 'href="/rounds?patient=P-0009&amp;units=us" target="_self" rel="next"' in text
    assert '<a href="/rounds?patient=P-0007&amp;units=si" target="_self">SI</a>' in text
    listed = plain(list_html(whole.ward, whole.news, known(), RoundsAsked(units="us"), zone=ZONE))
    assert 'href="/rounds?patient=P-0007&amp;units=us"' in listed


def test_who_has_no_values_is_told_in_any_units() -> None:
    assert bed("2").series == {}
    assert {row.side.name for row in rows(ward(), catalog(), zone=ZONE, units="si")} >= {"2"}
