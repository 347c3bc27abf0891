"""Whom a FHIR source is asked about."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitoring.errors import SettingsError
from monitoring.settings import SourceSettings
from monitoring.sieve import OwnName
from monitoring.sources.fhir_server import open_source, tried
from storage.deliveries import listed
from tests.monitoring.fhir_feed import NOW, feeding, ferritin, person
from tests.monitoring.fhir_server_fixture import Resource, Server, serving
from tests.monitoring.intake_fixture import catalog

MRN = "https://hospital.example/mrn"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        for number, name in enumerate(("lena", "mia", "noah")):
            mrn = [{"system": MRN, "value": f"80{number}"}]
            running.put(person(name, identifier=mrn, managingOrganization={"reference": f"Organization/{name}"}))
            running.put(ferritin(f"of-{name}", patient=name))
        yield running


def stay(name: str, patient: str, start: str, end: str = "") -> Resource:
    period = {"start": start} | ({"end": end} if end else {})
    return {
        "resourceType": "Encounter", "id": name, "status": "finished" if end else "in-progress",
        "class": {"code": "IMP"}, "subject": {"reference": f"Patient/{patient}"}, "period": period,
        "location": [{"location": {"reference": "Location/ward-3"}}],
    }  # fmt: skip


def test_only_listed_patients_are_asked_for(tmp_path: Path, server: Server) -> None:
    with feeding(tmp_path, server, patients=("lena", "Patient/mia")) as feed:
        feed.poll()
        assert feed.names == {"of-lena", "of-mia"}
        assert {one.params["patient"] for one in server.asked_for("Observation")} == {"lena,mia"}


def test_listed_patients_may_be_named_by_the_hospitals_identifier(tmp_path: Path, server: Server) -> None:
    with feeding(tmp_path, server, patients=("800", "802"), identifier_system=MRN) as feed:
        feed.poll()
        assert feed.names == {"of-lena", "of-noah"}


def test_a_long_list_is_asked_for_in_several_requests(tmp_path: Path, server: Server) -> None:
    many = (*(f"p{number}" for number in range(90)), "lena")
    with feeding(tmp_path, server, patients=many) as feed:
        feed.poll()
        assert feed.names == {"of-lena"}
        lengths = {one.params["patient"].count(",") + 1 for one in server.asked_for("Observation")}
        assert lengths == {40, 11}  # 91 = 40 + 40 + 11


def test_a_server_that_answers_for_one_patient_at_a_time_is_asked_so(tmp_path: Path, server: Server) -> None:
    server.fail(400, lambda asked: "," in asked.params.get("patient", ""), left=99)
    with feeding(tmp_path, server, patients=("lena", "mia", "noah")) as feed:
        feed.poll()
        assert feed.names == {"of-lena", "of-mia", "of-noah"}
        server.asked.clear()
        server.put(ferritin("later", patient="mia"))
        feed.poll()
        assert "later" in feed.names
        asked = {one.params["patient"] for one in server.asked_for("Observation")}
        assert asked == {"lena", "mia", "noah"}  # from now on it is asked no other way


def test_the_members_of_a_group_are_followed(tmp_path: Path, server: Server) -> None:
    members = [
        {"entity": {"reference": "Patient/mia"}},
        {"entity": {"reference": "Patient/noah"}, "inactive": True},
        {"entity": {"reference": "Device/pump"}},
    ]
    server.put({"resourceType": "Group", "id": "study", "type": "person", "actual": True, "member": members})
    with feeding(tmp_path, server, group="study") as feed:
        feed.poll()
        assert feed.names == {"of-mia"}
        feed.again(group="nobody-knows")
        assert "404 Not Found (not-found) when asked for the Group of the source" in feed.tried().error


def test_who_lies_at_a_location_and_who_left_it_lately_is_followed(tmp_path: Path, server: Server) -> None:
    server.put(stay("e1", "lena", "2025-11-01T08:00:00Z"))
    server.put(stay("e2", "mia", "2026-02-10T08:00:00Z", "2026-02-20T08:00:00Z"))
    server.put(stay("e3", "noah", "2025-06-10T08:00:00Z", "2025-06-20T08:00:00Z"))
    with feeding(tmp_path, server, location="ward-3") as feed:
        feed.poll()
        assert feed.names == {"of-lena", "of-mia"}


def test_a_search_for_patients_is_asked_as_it_stands(tmp_path: Path, server: Server) -> None:
    with feeding(tmp_path, server, patient_query="Patient?organization=noah") as feed:
        feed.poll()
        assert feed.names == {"of-noah"}


def test_a_patient_who_comes_later_brings_the_earlier_results_along(tmp_path: Path, server: Server) -> None:
    with feeding(tmp_path, server, patients=("lena",)) as feed:
        server.at += timedelta(hours=3)
        server.put(ferritin("later-of-lena"))
        feed.poll()
        feed.again(patients=("lena", "noah"))
        feed.poll()
        assert feed.names == {"of-lena", "later-of-lena", "of-noah"}


def test_from_a_list_to_everybody_reads_the_others_as_for_the_first_time(tmp_path: Path, server: Server) -> None:
    with feeding(tmp_path, server, patients=("lena",)) as feed:
        server.at += timedelta(hours=3)
        server.put(ferritin("later-of-lena"))
        feed.poll()
        feed.again(patients=())
        feed.poll()
        assert feed.names == {"of-lena", "of-mia", "of-noah", "later-of-lena"}


def test_nobody_at_the_location_is_no_error_and_asks_for_nobody(tmp_path: Path, server: Server) -> None:
    with feeding(tmp_path, server, location="empty") as feed:
        feed.poll()
        assert feed.names == set()
        assert not server.asked_for("Observation")


def test_a_first_look_says_what_is_there_and_stores_nothing(tmp_path: Path, server: Server) -> None:
    unknown = {"coding": [{"system": "http://lab", "code": "FERR9"}], "text": "Ferritin 9"}
    server.put(ferritin("local", code=unknown))
    with feeding(tmp_path, server) as feed:
        said = tried(feed.source.told, catalog(), NOW, {})
        mapped = tried(feed.source.told, catalog(), NOW, {"http://lab|ferr9": OwnName("ferritin")})
        assert len(listed(feed.store)) == 0
    assert said == [
        f"Small Server 1.2 (FHIR 4.0.1) answers at {server.url}.",
        "What is deleted there of Observation, MedicationAdministration, Procedure, Condition stays here: the server "
        "offers no history of the type.",
        "3 patients are there, and all are followed.",
        "The newest of 3 results read was collected 2026-03-02 05:30 UTC: ferritin.",
        "Codes that are not in the catalog: http://lab|FERR9 (1).",
    ]
    assert mapped[3:] == ["The newest of 4 results read was collected 2026-03-02 05:30 UTC: ferritin."]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "a fhir source needs the url of a server, or the path of a folder"),
        ({"url": "host/fhir"}, "url is no web address"),
        ({"url": "ftp://host/fhir"}, "url is no web address"),
        ({"url": "https://me:secret@host/fhir"}, "url holds a user or password"),
        ({"url": "https://host/fhir", "patient_query": "everybody"}, "patient_query is no search"),
    ],
)
def test_settings_that_cannot_be_right_are_refused_in_one_sentence(told: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        open_source(SourceSettings(name="lab", kind="fhir", **told))
    assert "secret" not in str(caught.value)
