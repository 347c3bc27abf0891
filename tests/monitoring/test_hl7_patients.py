"""PID, PV1 and ADT: who it is and where that person lies."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.monitoring.hl7_fixture import OBR, PID, lab, message, obx, reads, reasons, rows, utc
from tests.monitoring.intake_fixture import catalog

VISIT = "PV1|1|I|PICU^12^1^NORTH"
EVENT = "EVN||202601061500+0100||||202601061430+0100"


def person(content: str) -> dict[str, object]:
    """The only row about a patient."""
    (row,) = reads(content).facts["patients"].to_dict("records")
    return {str(name): None if pd.isna(told) else told for name, told in row.items()}


def identified(identifiers: str, *, older: str = "") -> str:
    return message(f"PID|1|{older}|{identifiers}||Doe^Jo||20150304|F", OBR, obx())


@pytest.mark.parametrize(
    ("identifiers", "chosen"),
    [
        ("P100^^^NORTH^MR", "P100"), ("P100", "P100"), ("A7^^^NORTH^AN~P100^^^NORTH^MR", "P100"),
        ("P100^^^^PI~X9^^^^SS", "P100"),
        ("N1^^^GOV^NI~P100^^^NORTH^PI", "P100"), ("~P100^^^NORTH&1.2.3&ISO^MR", "P100"),
        ("P100^^^NORTH^MR~P300^^^SOUTH^MR", "P100"),
    ],
)  # fmt: skip
def test_the_number_of_the_record_is_the_patient(identifiers: str, chosen: str) -> None:
    assert lab(reads(identified(identifiers)))["patient_id"] == chosen


def test_the_older_field_counts_where_the_newer_is_blank() -> None:
    assert lab(reads(identified("", older="P100")))["patient_id"] == "P100"


def test_a_visit_is_nobody() -> None:
    assert set(reasons(reads(identified("V7^^^NORTH^VN")))) == {"no_patient"}


def test_whose_number_it_is_stays_with_what_is_set_aside() -> None:
    (one,) = reads(message(PID, OBR, obx("see comment"))).refused
    assert one.fields["assigning_authority"] == "NORTH"


def test_a_laboratory_says_who_but_not_where() -> None:
    told = person(message(PID, VISIT, OBR, obx()))
    assert (told["patient_id"], told["birth_date"], told["sex"]) == ("P100", "2015-03-04", "female")
    assert told["ward"] in (None, "")


def test_an_identifier_alone_is_no_row() -> None:
    assert rows(reads(message("PID|1||P100^^^NORTH^MR", OBR, obx()))) == 1


@pytest.mark.parametrize(("told", "kept"), [("2015", "2015"), ("201503", "2015-03")])
def test_a_birth_of_which_only_year_or_month_is_told_stays_that(told: str, kept: str) -> None:
    assert person(message(PID.replace("20150304", told), OBR, obx()))["birth_date"] == kept


def test_an_unreadable_birth_date_costs_neither_sex_nor_results() -> None:
    content = message(PID.replace("20150304", "201513045"), OBR, obx())
    assert reasons(reads(content)) == ["no_time"]
    assert person(content)["sex"] == "female"
    assert lab(reads(content))["value"] == 700


@pytest.mark.parametrize("event", ["A01", "A02", "A04", "A08", "A12"])
def test_an_admission_or_move_says_where_the_patient_lies(event: str) -> None:
    told = person(message(EVENT, PID, VISIT, kind=f"ADT^{event}"))
    assert (told["ward"], told["bed"]) == ("PICU", "12-1")


def test_an_admission_is_dated_by_the_visit_else_by_the_event() -> None:
    assert person(message(EVENT, PID, VISIT, kind="ADT^A01"))["admitted_at"] == utc("2026-01-06 13:30")
    visit = VISIT + "|" * 41 + "202601051200+0100"
    assert visit.split("|")[44] == "202601051200+0100"
    assert person(message(EVENT, PID, visit, kind="ADT^A01"))["admitted_at"] == utc("2026-01-05 11:00")
    assert person(message(EVENT, PID, VISIT, kind="ADT^A02"))["admitted_at"] is None


def test_a_discharge_is_dated_by_the_event_where_the_visit_is_silent() -> None:
    told = person(message(EVENT, PID, VISIT, kind="ADT^A03"))
    assert told["discharged_at"] == utc("2026-01-06 13:30")
    assert told["admitted_at"] is None


def test_the_event_may_stand_in_evn_alone() -> None:
    told = person(message(EVENT.replace("EVN|", "EVN|A01"), PID, VISIT, kind="ADT"))
    assert told["admitted_at"] == utc("2026-01-06 13:30")


def test_measurements_within_an_admission_are_read() -> None:
    content = message(
        EVENT, PID, VISIT, obx("22", "29463-7^Body weight^LN", f6="kg", f14="202601061400"), kind="ADT^A01"
    )
    assert lab(reads(content))["analyte"] == catalog().analytes["weight"].code


@pytest.mark.parametrize(
    ("event", "words"),
    [("A24", "stay two"), ("A37", "stay two"), ("A45", "visits"), ("A35", "accounts"), ("A43", "moves")],
)
def test_what_joins_no_whole_records_is_set_aside_whole_and_says_why(event: str, words: str) -> None:
    content = message(EVENT, PID, "MRG|P099^^^NORTH^MR", kind=f"ADT^{event}")
    (one,) = reads(content).refused
    assert (one.kind, one.reason) == ("message", "unsupported_message")
    assert words in one.sentence
    assert one.raw == content.strip().replace("\r", "\n")


@pytest.mark.parametrize(("event", "mend"), [("A11", "by ADT A03 or as discharged_at"), ("A13", "until an ADT A01")])
def test_what_takes_an_admission_or_discharge_back_is_set_aside_and_says_what_to_tell_instead(
    event: str, mend: str
) -> None:
    (one,) = reads(message(EVENT, PID, VISIT, kind=f"ADT^{event}")).refused
    assert (one.kind, one.reason) == ("message", "unsupported_message")
    assert mend in one.sentence


@pytest.mark.parametrize("event", ["A99", ""])
def test_another_event_is_set_aside_whole(event: str) -> None:
    assert reasons(reads(message(PID, VISIT, kind=f"ADT^{event}"))) == ["unsupported_message"]
