"""Treatments, findings and patients, from rows of text to facts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from monitoring.dose_units import dose_unit
from storage import queries
from tests.monitoring.intake_fixture import Site, site

STARTED = "2026-01-06T08:00:00+01:00"


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as ward:
        yield ward


def table(row: dict[str, str]) -> str:
    return ",".join(row) + "\n" + ",".join(row.values()) + "\n"


def dose(**columns: str) -> str:
    row = {"patient_id": "A", "drug": "methylprednisolone", "dose": "1000", "unit": "mg", "started_at": STARTED}
    return table(row | columns)


def finding(**columns: str) -> str:
    return table({"patient_id": "A", "finding": "splenomegaly", "value": "yes", "observed_at": STARTED} | columns)


def patient(**columns: str) -> str:
    return table({"patient_id": "A"} | columns)


def doses(ward: Site) -> pd.DataFrame:
    return queries.doses(ward.store, as_of=ward.now)


def findings(ward: Site) -> pd.DataFrame:
    return queries.findings(ward.store, as_of=ward.now)


def patients(ward: Site) -> pd.DataFrame:
    return queries.patients(ward.store, as_of=ward.now)


def test_an_administration_is_kept_with_its_words(ward: Site) -> None:
    ward.takes(dose(drug="Methylprednisolone pulse", unit="mg / day", route="IV", ended_at="2026-01-09T08:00:00+01:00"))
    row = doses(ward).iloc[0]
    assert (row["given"], row["name_text"]) == ("methylprednisolone", "Methylprednisolone pulse")
    assert (row["amount"], row["unit"], row["amount_text"], row["unit_text"]) == (1000.0, "mg/day", "1000", "mg / day")
    assert (row["route"], row["status"], row["origin"]) == ("IV", "completed", "labs.csv:2")
    assert row["started_at"] == pd.Timestamp("2026-01-06T07:00Z")
    assert row["ended_at"] == pd.Timestamp("2026-01-09T07:00Z")


@pytest.mark.parametrize(
    ("drug", "given"),
    [("6902", "methylprednisolone"), ("H02AB04", "methylprednisolone"), ("ANAKINRA", "anakinra"), (" IVIG ", "ivig")],
)
def test_a_drug_may_be_told_by_code_or_name(ward: Site, drug: str, given: str) -> None:
    ward.takes(dose(drug=drug))
    assert doses(ward)["given"].tolist() == [given]


@pytest.mark.parametrize("amount", ["", "400 then 200", "see chart", ">5"])
def test_a_dose_in_words_is_still_an_administration(ward: Site, amount: str) -> None:
    ward.takes(dose(dose=amount))
    row = doses(ward).iloc[0]
    assert pd.isna(row["amount"])
    assert row["amount_text"] == amount


@pytest.mark.parametrize(
    ("columns", "reason", "code"),
    [
        ({"drug": "convalescent wishes"}, "unknown_drug", "convalescent wishes"),
        ({"drug": ""}, "unknown_drug", ""),
        ({"started_at": "day 3"}, "no_time", ""),
        ({"started_at": "2026-01-06"}, "no_time", ""),
        ({"started_at": "2027-01-06T08:00"}, "future_time", ""),
        ({"ended_at": "2026-01-05T08:00"}, "implausible", ""),
        ({"ended_at": "soon"}, "no_time", ""),
        ({"dose": "-5"}, "implausible", ""),
        ({"patient_id": ""}, "no_patient", ""),
    ],
)
def test_a_dose_that_cannot_be_placed_is_set_aside(ward: Site, columns: dict[str, str], reason: str, code: str) -> None:
    assert ward.takes(dose(**columns))["set_aside"] == 1
    assert (ward.aside()["reason"], ward.aside()["code"], ward.aside()["kind"]) == (reason, code, "treatments")


def test_the_planned_end_of_a_running_course_may_lie_ahead(ward: Site) -> None:
    assert ward.takes(dose(ended_at="2026-12-31T08:00:00+01:00"))["new"] == 1


def test_a_course_that_has_ended_since_is_the_same_course_told_further(ward: Site) -> None:
    ward.takes(dose(route="IV"))
    assert ward.takes(dose(route="iv"))["unchanged"] == 1
    assert ward.takes(dose(route="IV", ended_at="2026-01-09T08:00:00+01:00"))["corrected"] == 1
    assert ward.takes(dose(route="PO"))["new"] == 1


@pytest.mark.parametrize(
    ("told", "kept"), [("entered-in-error", "entered-in-error"), ("not-done", "cancelled"), ("given", "completed")]
)
def test_a_dose_that_was_not_given_is_withdrawn(ward: Site, told: str, kept: str) -> None:
    ward.takes(dose(source_id="D1"))
    ward.takes(dose(source_id="D1", status=told))
    assert doses(ward).sort_values("version")["status"].iloc[-1] == kept


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("mg", "mg"),
        ("Milligram", "mg"),
        ("g", "g"),
        ("mg/kg", "mg/kg"),
        ("mg/kg/dose", "mg/kg"),
        ("mg / m²", "mg/m2"),
        ("mg/kg per day", "mg/kg/day"),
        ("mg/Tag", "mg/day"),
        ("mg/d/kg", "mg/kg/day"),
        ("mg/m2/24h", "mg/m2/day"),
        ("g/kg", "g/kg"),
        ("I.E.", "IU"),
        ("ml", "mL"),
        ("units", "units"),
        ("plasma volumes/session", "plasma volumes"),
        ("", ""),
        ("mg q8h", ""),
        ("mg/kg twice daily", ""),
        ("kg", ""),
        ("mg/kg/m2", ""),
        ("mg/day/day", ""),
        ("/", ""),
    ],
)
def test_units_of_doses_have_one_spelling_or_none(text: str, unit: str) -> None:
    assert dose_unit(text) == unit


@pytest.mark.parametrize(
    ("columns", "value"),
    [
        ({"value": "yes"}, "yes"),
        ({"value": " TRUE "}, "yes"),
        ({"value": "1"}, "yes"),
        ({"value": "No"}, "no"),
        ({"value": "0"}, "no"),
        ({"value": "3"}, "3.0"),
        ({"finding": "temperature_c", "value": "39.4"}, "39.4"),
        ({"finding": "Splenomegaly"}, "yes"),
    ],
)
def test_a_finding_is_yes_no_or_a_number(ward: Site, columns: dict[str, str], value: str) -> None:
    ward.takes(finding(**columns))
    assert findings(ward)["value"].tolist() == [value]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"finding": "mood"}, "unknown_finding"),
        ({"value": "perhaps"}, "not_yes_or_no"),
        ({"value": ""}, "no_value"),
        ({"value": "-3"}, "implausible"),
        ({"finding": "temperature_c", "value": "yes"}, "not_a_number"),
        ({"finding": "temperature_c", "value": "1"}, "implausible"),
        ({"finding": "temperature_c", "value": "102.9"}, "implausible"),
        ({"observed_at": "2026-01-06"}, "no_time"),
        ({"observed_at": "2027-01-06T08:00"}, "future_time"),
        ({"patient_id": ""}, "no_patient"),
    ],
)
def test_a_finding_that_says_nothing_sure_is_set_aside(ward: Site, columns: dict[str, str], reason: str) -> None:
    assert ward.takes(finding(**columns))["set_aside"] == 1
    assert ward.reasons() == [reason]


def test_a_finding_seen_otherwise_at_the_same_moment_is_a_correction(ward: Site) -> None:
    ward.takes(finding())
    assert ward.takes(finding(value="no"))["corrected"] == 1
    assert ward.takes(finding(observed_at="2026-01-07T08:00:00+01:00"))["new"] == 1


def test_a_patient_is_kept_with_what_was_said(ward: Site) -> None:
    ward.takes(
        patient(
            birth_date="09.03.2014", sex="w", weight_kg="31.5", height_cm="132", context="sjia", ward="K3", bed="4",
            admitted_at="2026-01-05", discharged_at="2026-01-20T10:00:00+01:00",
        )
    )  # fmt: skip
    row = patients(ward).iloc[0]
    assert (row["birth_date"], row["sex"], row["context"]) == ("2014-03-09", "female", "sJIA")
    assert (row["weight_kg"], row["height_cm"], row["ward"], row["bed"]) == (31.5, 132.0, "K3", "4")
    assert row["admitted_at"] == pd.Timestamp("2026-01-04T23:00Z")
    assert row["discharged_at"] == pd.Timestamp("2026-01-20T09:00Z")


@pytest.mark.parametrize("told", ["2014", "2014-03"])
def test_half_a_birth_date_is_kept_as_it_is_and_takes_nothing_from_a_whole_one(ward: Site, told: str) -> None:
    assert ward.takes(patient(birth_date=told, sex="f"))["new"] == 1
    row = patients(ward).iloc[0]
    assert (row["birth_date"], row["sex"]) == (told, "female")
    ward.takes(patient(birth_date="2014-03-09"))
    ward.takes(patient(birth_date=told, sex="f", weight_kg="31.5"))
    assert patients(ward)[["birth_date", "weight_kg"]].iloc[0].tolist() == ["2014-03-09", 31.5]
    ward.takes(patient(birth_date="2013"))
    assert patients(ward)["birth_date"].tolist() == ["2013"]  # another year is a correction


def test_blanks_say_nothing_and_take_nothing_back(ward: Site) -> None:
    ward.takes(patient(sex="f", weight_kg="31.5", context="sJIA"))
    assert ward.takes(patient(sex="", weight_kg="", context=""))["unchanged"] == 1
    assert patients(ward)["weight_kg"].tolist() == [31.5]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"sex": "yes"}, "unknown_sex"),
        ({"context": "flu"}, "unknown_context"),
        ({"weight_kg": "heavy"}, "not_a_number"),
        ({"weight_kg": ">100"}, "not_a_number"),
        ({"weight_kg": "-3"}, "implausible"),
        ({"weight_kg": "31500000"}, "implausible"),
        ({"height_cm": "1320000"}, "implausible"),
        ({"birth_date": "03/09/2014"}, "no_time"),
        ({"birth_date": "2014-13"}, "no_time"),
        ({"birth_date": "2027"}, "implausible"),
        ({"birth_date": "2027-01-01"}, "implausible"),
        ({"admitted_at": "monday"}, "no_time"),
        ({"admitted_at": "2026-01-05", "discharged_at": "2026-01-04"}, "implausible"),
        ({"patient_id": "", "sex": "f"}, "no_patient"),
    ],
)
def test_a_patient_row_that_cannot_be_right_is_set_aside(ward: Site, columns: dict[str, str], reason: str) -> None:
    assert ward.takes(patient(**columns))["set_aside"] == 1
    assert ward.reasons() == [reason]
