"""Whom a feed speaks of: numbers of several hospitals, a server's own ids, and results that wait for their patient."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitoring.settings import SourceSettings
from storage import queries
from tests.monitoring.fhir_fixture import Node, administration, bundle, observation, quantity
from tests.monitoring.hl7_fixture import OBR, result
from tests.monitoring.intake_fixture import Site, balanced, lab, site

MRN = "urn:oid:1.2.3"
REFERENCE = {"reference": "Patient/f1"}


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    """The source "lis" knows its patients by the record number, "plain" by its own ids."""
    with site(tmp_path) as opened:
        named = [SourceSettings(name=name, kind="fhir") for name in ("lis", "plain")]
        named[0] = named[0].model_copy(update={"identifier_system": MRN})
        yield replace(opened, settings=opened.settings.model_copy(update={"source": tuple(named)}))


def person(name: str = "f1", number: str = "P100", system: str = MRN, **fields: Any) -> Node:
    told = {"identifier": [{"system": system, "value": number}]} if number else {}
    return {"resourceType": "Patient", "id": name, "gender": "female", "birthDate": "2015-03-04"} | told | fields


def result_of(value: int, name: str = "o1", **fields: Any) -> Node:
    return observation(name, subject=REFERENCE, valueQuantity=quantity(value)) | fields


def takes(ward: Site, *nodes: Node, source: str = "lis") -> dict[str, int]:
    counts = ward.takes(json.dumps(bundle(*nodes)), f"page-{ward.runs}.json", source)
    assert balanced(counts)
    return counts


def values(ward: Site) -> list[tuple[str, float]]:
    return list(ward.labs()[["patient_id", "value"]].itertuples(index=False, name=None))


def known(ward: Site) -> list[str]:
    return queries.patients(ward.store, as_of=ward.now)["patient_id"].tolist()


def test_the_same_number_of_two_hospitals_is_two_patients(ward: Site) -> None:
    ward.takes(result("700"), "north.hl7")
    other = result("900", order=OBR.replace("LAB900", "LAB901")).replace("NORTH^MR", "SOUTH^MR")
    ward.takes(other, "south.hl7")
    assert values(ward) == [("P100", 700.0), ("P100@SOUTH", 900.0)]
    assert ward.takes(other, "again.hl7")["new"] == 0


def test_a_file_may_say_whose_its_numbers_are(ward: Site) -> None:
    ward.takes(result("700"), "north.hl7")
    ward.takes(lab("5", patient_id="P100", assigning_authority="SOUTH"))
    ward.takes(lab("6", patient_id="P100", assigning_authority="NORTH"))
    assert sorted(values(ward)) == [("P100", 6.0), ("P100", 700.0), ("P100@SOUTH", 5.0)]


def test_without_a_system_a_server_s_patients_are_known_by_its_ids(ward: Site) -> None:
    takes(ward, person(), result_of(812), source="plain")
    assert (values(ward), known(ward)) == ([("f1", 812.0)], ["f1"])


def test_with_a_system_a_server_s_patients_are_known_by_their_numbers(ward: Site) -> None:
    ward.takes(result("700").replace("NORTH^MR", f"{MRN}^MR"), "adt.hl7")
    takes(ward, result_of(812), person())
    assert sorted(values(ward)) == [("P100", 700.0), ("P100", 812.0)]
    assert (ward.reasons(), known(ward)) == ([], ["P100"])


def test_a_number_of_another_system_is_not_the_one(ward: Site) -> None:
    both = [{"system": "urn:ssn", "value": "P7"}, {"use": "old", "system": MRN, "value": "P1"}]
    takes(ward, person(identifier=[*both, {"system": MRN, "value": "P100"}]), result_of(812))
    assert values(ward) == [("P100", 812.0)]


def test_a_result_waits_for_its_patient_and_joins_when_the_patient_appears(ward: Site) -> None:
    first = takes(ward, result_of(812), result_of(900, "o2", status="corrected"), administration(subject=REFERENCE))
    assert (first["new"], first["set_aside"]) == (0, 3)
    assert ward.reasons() == ["unknown_patient"] * 3
    assert "waits for its patient" in ward.sentences()[0]
    assert known(ward) == []
    second = takes(ward, person())
    assert (second["new"], second["set_aside"]) == (4, 0)  # the patient, two results and a dose
    assert sorted(values(ward)) == [("P100", 812.0), ("P100", 900.0)]
    assert queries.doses(ward.store, as_of=ward.now)["patient_id"].tolist() == ["P100"]
    assert (ward.reasons(), known(ward)) == ([], ["P100"])
    assert ward.labs()["received_at"].min() > queries.set_aside(ward.store, open_only=False)["received_at"].max()


def test_only_what_waits_for_that_patient_joins(ward: Site) -> None:
    takes(ward, result_of(812), result_of(5, "o2", subject={"reference": "Patient/f2"}))
    takes(ward, person())
    assert (values(ward), ward.reasons()) == ([("P100", 812.0)], ["unknown_patient"])
    takes(ward, person("f2", "P200"))
    assert (sorted(values(ward)), ward.reasons()) == ([("P100", 812.0), ("P200", 5.0)], [])


def test_a_result_that_waited_and_is_sent_again_is_stored_once(ward: Site) -> None:
    for page in ([result_of(812)], [result_of(812)], [person()], [result_of(812), person()]):
        takes(ward, *page)
    assert (values(ward), ward.reasons()) == ([("P100", 812.0)], [])


def test_two_versions_that_waited_are_told_in_their_order(ward: Site) -> None:
    takes(ward, result_of(5100))
    takes(ward, result_of(51000, status="corrected"))
    takes(ward, person())
    told = ward.labs()
    assert told[["value", "version"]].to_numpy().tolist() == [[5100, 1], [51000, 2]]


def test_what_waited_and_cannot_be_used_says_so_then(ward: Site) -> None:
    takes(ward, result_of(812, code={"coding": [{"system": "urn:lab", "code": "XYZ"}]}))
    takes(ward, person())
    assert ward.reasons() == ["unknown_analyte"]


def test_a_result_waits_through_a_retry(ward: Site) -> None:
    takes(ward, result_of(812))
    assert balanced(ward.retries())
    assert ward.reasons() == ["unknown_patient"]


def test_a_logical_reference_needs_no_patient(ward: Site) -> None:
    takes(ward, result_of(812, subject={"identifier": {"system": MRN, "value": "P100"}}))
    assert values(ward) == [("P100", 812.0)]


def test_an_id_of_one_server_says_nothing_about_another_feed_s_numbers(ward: Site) -> None:
    ward.takes(lab("5", patient_id="f1"))
    takes(ward, person(), result_of(812))
    ward.takes(lab("6", patient_id="f1", collected_at="2026-01-07T06:00:00+01:00"))
    assert sorted(values(ward)) == [("P100", 812.0), ("f1", 5.0), ("f1", 6.0)]


def test_a_patient_without_a_number_is_known_by_the_server_s_id(ward: Site) -> None:
    takes(ward, person(number=""), result_of(812))
    assert values(ward) == [("f1@lis", 812.0)]
    takes(ward, person(), result_of(900, "o2"))
    assert sorted(values(ward)) == [("f1@lis", 812.0), ("f1@lis", 900.0)]


def test_a_number_that_changes_to_another_patient_s_is_for_a_person_to_judge(ward: Site) -> None:
    takes(ward, person("f2", "P200"), person())
    takes(ward, person(number="P200"))
    assert ward.reasons() == ["identity_conflict"]
    takes(ward, result_of(812))
    assert values(ward) == [("P100", 812.0)]


def test_a_birth_date_that_cannot_be_costs_no_result_its_patient(ward: Site) -> None:
    takes(ward, person(birthDate="2031-01-01"), result_of(812))
    assert values(ward) == [("P100", 812.0)]
    assert ward.reasons() == ["implausible"]


def test_joined_records_of_a_server_are_read_as_one(ward: Site) -> None:
    link = [{"type": "replaced-by", "other": {"reference": "Patient/f2"}}]
    takes(ward, person(), result_of(812))
    takes(ward, person(link=link, active=False))  # the other record is not known yet
    assert (values(ward), ward.reasons()) == ([("P100", 812.0)], ["unknown_patient"])
    takes(ward, person("f2", "P200"))
    assert (values(ward), known(ward), ward.reasons()) == ([("P200", 812.0)], ["P200"], [])


@pytest.mark.parametrize(
    ("name", "kind", "other"), [("f1", "replaced-by", "Patient/f2"), ("f2", "replaces", "Patient/f1")]
)
def test_either_record_may_say_that_it_was_joined(ward: Site, name: str, kind: str, other: str) -> None:
    takes(ward, person(), result_of(812), source="plain")
    takes(ward, person(name, link=[{"type": kind, "other": {"reference": other}}]), source="plain")
    assert values(ward) == [("f2", 812.0)]
