"""The quick way through a CSV file says what the careful way says, and leaves alone what needs thought."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from monitoring.csv_header import UnreadableError
from monitoring.csv_plain import plain_columns
from monitoring.csv_reading import Table, _read_carefully, _read_quickly

HEADER = "patient_id,analyte,value,unit,collected_at"
ROW = "MAS0001,Ferritin,700,ng/mL,2026-01-06T06:00:00+01:00"
CELLS = some.sampled_from(
    ["MAS0001", "700", "1,5", " ", "", "'=1", "'x", "Müller", "\x1c", "\ufeff", "N/A", "null", "µg/L", '"', "\x00"]
)
LINES = some.one_of(
    some.lists(CELLS, min_size=4, max_size=6).map(",".join), some.sampled_from(["", " ", ",,,,", ROW, ROW + ","])
)
FILES = some.tuples(some.lists(LINES, max_size=6), some.sampled_from(["\n", "\r\n", "\r"]), some.booleans())


def told(table: Table) -> tuple[object, ...]:
    columns = {name: list(column) for name, column in table.columns.items()}
    places = range(len(table.first))
    raw = [table.raw(place) for place in places]
    return table.kind, columns, table.decimal, table.first.tolist(), table.last.tolist(), raw, table.faults


def a_file(rows: list[str], end: str, closed: bool) -> bytes:
    return (end.join([HEADER, *rows]) + (end if closed else "")).encode("utf-8", "surrogatepass")


@given(FILES)
@settings(max_examples=150, deadline=None)
def test_what_is_read_quickly_is_read_as_it_is_carefully(told_file: tuple[list[str], str, bool]) -> None:
    content = a_file(*told_file)
    quick = _read_quickly(content, "")
    assert quick is None or told(quick) == told(_read_carefully(content, ""))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_an_ordinary_file_goes_the_quick_way_whatever_its_delimiter_and_line_ends(delimiter: str) -> None:
    rows = [ROW.replace(",", delimiter), ROW.replace(",", delimiter).replace("700", "0.5")]
    for end in ("\n", "\r\n"):
        text = end.join(["sep=" + delimiter, HEADER.replace(",", delimiter), *rows, ""])
        quick = _read_quickly(b"\xef\xbb\xbf" + text.encode(), "")
        assert quick is not None
        assert told(quick) == told(_read_carefully(text.encode(), ""))
        assert quick.first.tolist() == [2, 3]


def test_a_decimal_comma_is_told_the_quick_way_too() -> None:
    content = a_file([ROW.replace("700", "0,5").replace(",", ";").replace("0;5", "0,5")], "\n", True)
    content = content.replace(HEADER.encode(), HEADER.replace(",", ";").encode())
    quick = _read_quickly(content, "")
    assert quick is not None
    assert quick.decimal == ","


@pytest.mark.parametrize(
    "content",
    [
        a_file([ROW], "\n", False),  # the end may have been cut off
        a_file([ROW, '"' + ROW], "\n", True),
        a_file([ROW, ""], "\n", True),
        a_file([ROW, ROW + ",more"], "\n", True),
        a_file([ROW, "," + ROW.split(",", 1)[1]], "\n", True),
        a_file([ROW.replace("MAS", "M\x00S")], "\n", True),
        a_file([ROW.replace("MAS", "M\ufffdS")], "\n", True),
        a_file([ROW], "\n", True).replace(b"MAS", b"M\xe4S"),
        a_file([ROW], "\n", True).decode().encode("utf-16"),
        a_file([ROW.replace("Ferritin", "F" * 200_000)], "\n", True),
        b"",
        HEADER.encode() + b"\n",
        b"nothing,known\n1,2\n",
    ],
)
def test_what_needs_thought_is_left_to_the_careful_way(content: bytes) -> None:
    assert plain_columns(content, "") is None


def test_another_encoding_than_utf_8_is_left_to_the_careful_way() -> None:
    assert plain_columns(a_file([ROW], "\n", True), "cp1252") is None


def test_a_file_that_is_no_table_is_refused_in_words_on_either_way() -> None:
    with pytest.raises(UnreadableError, match="does not name the columns"):
        _read_carefully(b"nothing,known\n1,2\n", "")
