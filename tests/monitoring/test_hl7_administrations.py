"""RXA and RXE: what was given, how much, when, and whether it was."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.monitoring.hl7_fixture import PID, doses, message, reads, reasons, utc

ORC = "ORC|RE|PL7|RX700"
TIMING = "1^Q24H^^202601060800+0100"
ROUTE = "RXR|IV^Intravenous^HL70162"


def rxa(
    drug: str = "^Methylprednisolone^L", *, dose: str = "500", unit: str = "mg", state: str = "CP", act: str = ""
) -> str:
    fields = ["RXA", "0", "1", "20260106080000+0100", "20260106090000+0100", drug, dose, unit]
    return "|".join([*fields, *[""] * 12, state, act])


def rxe(drug: str = "^Methylprednisolone^L", timing: str = "") -> str:
    return f"RXE|{timing}|{drug}|30||mg"


def given(*segments: str, kind: str = "RAS^O17") -> dict[str, object]:
    """The only dose."""
    (row,) = doses(reads(message(PID, *segments, kind=kind))).to_dict("records")
    return {str(name): None if pd.isna(told) else told for name, told in row.items()}


def test_an_administration_is_a_dose() -> None:
    told = given(ORC, rxa(), ROUTE)
    assert (told["patient_id"], told["given"], told["amount"], told["unit"]) == (
        "P100",
        "methylprednisolone",
        500,
        "mg",
    )
    assert (told["started_at"], told["ended_at"]) == (utc("2026-01-06 07:00"), utc("2026-01-06 08:00"))
    assert (told["route"], told["status"], told["origin"]) == ("IV", "completed", "feed.hl7:4")


@pytest.mark.parametrize(
    "drug",
    ["H02AB04^x^ATC", "6902^x^RXNORM", "L1^Methylprednisolone^L", "L1^x^L^H02AB04^^ATC", "Methylprednisolone"],
)
def test_the_drug_is_known_by_name_or_code(drug: str) -> None:
    assert given(ORC, rxa(drug))["given"] == "methylprednisolone"


def test_a_number_of_the_pharmacy_is_not_taken_for_one_of_rxnorm() -> None:
    assert reasons(reads(message(PID, ORC, rxa("6902^bandage^L"), kind="RAS^O17"))) == ["unknown_drug"]


def test_names_that_contradict_each_other_are_not_believed() -> None:
    drug = "^Methylprednisolone^L^^Anakinra^L"
    assert reasons(reads(message(PID, ORC, rxa(drug), kind="RAS^O17"))) == ["unknown_drug"]


@pytest.mark.parametrize("state", ["NA", "RE"])
def test_what_was_not_given_is_no_dose(state: str) -> None:
    assert given(ORC, rxa(state=state))["status"] == "cancelled"


def test_a_deleted_administration_is_withdrawn() -> None:
    assert given(ORC, rxa(act="D"))["status"] == "entered-in-error"


def test_an_unknown_completion_is_set_aside() -> None:
    assert reasons(reads(message(PID, ORC, rxa(state="ZZ"), kind="RAS^O17"))) == ["unknown_status"]


def test_an_unknown_amount_stays_unknown() -> None:
    assert given(ORC, rxa(dose="999", unit=""))["amount"] is None


def test_two_administrations_of_one_order_stay_two() -> None:
    later = rxa().replace("20260106080000", "20260106200000").replace("20260106090000", "20260106210000")
    assert doses(reads(message(PID, ORC, rxa(), rxa("^Anakinra^L"), later, kind="RAS^O17")))["ref"].nunique() == 3


def test_an_order_runs_from_its_planned_start_to_its_end() -> None:
    timing = "TQ1|1||Q24H||||202601060800+0100|202601090800+0100"
    told = given(ORC, rxe(), timing, ROUTE, kind="RDE^O11")
    assert (told["started_at"], told["ended_at"]) == (utc("2026-01-06 07:00"), utc("2026-01-09 07:00"))
    assert told["amount"] == 30


@pytest.mark.parametrize("segments", [(ORC, rxe(timing=TIMING)), (ORC + "||||1^Q24H^^202601060800+0100", rxe())])
def test_the_older_places_of_the_timing_are_read(segments: tuple[str, ...]) -> None:
    assert given(*segments, kind="RDE^O01")["started_at"] == utc("2026-01-06 07:00")


def test_an_order_without_a_start_was_not_given_yet() -> None:
    assert reasons(reads(message(PID, ORC, rxe(), kind="RDE^O11"))) == ["no_time"]


@pytest.mark.parametrize("control", ["CA", "OC"])
def test_a_cancelled_order_is_withdrawn(control: str) -> None:
    told = given(ORC.replace("RE", control), rxe(timing=TIMING), kind="RDE^O11")
    assert told["status"] == "cancelled"


def test_a_stopped_order_ends_when_it_was_stopped() -> None:
    order = ORC.replace("RE", "DC") + "|" * 12 + "202601071000+0100"
    assert order.split("|")[15] == "202601071000+0100"
    assert given(order, rxe(timing=TIMING), kind="RDE^O11")["ended_at"] == utc("2026-01-07 09:00")


def test_an_order_repeated_in_an_administration_is_not_counted_twice() -> None:
    assert given(ORC, rxe(timing=TIMING), rxa())["amount"] == 500


def test_doses_of_several_patients_stay_apart() -> None:
    other = PID.replace("P100", "P200")
    told = doses(reads(message(PID, ORC, rxa(), other, ORC, rxa(dose="250"), kind="RAS^O17")))
    assert told[["patient_id", "amount"]].to_numpy().tolist() == [["P100", 500.0], ["P200", 250.0]]
