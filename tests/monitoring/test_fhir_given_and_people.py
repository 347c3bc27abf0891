"""MedicationAdministration, Procedure, orders; Patient, Condition, Encounter."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.monitoring.fhir_fixture import Node, administration, bundle, only, read, reasons

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
GIVEN = pd.Timestamp("2026-01-20T07:00:00Z")


def concept(system: str, code: str, display: str = "") -> Node:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def patient(**fields: object) -> Node:
    return {"resourceType": "Patient", "id": "lena", "gender": "female", "birthDate": "2017-05-02"} | fields


def condition(code: Node, **fields: object) -> Node:
    return {"resourceType": "Condition", "id": "c", "code": code, "subject": {"reference": "Patient/lena"}} | fields


def stay(name: str, start: str, **fields: object) -> Node:
    return {
        "resourceType": "Encounter",
        "id": name,
        "status": "in-progress",
        "class": {"code": "IMP"},
        "subject": {"reference": "Patient/lena"},
        "period": {"start": start},
    } | fields


def test_an_administration_is_a_dose_with_amount_route_and_time() -> None:
    row = only(read(administration()), "doses")
    assert (row["patient_id"], row["given"], row["amount"], row["unit"]) == ("lena", "anakinra", 100.0, "mg")
    assert (row["route"], row["started_at"], row["source_id"]) == ("sc", GIVEN, "dose-1")


@pytest.mark.parametrize(
    "name",
    ["Anakinra 100 mg inj", "1 ML anakinra 149 MG/ML Prefilled Syringe", "Anakinra 100mg/0.67ml (Kineret)", "Kineret"],
)
def test_strength_and_form_in_a_name_do_not_hide_the_substance(name: str) -> None:
    assert only(read(administration(medicationCodeableConcept={"text": name})), "doses")["given"] == "anakinra"


@pytest.mark.parametrize("name", ["dexamethasone 0.1% eye drops", "hydrocortisone 1% cream", "anakinra (canakinumab)"])
def test_another_form_or_a_contradiction_is_not_taken_for_the_substance(name: str) -> None:
    taken = read(administration(medicationCodeableConcept={"text": name}))
    assert [(one.reason, one.code) for one in taken.refused] == [("unknown_drug", name)]


def test_a_medication_is_found_in_the_resource_in_the_bundle_and_among_ingredients() -> None:
    contained = {"resourceType": "Medication", "id": "m", "code": {"text": "Kineret"}}
    inside = administration(medicationCodeableConcept=None, medicationReference={"reference": "#m"})
    assert only(read(inside | {"contained": [contained]}), "doses")["given"] == "anakinra"
    beside = administration(medicationCodeableConcept=None, medicationReference={"reference": "Medication/m"})
    taken = read(bundle(contained, beside))
    assert taken.facts["doses"]["given"].tolist() == ["anakinra"]
    assert not taken.refused  # in a search's answer the medication is told only for what refers to it
    parts = [{"itemCodeableConcept": {"text": told}} for told in ("anakinra", "isotonic buffer")]
    mixture = {"resourceType": "Medication", "id": "m", "ingredient": parts}
    assert only(read(inside | {"contained": [mixture]}), "doses")["given"] == "anakinra"
    assert read(inside).refused[0].code == "#m"


def test_an_administration_over_a_period_that_is_over_has_its_end_and_a_running_one_has_none() -> None:
    whole = {"start": "2026-01-20T08:00:00+01:00", "end": "2026-01-20T10:00:00+01:00"}
    told = administration(effectiveDateTime=None, effectivePeriod=whole)
    assert only(read(told), "doses")["ended_at"] == pd.Timestamp("2026-01-20T09:00:00Z")
    running = told | {"status": "in-progress", "effectivePeriod": {"start": whole["start"]}}
    assert pd.isna(only(read(running), "doses")["ended_at"])


def test_a_stopped_course_does_not_run_on() -> None:
    begun = {"start": "2026-01-20T08:00:00+01:00"}
    told = administration(status="stopped", effectiveDateTime=None, effectivePeriod=begun)
    written = told | {"meta": {"lastUpdated": "2026-01-22T09:00:00Z"}}
    assert only(read(told), "doses")["ended_at"] == GIVEN
    assert only(read(written), "doses")["ended_at"] == pd.Timestamp("2026-01-22T09:00:00Z")


@pytest.mark.parametrize(("status", "kept"), [("not-done", "cancelled"), ("entered-in-error", "entered-in-error")])
def test_what_was_not_done_takes_an_earlier_telling_back(status: str, kept: str) -> None:
    assert only(read(administration(status=status)), "doses")["status"] == kept


@pytest.mark.parametrize("status", ["on-hold", "unknown", None])
def test_what_may_or_may_not_have_been_given_is_no_dose(status: str | None) -> None:
    assert reasons(read(administration(status=status))) == ["not_given"]


def test_a_rate_alone_is_kept_in_words_and_is_no_amount() -> None:
    ratio = {"numerator": {"value": 250, "unit": "mL"}, "denominator": {"value": 1, "unit": "h"}}
    row = only(read(administration(dosage={"rateRatio": ratio})), "doses")
    assert (pd.isna(row["amount"]), row["amount_text"]) == (True, "at 250 mL per 1 h")


@pytest.mark.parametrize("kind", ["MedicationRequest", "MedicationStatement", "MedicationDispense"])
def test_an_order_is_no_dose_and_names_what_was_ordered(kind: str) -> None:
    (aside,) = read(administration() | {"resourceType": kind, "status": "completed"}).refused
    assert (aside.reason, aside.code, aside.patient_id) == ("not_given", f"{kind} anakinra", "lena")


def test_an_order_not_to_give_says_so() -> None:
    (aside,) = read(administration() | {"resourceType": "MedicationRequest", "doNotPerform": True}).refused
    assert aside.sentence.startswith("This is an order not to give it")


def test_a_plasma_exchange_is_a_product_and_other_procedures_are_not_followed() -> None:
    told = {
        "resourceType": "Procedure",
        "id": "tpe",
        "status": "completed",
        "code": concept(SNOMED, "19647005"),
        "subject": {"reference": "Patient/lena"},
        "performedPeriod": {"start": "2026-01-20T08:00:00+01:00", "end": "2026-01-20T11:00:00+01:00"},
    }
    row = only(read(told), "doses")
    assert (row["given"], row["ended_at"]) == ("plasma_exchange", pd.Timestamp("2026-01-20T10:00:00Z"))
    assert reasons(read(told | {"code": concept(SNOMED, "80146002")})) == ["not_followed"]


def test_a_patient_is_known_by_the_id_and_half_a_birth_date_stays_half() -> None:
    row = only(read(patient()), "patients")
    assert (row["patient_id"], row["birth_date"], row["sex"]) == ("lena", "2017-05-02", "female")
    assert only(read(patient(birthDate="2017-05")), "patients")["birth_date"] == "2017-05"


def test_a_patient_merged_into_nobody_that_can_be_told_is_set_aside() -> None:
    link = [{"type": "replaced-by", "other": {"display": "the other record"}}]
    (aside,) = read(patient(link=link)).refused
    assert (aside.reason, aside.patient_id) == ("merged", "lena")
    assert "into which" in aside.sentence


@pytest.mark.parametrize(
    ("code", "context"),
    [
        (concept("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "M08.20"), "sJIA"),
        (concept("http://hl7.org/fhir/sid/icd-10-cm", "M06.1"), "AOSD"),
        (concept(SNOMED, "55464009"), "SLE"),
        (concept("http://hl7.org/fhir/sid/icd-10", "M30.3"), "Kawasaki"),
    ],
)
def test_a_confirmed_diagnosis_is_the_context(code: Node, context: str) -> None:
    assert only(read(condition(code)), "patients")["context"] == context


def test_a_doubted_past_or_other_diagnosis_is_no_context() -> None:
    still = concept("http://hl7.org/fhir/sid/icd-10", "M06.1")
    suspected = {"url": "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit", "valueCoding": {"code": "V"}}
    doubted = {"coding": [still["coding"][0] | {"extension": [suspected]}]}
    for told in (
        condition(still, verificationStatus={"coding": [{"code": "refuted"}]}),
        condition(still, clinicalStatus={"coding": [{"code": "resolved"}]}),
        condition(doubted),
        condition(concept(SNOMED, "38341003")),
    ):
        assert reasons(read(told)) == ["not_followed"]


def test_a_stay_says_ward_bed_and_admission_and_the_newest_is_told_last() -> None:
    places = [
        {"location": {"display": "K3"}, "physicalType": {"coding": [{"code": "wa"}]}},
        {"location": {"display": "12"}, "physicalType": {"coding": [{"code": "bd"}]}, "status": "active"},
        {"location": {"display": "Recovery"}, "status": "completed"},
    ]
    new = stay("e2", "2026-01-18T10:00:00+01:00", location=places)
    ended = {"start": "2025-03-01T10:00:00+01:00", "end": "2025-03-04T10:00:00+01:00"}
    frame = read(new, stay("e1", ended["start"], status="finished", period=ended)).facts["patients"]
    assert frame["ward"].tolist() == ["", "K3"]
    assert frame["bed"].tolist() == ["", "12"]
    assert frame["discharged_at"].notna().tolist() == [True, False]


def test_leaving_one_department_is_no_discharge() -> None:
    part = stay("e", "2026-01-18T10:00:00+01:00", status="finished", partOf={"reference": "Encounter/whole"})
    assert reasons(read(part)) == ["not_followed"]
    assert reasons(read(stay("e", "2026-01-18T10:00:00+01:00", **{"class": {"code": "AMB"}}))) == ["not_followed"]
