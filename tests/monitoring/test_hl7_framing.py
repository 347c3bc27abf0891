"""From bytes to messages: line ends, batches, recorded streams, character sets, and what is no message."""

from __future__ import annotations

import codecs

import pytest

from monitoring.content import kind_of
from monitoring.hl7.framing import Miscount, blocks
from tests.monitoring.hl7_fixture import OBR, PID, head, lab, labs, message, obx, reads, reasons, result, rows
from tests.monitoring.intake_fixture import lab as csv_lab

MICRO = "\u00b5g/L"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (result().encode(), "hl7"),
        (b"\x0b" + result().encode() + b"\x1c\r", "hl7"),
        (codecs.BOM_UTF8 + result().encode(), "hl7"),
        (result().encode("utf-16"), "hl7"),
        (b"\r\n\r\nFHS|^~\\&|LIS\rBHS|^~\\&|LIS\r", "hl7"),
        (b"# exported at noon\r\n" + result().encode(), "hl7"),
        (b"OBX|1|NM|2276-4^Ferritin^LN||700|ng/mL|||||F\r", "hl7"),
        (b'{"resourceType": "Bundle"}', "fhir"),
        (b'\n [{"resourceType": "Patient"}]', "fhir"),
        (csv_lab().encode(), "csv"),
        (b"PID|ANALYTE\nP1|x", "csv"),
        (b"", "csv"),
        (b"\xff\xfe", "csv"),
    ],
)
def test_the_kind_of_a_file_shows_in_its_first_bytes(content: bytes, kind: str) -> None:
    assert kind_of(content) == kind


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\n\r\n", "\n \n"])
def test_every_line_end_is_a_segment_end(end: str) -> None:
    assert lab(reads(result().replace("\r", end)))["value"] == 700


def test_the_origin_is_the_line_that_an_editor_shows() -> None:
    assert lab(reads("\r\n" + result().replace("\r", "\r\n")))["origin"] == "feed.hl7:5"


def test_a_recorded_stream_is_read_frame_by_frame() -> None:
    stream = "".join(f"\x0b{result(value)}\x1c\r" for value in ("700", "800"))
    assert labs(reads(stream))["value"].tolist() == [700, 800]
    assert labs(reads(stream.replace("\r\x1c\r", "\x1c")))["value"].tolist() == [700, 800]


def test_messages_of_a_batch_are_all_read() -> None:
    inner = result("700") + result("800", order=OBR.replace("LAB900", "LAB901"))
    batch = f"FHS|^~\\&|LIS\rBHS|^~\\&|LIS\r{inner}BTS|2\rFTS|1\r"
    assert labs(reads(batch))["value"].tolist() == [700, 800]
    assert reasons(reads(batch)) == []


def test_a_batch_that_counts_more_messages_than_are_there_says_so() -> None:
    taken = reads(f"BHS|^~\\&|LIS\r{result()}BTS|3\r")
    assert reasons(taken) == ["truncated"]
    assert taken.refused[0].sentence == "The batch says that it holds 3 messages, and 1 are there."
    assert len(labs(taken)) == 1


def test_segments_without_a_head_are_set_aside_as_one_message() -> None:
    taken = reads("\r".join([PID, OBR, obx()]))
    (one,) = taken.refused
    assert (one.kind, one.reason) == ("message", "bad_message")
    assert one.raw == "\n".join([PID, OBR, obx()])


@pytest.mark.parametrize("head_line", ["MSH|", "MSH|a~\\&|LIS", "MSH|^^^^|LIS", "MSH|^~\\|", "MSH"])
def test_a_head_without_separators_sets_its_message_aside_and_no_other(head_line: str) -> None:
    taken = reads(result() + "\r".join([head_line, PID, OBR, obx("800")]) + "\r" + result("900"))
    assert labs(taken)["value"].tolist() == [700, 900]
    assert len(reasons(taken)) == 1


def test_other_separators_than_the_usual_are_obeyed() -> None:
    swapped = str.maketrans("|^~\\&", "#*@%$")
    assert lab(reads(result(">^40000", f2="SN").translate(swapped)))["comparator"] == ">"


def test_a_line_that_is_no_segment_is_set_aside_by_itself() -> None:
    taken = reads(message(PID, OBR, "0bX|1|NM|3255-7||2|g/L", obx()))
    assert reasons(taken) == ["bad_segment"]
    assert taken.refused[0].origin == "feed.hl7:4"
    assert lab(taken)["value"] == 700


def test_a_text_may_go_on_in_the_next_line() -> None:
    taken = reads(message(PID, OBR, obx("seen by", f2="TX").split("||F")[0], "the registrar", obx()))
    assert lab(taken)["value"] == 700
    assert "the registrar" in taken.refused[0].raw


def test_a_file_that_ends_within_a_result_does_not_give_a_shortened_value() -> None:
    whole = result("12000")
    taken = reads(whole[: whole.index("12000") + 3])
    assert reasons(taken) == ["truncated"]
    assert "observations" not in taken.facts
    assert lab(reads(whole.rstrip("\r")))["value"] == 12000


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("8859/1", "latin-1"), ("8859/15", "iso8859-15"), ("UNICODE UTF-8", "utf-8"), ("GB 18030-2000", "gb18030")],
)
def test_the_character_set_of_the_message_is_read(charset: str, encoding: str) -> None:
    content = message(PID.replace("Doe", "D\u00f6"), OBR, obx(f6=MICRO), charset=charset).encode(encoding)
    assert lab(reads(content))["unit_text"] == MICRO


def test_messages_of_one_file_may_differ_in_their_character_sets() -> None:
    first = message(PID, OBR, obx(f6=MICRO), charset="8859/1").encode("latin-1")
    second = message(PID, OBR, obx("800", f6=MICRO), charset="UNICODE UTF-8").encode()
    assert labs(reads(first + second))["value"].tolist() == [700, 800]


def test_a_byte_order_mark_overrules_the_character_set_that_is_told() -> None:
    content = message(PID, OBR, obx(f6=MICRO), charset="8859/1").encode("utf-8-sig")
    assert lab(reads(content))["unit_text"] == MICRO


def test_wide_characters_are_read() -> None:
    assert lab(reads(message(PID, OBR, obx(f6=MICRO)).encode("utf-16")))["unit_text"] == MICRO


def test_the_encoding_of_the_source_holds_where_the_message_names_none() -> None:
    content = message(PID, OBR, obx(f6=MICRO)).encode("latin-1")
    assert reasons(reads(content)) == ["bad_encoding"]
    assert lab(reads(content, encoding="latin-1"))["unit_text"] == MICRO


def test_a_name_in_a_wrong_encoding_costs_no_result() -> None:
    content = message(PID.replace("Doe", "D\u00f6"), OBR, obx()).encode("latin-1")
    assert lab(reads(content))["value"] == 700


@pytest.mark.parametrize("kind", ["ERP^Z99", "ACK", "", "VXU^V04", "ORM^O01"])
def test_a_message_of_another_type_is_set_aside_whole(kind: str) -> None:
    taken = reads(message(PID, OBR, obx(), kind=kind) + result("800"))
    assert reasons(taken) == ["unsupported_message"]
    assert taken.refused[0].raw == message(PID, OBR, obx(), kind=kind).strip().replace("\r", "\n")
    assert lab(taken)["value"] == 800


def test_a_message_that_says_nothing_is_set_aside() -> None:
    assert reasons(reads(message("PID|1||P100^^^NORTH^MR", "NTE|1||haemolytic"))) == ["no_value"]


def test_every_obx_and_every_patient_is_one_row() -> None:
    two = [obx(), obx("x", code="1^other^L"), obx("", code="3255-7^Fib^LN", f6="g/L"), obx("5", f6="feet")]
    assert rows(reads(message(PID, OBR, *two))) == 5


def test_head_fixture_has_the_character_set_in_field_18() -> None:
    assert head(charset="ASCII").split("|")[17] == "ASCII"


def test_a_batch_of_which_only_the_beginning_came_is_no_silence() -> None:
    header = b"FHS|^~\\&|LAB|\rBHS|^~\\&|LAB|\r"
    assert [*blocks(header)] == [Miscount(2, "", 0, "BHS|^~\\&|LAB|")]
    assert [*blocks(header + b"BTS|0\rFTS|1\r")] == []
