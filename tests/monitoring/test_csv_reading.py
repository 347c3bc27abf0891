from __future__ import annotations

import base64

import pytest

from monitoring.csv_reading import Table, UnreadableError, kind_of, read_csv

HEADER = "patient_id,analyte,value,unit,collected_at"
ROW = "MAS0001,Ferritin,700,ng/mL,2026-01-06T06:00:00+01:00"
OTHER = "MAS0001,Ferritin,2400,ng/mL,2026-01-07T06:00:00+01:00"


def read(*lines: str, end: str = "\n", closed: bool = True) -> Table:
    return read_csv((end.join(lines) + (end if closed else "")).encode())


def values(table: Table) -> list[str]:
    return list(table.columns["value"])


def lines(table: Table) -> list[int]:
    return (table.first + 1).tolist()


def faults(table: Table) -> list[tuple[int, str]]:
    return [(fault.line, fault.reason) for fault in table.faults]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_ends_a_line(end: str) -> None:
    table = read(HEADER, ROW, OTHER, end=end)
    assert (values(table), lines(table), faults(table)) == (["700", "2400"], [2, 3], [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_shows_in_the_bytes(encoding: str) -> None:
    text = "\n".join([HEADER, "MÄS0001,Ferritin,700,µg/L,2026-01-06T06:00"]) + "\n"
    table = read_csv(text.encode(encoding))
    assert list(table.columns["patient_id"]) == ["MÄS0001"]
    assert list(table.columns["unit"]) == ["µg/L"]


def test_a_source_may_say_its_encoding() -> None:
    content = f"{HEADER}\nMÄS0001,Ferritin,700,µg/L,2026-01-06T06:00\n".encode("cp1252")
    assert list(read_csv(content, "cp1252").columns["patient_id"]) == ["MÄS0001"]


def test_bytes_that_are_no_text_cost_their_own_line_and_stay_whole() -> None:
    bad = "MÄS0002,Ferritin,700,ng/mL,2026-01-06T06:00".encode("cp1252")
    table = read_csv(b"\n".join([HEADER.encode(), ROW.encode(), bad, OTHER.encode(), b""]))
    assert (values(table), lines(table), faults(table)) == (["700", "2400"], [2, 4], [(3, "bad_encoding")])
    kind, _, kept = table.faults[0].raw.partition(":")
    assert (kind, base64.b64decode(kept)) == ("base64", bad)


def test_a_nul_inside_a_value_costs_its_own_line() -> None:
    table = read(HEADER, ROW, OTHER.replace("2400", "24\x0000"))
    assert (values(table), faults(table)) == (["700"], [(3, "bad_encoding")])


def test_a_character_lost_before_the_file_came_here_costs_its_own_line() -> None:
    table = read(HEADER, ROW.replace("MAS0001", "M\ufffdller"), OTHER)
    assert (values(table), faults(table)) == (["2400"], [(2, "bad_encoding")])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_header(delimiter: str) -> None:
    table = read(HEADER.replace(",", delimiter), ROW.replace(",", delimiter))
    assert values(table) == ["700"]


def test_excels_own_first_line_is_no_header() -> None:
    table = read("sep=;", HEADER.replace(",", ";"), ROW.replace(",", ";"))
    assert (values(table), lines(table)) == (["700"], [3])


def test_names_of_columns_are_trimmed_and_in_any_case_and_order() -> None:
    table = read(" Value , PATIENT_ID,Unit,Collected_At,analyte", "700,MAS0001,ng/mL,2026-01-06T06:00,Ferritin")
    assert (values(table), list(table.columns["patient_id"])) == (["700"], ["MAS0001"])


def test_observed_at_stands_for_collected_at_unless_both_are_there() -> None:
    alias = read(HEADER.replace("collected_at", "observed_at"), ROW)
    assert list(alias.columns["collected_at"]) == ["2026-01-06T06:00:00+01:00"]
    both = read(HEADER + ",observed_at", ROW + ",2026-01-09T06:00")
    assert list(both.columns["collected_at"]) == ["2026-01-06T06:00:00+01:00"]


def test_quoted_newlines_commas_and_quotes_are_read_in_a_free_column() -> None:
    table = read(HEADER + ",comment", ROW + ',"phoned to ICU,', 'read back ""ok"""', OTHER + ",")
    assert (values(table), lines(table), faults(table)) == (["700", "2400"], [2, 4], [])
    assert list(table.columns["comment"]) == ['phoned to ICU,\nread back "ok"', ""]
    assert table.raw(0) == ROW + ',"phoned to ICU,\nread back ""ok"""'


def test_a_quote_never_closed_costs_its_own_line_only() -> None:
    table = read(HEADER, ROW, OTHER.replace("Ferritin", '"Ferritin'), OTHER, OTHER)
    assert (lines(table), faults(table)) == ([2, 4, 5], [(3, "bad_quotes")])


def test_a_stray_quote_closed_by_a_later_one_swallows_nothing() -> None:
    table = read(HEADER, ROW.replace("Ferritin", '"Ferritin'), OTHER, OTHER.replace("Ferritin", 'Ferritin"'), OTHER)
    assert (lines(table), faults(table)) == ([3, 4, 5], [(2, "bad_quotes")])


def test_a_stray_quote_in_a_free_column_swallows_nothing() -> None:
    table = read(HEADER + ",comment", ROW + ',"phoned', OTHER + ",", OTHER + ',"ok"', OTHER + ",")
    assert (lines(table), faults(table)) == ([3, 4, 5], [(2, "bad_quotes")])


def test_a_stray_quote_before_very_many_lines_swallows_none_of_them() -> None:
    table = read(HEADER, ROW.replace("Ferritin", '"Ferritin'), *[OTHER] * 5000)
    assert (len(lines(table)), faults(table)) == (5000, [(2, "bad_quotes")])


def test_a_quote_inside_a_value_is_not_dropped() -> None:
    table = read(HEADER, ROW.replace("700", '"7"00'), OTHER)
    assert (values(table), faults(table)) == (["2400"], [(2, "bad_quotes")])


def test_an_inch_mark_inside_a_text_is_no_quotation() -> None:
    table = read(HEADER + ",comment", ROW + ',5" tube', OTHER + ",")
    assert list(table.columns["comment"]) == ['5" tube', ""]


def test_rows_with_too_few_or_too_many_fields_are_set_aside_alone() -> None:
    table = read(HEADER, ROW + ",more", OTHER, "MAS0001,Ferritin", OTHER)
    assert (lines(table), faults(table)) == ([3, 5], [(2, "wrong_field_count"), (4, "wrong_field_count")])


def test_blank_lines_are_no_rows_and_do_not_move_the_line_numbers() -> None:
    table = read("", HEADER, "", ROW, "   ", ",,,,", OTHER, "")
    assert (lines(table), faults(table)) == ([4, 7], [])


def test_a_last_line_cut_off_in_the_middle_is_set_aside() -> None:
    table = read(HEADER, ROW, OTHER, "MAS0001,Ferritin,98", closed=False)
    assert (values(table), faults(table)) == (["700", "2400"], [(4, "truncated")])


def test_a_last_value_shorter_than_all_others_may_be_cut_off() -> None:
    header, row = "patient_id,analyte,unit,collected_at,value", "MAS0001,Ferritin,ng/mL,2026-01-06T06:00"
    table = read(header, row + ",700", row + ",2400", row + ",98", closed=False)
    assert (values(table), faults(table)) == (["700", "2400"], [(4, "truncated")])


def test_a_last_line_as_long_as_another_is_whole() -> None:
    table = read(HEADER, ROW, OTHER, closed=False)
    assert (values(table), faults(table)) == (["700", "2400"], [])


def test_a_short_last_value_with_its_line_end_is_whole() -> None:
    header, row = "patient_id,analyte,unit,collected_at,value", "MAS0001,Ferritin,ng/mL,2026-01-06T06:00"
    assert values(read(header, row + ",700", row + ",98")) == ["700", "98"]


def test_utf_16_cut_in_the_middle_of_a_character_costs_the_last_line() -> None:
    content = (HEADER + "\n" + ROW + "\n" + OTHER).encode("utf-16")[:-1]
    table = read_csv(content)
    assert (values(table), [line for line, _ in faults(table)]) == (["700"], [3])


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("patient_id,analyte,value,unit,collected_at", "labs"),
        ("patient_id,loinc,value,unit,observed_at", "labs"),
        ("patient_id,analyte,value,collected_at", "labs"),
        ("patient_id,ward,value,unit,collected_at", "labs"),
        ("patient_id,analyte,value,unit,collected_at,sex,ward", "labs"),
        ("patient_id,drug,dose,unit,route,started_at,ended_at", "treatments"),
        ("patient_id,drug,dose", "treatments"),
        ("patient_id,finding,value,observed_at", "findings"),
        ("patient_id,finding,value", "findings"),
        ("patient_id,birth_date,sex", "patients"),
        ("patient_id", "patients"),
        ("patient_id,course,t0", ""),
        ("file,bytes,rows", ""),
        ("MAS0001,Ferritin,700", ""),
        ("", ""),
    ],
)
def test_the_kind_of_file_shows_in_its_columns(header: str, kind: str) -> None:
    assert kind_of(header.encode()) == kind


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"PK\x03\x04\x14\x00", "Excel"),
        (b"%PDF-1.7\n", "PDF"),
        (bytes(range(256)), "columns"),
        (b"MAS0001,Ferritin,700\n", "columns"),
        (b"patient_id,analyte,value,value,unit,collected_at\n", "value"),
        (b'patient_id,"analyte\n,value",unit,collected_at\n', "columns"),
    ],
)
def test_a_file_that_is_no_table_says_why(content: bytes, word: str) -> None:
    with pytest.raises(UnreadableError, match=word):
        read_csv(content)


def test_a_header_without_rows_is_an_empty_table() -> None:
    table = read(HEADER)
    assert (values(table), faults(table)) == ([], [])
