"""A batch on a connection is answered by a batch: one frame for one frame, one acknowledgement for each message."""

from __future__ import annotations

from datetime import UTC, datetime

import hl7

from monitoring.hl7.acks import AGAIN, KEPT
from monitoring.hl7.batch_acks import batch_answer, batches

AT = datetime(2026, 2, 1, 12, 30, 5, tzinfo=UTC)
BHS = "BHS|^~\\&|LIS|NORTH|MASWATCH|ICU|20260106070000||||B7\r"
OURS = "BHS|^~\\&|MASWATCH|ICU|LIS|NORTH|20260201123005+0000||||N3|B7\r"


def message(control: str, rest: str = "") -> str:
    head = f"MSH|^~\\&|LIS|NORTH|MASWATCH|ICU|20260106070000||ORU^R01|{control}|P|2.4{rest}"
    return f"{head}\rPID|1||P100\rOBX|1|NM|2276-4||700\r"


def acknowledged(control: str, name: str, code: str = "AA") -> str:
    head = f"MSH|^~\\&|MASWATCH|ICU|LIS|NORTH|20260201123005+0000||ACK^R01^ACK|{name}|P|2.4"
    return f"{head}\rMSA|{code}|{control}\r"


def answered(content: str, verdict: str = KEPT) -> str:
    names = (f"N{number}" for number in range(1, 9))
    return batch_answer(batches(content.encode()), verdict, at=AT, named=lambda: next(names)).decode()


def test_each_message_of_a_batch_is_acknowledged_in_a_batch_that_names_the_one_sent() -> None:
    told = answered(BHS + message("C1") + message("C2") + "BTS|2\r")
    assert told == OURS + acknowledged("C1", "N1") + acknowledged("C2", "N2") + "BTS|2\r"
    parsed = hl7.parse_batch(told)
    assert [str(one["MSA.F2"]) for one in parsed] == ["C1", "C2"]


def test_a_file_of_batches_is_answered_without_its_own_wrapper() -> None:
    second = BHS.replace("B7", "B8")
    sent = f"FHS|^~\\&|LIS\r{BHS}{message('C1')}BTS|1\r{second}{message('C2')}BTS|1\rFTS|2\r"
    heads = [line.split("|")[11] for line in answered(sent).split("\r") if line.startswith("BHS")]
    assert heads == ["B7", "B8"]
    assert "FHS" not in answered(sent)


def test_what_could_not_be_stored_is_asked_for_again_message_by_message() -> None:
    told = answered(BHS + message("C1") + message("C2") + "BTS|2\r", AGAIN)
    assert [line for line in told.split("\r") if line.startswith("MSA")] == ["MSA|AE|C1", "MSA|AE|C2"]


def test_senders_that_hear_only_of_errors_get_an_empty_batch_and_those_that_want_nothing_get_nothing() -> None:
    assert answered(BHS + message("C1", "|||ER|NE") + "BTS|1\r") == OURS.replace("N3", "N2") + "BTS|0\r"
    assert answered(BHS + message("C1", "|||NE|NE") + "BTS|1\r") == ""


def test_a_batch_that_says_there_was_nothing_to_send_is_answered_by_an_empty_one() -> None:
    assert answered(BHS + "BTS|0\r") == OURS.replace("N3", "N1") + "BTS|0\r"


def test_messages_without_the_head_of_a_batch_and_a_batch_in_which_no_head_can_be_read_are_none() -> None:
    assert batches((message("C1") + message("C2")).encode()) == []
    assert batches((BHS + "PID|1||P100\rBTS|1\r").encode()) == []
