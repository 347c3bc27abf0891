"""What samples of other hands showed: messages a little beside the standard, read where their meaning is certain."""

from __future__ import annotations

from tests.monitoring.hl7_fixture import OBR, PID, head, lab, labs, message, obx, reads, reasons, utc

DOCTOR = "99009^Olsen^Tina^^^Dr."
ORDERED = f"{OBR}||||||||{DOCTOR}"  # OBR-15, one field before its place
JAPANESE = "SPM|1|S1||023^血清^JC10|||||||||||||20251219150000+0900"


def test_who_ordered_standing_where_the_specimen_belongs_is_no_specimen() -> None:
    told = lab(reads(message(PID, f"PV1||I|ICU||||{DOCTOR}", ORDERED, obx())))
    assert (told["value"], told["specimen"]) == (700.0, "")


def test_a_specimen_that_nobody_knows_and_no_doctor_is_called_is_set_aside() -> None:
    assert reasons(reads(message(PID, "PV1||I|ICU||||1^Berg", ORDERED, obx()))) == ["wrong_specimen"]


def test_an_order_whose_common_part_stands_behind_it_keeps_its_specimen_and_number() -> None:
    """OUL^R22 as SS-MIX2 has it: the day alone in OBR-7, the time in SPM-17."""
    order = "OBR|1|PL1|S1219001|E001^Chem^99O03|||20251219"
    told = lab(reads(message(PID, JAPANESE, order, "ORC|SC|PL1|S1219001", obx(), kind="OUL^R22")))
    assert (told["collected_at"], told["specimen"]) == (utc("2025-12-19 06:00"), "serum")
    assert str(told["source_id"]).startswith("S1219001^")


def test_an_order_without_results_before_the_next_order_keeps_its_own_common_part() -> None:
    orders = ["OBR|1|PL1|LAB901|A^A^L", "ORC|SC|PL2|LAB902", "OBR|2|PL2|LAB902|B^B^L"]
    told = lab(reads(message(PID, JAPANESE, *orders, obx(), kind="OUL^R21")))
    assert str(told["source_id"]).startswith("LAB902^")


def test_a_unit_with_an_unusual_sign_of_repetition_in_it_is_read_whole() -> None:
    swapped = str.maketrans("|^~\\&", "#!*\\%")
    content = "\r".join([head(), PID, OBR, obx("38", "777-3^PLT^LN", f6="10X9/L")]).translate(swapped)
    told = lab(reads(content.replace("10X9", "10*9") + "\r"))
    assert (told["analyte"], told["value"], told["unit"]) == ("platelets", 38.0, "10*9/L")


def test_lactate_is_measured_in_serum_too() -> None:
    told = labs(reads(message(PID, f"{OBR}||||||||SER", obx("4.9", "2524-7^Lactate^LN", f6="mmol/L"))))
    assert told["value"].tolist() == [4.9]
