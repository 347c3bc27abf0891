"""What a sender is answered: codes, the header turned round, and never a value."""

from __future__ import annotations

from datetime import UTC, datetime

import hl7
import pytest

from monitoring.hl7.acks import AGAIN, KEPT, NEVER, Header, answer, header
from monitoring.hl7.segments import BadMessageError

AT = datetime(2026, 2, 1, 12, 30, 5, tzinfo=UTC)
HEAD = "MSH|^~\\&|LIS|NORTH|MASWATCH|ICU|20260106070000||ORU^R01^ORU_R01|C42|T|{version}||||||8859/1"
BODY = "\rPID|1||P100||Doe^Jo\rOBX|1|NM|2276-4||700\r"


def told(head: str, verdict: str = KEPT, sentence: str = "") -> str:
    return answer(header((head + BODY).encode()), verdict, at=AT, name="OURS", sentence=sentence).decode()


def test_the_answer_turns_sender_and_receiver_round_and_keeps_version_charset_and_control_id() -> None:
    assert told(HEAD.format(version="2.5.1")) == (
        "MSH|^~\\&|MASWATCH|ICU|LIS|NORTH|20260201123005+0000||ACK^R01^ACK|OURS|T|2.5.1||||||8859/1\rMSA|AA|C42\r"
    )


def test_another_library_reads_the_answer() -> None:
    parsed = hl7.parse(told(HEAD.format(version="2.3"), AGAIN, "Not now."))
    assert (str(parsed["MSA.F1"]), str(parsed["MSA.F2"]), str(parsed["MSA.F3"])) == ("AE", "C42", "Not now.")
    assert str(parsed["MSH.F9.R1.C1"]) == "ACK"


def test_an_answer_has_the_senders_own_separators() -> None:
    swapped = str.maketrans("|^~\\&", "#*@%$")
    said = told(HEAD.format(version="2.5").translate(swapped), NEVER, "Too large # by * far.")
    assert said.split("\r")[1] == "MSA#AR#C42#Too large   by   far."
    assert said.startswith("MSH#*@%$#MASWATCH#ICU#LIS#NORTH#20260201123005+0000##ACK*R01*ACK#OURS#T#2.5#")


@pytest.mark.parametrize(("version", "explained"), [("2.3", False), ("2.4", False), ("2.5", True), ("2.8.2", True)])
def test_versions_that_know_the_segment_of_errors_get_one(version: str, explained: bool) -> None:
    segments = told(HEAD.format(version=version), AGAIN, "Not now.").split("\r")
    assert segments[1] == "MSA|AE|C42|Not now."
    expected = "ERR|||207^Application internal error^HL70357|E||||Not now."
    assert segments[2:] == ([expected, ""] if explained else [""])


def test_what_is_stored_is_answered_without_a_segment_of_errors() -> None:
    assert "ERR" not in told(HEAD.format(version="2.8"))


@pytest.mark.parametrize(
    ("accept", "application", "kept", "again", "never"),
    [
        ("", "", "AA", "AE", "AR"),
        ("AL", "", "CA", "CE", "CR"),
        ("AL", "NE", "CA", "CE", "CR"),
        ("AL", "AL", "CA", "CE", "CR"),
        ("NE", "NE", "", "", ""),
        ("NE", "AL", "AA", "AE", "AR"),
        ("", "AL", "AA", "AE", "AR"),
        ("ER", "NE", "", "CE", "CR"),
        ("SU", "NE", "CA", "", ""),
        ("ER", "SU", "AA", "CE", "CR"),
    ],
)
def test_in_enhanced_mode_a_sender_is_answered_what_it_asked_for(
    accept: str, application: str, kept: str, again: str, never: str
) -> None:
    head = f"MSH|^~\\&|LIS|N|M|I|2026||ORU^R01|C1|P|2.5|||{accept}|{application}"
    answers = [told(head, verdict) for verdict in (KEPT, AGAIN, NEVER)]
    assert [one.split("\rMSA|")[1][:2] if one else "" for one in answers] == [kept, again, never]


def test_a_message_without_a_head_is_answered_with_the_usual_separators() -> None:
    said = answer(Header(), NEVER, at=AT, name="OURS", sentence="No MSH.").decode()
    assert said.split("\r")[:2] == ["MSH|^~\\&|||||20260201123005+0000||ACK|OURS|P|2.5.1", "MSA|AR||No MSH."]


@pytest.mark.parametrize("content", ["", "hello", "PID|1\rMSH|^~\\&|A", "MSH", "MSH|", "MSH|a~\\&|LIS", "{}"])
def test_a_head_that_cannot_be_read_is_said(content: str) -> None:
    with pytest.raises(BadMessageError):
        header(content.encode())


@pytest.mark.parametrize("before", ["", "\r\n", "\ufeff", "FHS|^~\\&|LIS\rBHS|^~\\&|LIS\r"])
def test_the_head_is_found_behind_line_ends_marks_and_the_heads_of_a_batch(before: str) -> None:
    assert header((before + HEAD.format(version="2.5")).encode()).field(10) == "C42"


def test_a_head_in_wide_characters_is_read() -> None:
    assert header((HEAD.format(version="2.5") + BODY).encode("utf-16")).field(10) == "C42"


def test_what_a_header_repeats_comes_back_byte_for_byte() -> None:
    content = HEAD.format(version="2.5").encode().replace(b"NORTH", "K\u00f6ln".encode("latin-1"))
    assert b"|K\xf6ln|" in answer(header(content), KEPT, at=AT, name="OURS")


def test_a_control_id_makes_a_name_that_any_store_and_log_can_hold() -> None:
    def name(control: str) -> str:
        return header(f"MSH|^~\\&|LIS|||||||{control}|P|2.5".encode()).name

    assert name("C 42") == "C 42"
    assert name("") == name(" ") == "message"
    assert name("\u00e4\x00") == "??"
    assert name("9" * 500) == "9" * 60
