"""Who is shown and who is hidden, on the ward of eight made by hand (ward.toml)."""

from __future__ import annotations

import pytest

from dashboard.selection import WardAsked, ward_asked
from dashboard.ward_filters import choices, hidden_words
from dashboard.ward_table import Row, chosen, rows, tiles, ward_html
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import NEXT_RUN, ZONE, ward


def board() -> list[Row]:
    return rows(ward(), catalog(), zone=ZONE)


def left(**asked: str) -> list[str]:
    return [row.side.name for row in chosen(board(), WardAsked(**asked), next_run_at=NEXT_RUN)]


def html(**asked: str) -> str:
    return str(ward_html(ward(), catalog(), WardAsked(**asked), zone=ZONE, next_run_at=NEXT_RUN))


def options(name: str, **asked: str) -> dict[str, int]:
    told = choices(board(), WardAsked(**asked), catalog(), next_run_at=NEXT_RUN)
    return {option.code: option.count for choice in told if choice.name == name for option in choice.options}


def hidden(**asked: str) -> tuple[str, str]:
    shown = chosen(board(), WardAsked(**asked), next_run_at=NEXT_RUN)
    return hidden_words(board(), shown, WardAsked(**asked))


@pytest.mark.parametrize(
    ("told", "found"),
    [("7", ["7"]), ("1", ["12", "11", "14"]), ("bed 12", ["12"]), ("p-0014", ["14"]), ("14", ["14"]), ("00", [])],
)
def test_a_bed_is_found_by_its_beginning_and_an_identifier_by_three_characters(told: str, found: list[str]) -> None:
    assert left(find=told) == found


def test_the_line_and_the_flag_narrow_the_board_together() -> None:
    first = left(line="first")
    assert "7" in first
    assert "12" not in first
    assert left(line="first", flag="steroid_nonresponse") == ["7"]
    assert left(line="second", flag="steroid_nonresponse") == []


def test_labs_due_within_six_hours_are_those_due_soon_due_now_and_late() -> None:
    assert "9" in left(due="overdue")
    assert {"9", "3"} <= set(left(due="6h"))
    assert set(left(due="overdue")) <= set(left(due="6h"))
    assert left(due="tomorrow") == left()


def test_each_list_counts_what_it_would_show_beside_the_other_choices() -> None:
    for name in ("line", "flag", "due"):
        for code, count in options(name, show="decision").items():
            assert len(left(show="decision", **{name: code})) == count


def test_what_was_asked_for_stays_to_be_seen_when_there_is_none_of_it() -> None:
    assert options("flag", flag="relapse")["relapse"] == 0
    assert '<option value="relapse" selected>' in html(flag="relapse")


def test_a_tile_counts_among_what_else_is_chosen() -> None:
    told = tiles(board(), WardAsked(find="7"), next_run_at=NEXT_RUN, zone=ZONE)
    assert [tile.count for tile in told] == [1, 0, 0, 0, 0]
    assert told[0].href == "/?show=decision&find=7"


def test_a_filter_says_how_many_it_hides_and_that_urgent_ones_are_among_them() -> None:
    assert hidden() == ("", "")
    assert hidden(find="9") == ("7 of 8 patients are hidden", "2 of them need a decision")
    assert hidden(find="12") == ("7 of 8 patients are hidden", "1 of them needs a decision")
    assert hidden(show="decision") == ("6 of 8 patients are hidden", "")
    assert "<b>2 of them need a decision</b>" in html(find="9")


def test_who_lies_in_another_ward_is_not_hidden() -> None:
    assert hidden(ward="ICU 2") == ("", "")
    assert hidden(ward="ICU 9") == ("", "")


def test_an_empty_result_says_so_and_that_urgent_ones_are_not_seen() -> None:
    text = html(find="bed 99")
    assert "No patient here matches" in text
    assert "No bed and no identifier here holds “bed 99”" in text
    assert "2 of them need a decision" in text


def test_what_is_typed_is_text_and_nothing_else() -> None:
    assert "<script>" not in html(find="<script>")


def test_an_address_keeps_all_that_was_chosen() -> None:
    asked = ward_asked({"line": "first", "due": "6h", "find": "  bed   7 ", "kiosk": "yes"})
    assert asked == WardAsked(line="first", due="6h", find="bed 7")
    assert asked.address(show="watch") == "/?show=watch&line=first&due=6h&find=bed+7"
