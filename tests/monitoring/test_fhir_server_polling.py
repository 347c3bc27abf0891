"""Polling a FHIR server: everything once, then only what is new, and nothing passed over at the edge of a page."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import deliveries, queries
from tests.monitoring.fhir_feed import NOW, Feed, feeding, ferritin, person
from tests.monitoring.fhir_server_fixture import START, Asked, Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def feed(tmp_path: Path, server: Server) -> Iterator[Feed]:
    with feeding(tmp_path, server, page_size=3) as opened:
        yield opened


def test_the_first_poll_takes_everything_and_the_second_adds_nothing_and_stores_no_page(
    server: Server, feed: Feed
) -> None:
    server.put(person())
    for number in range(8):
        server.put(ferritin(f"f{number}", 800 + number))
    first = feed.poll()
    assert (first.counts["new"], first.counts["set_aside"]) == (1 + 8, 0)
    kept = len(deliveries.listed(feed.store))
    assert kept == 1 + 1  # the patient, and eight results on three small pages that were kept together
    second = feed.poll()
    assert second.counts == dict.fromkeys(second.counts, 0)
    assert len(deliveries.listed(feed.store)) == kept


def test_another_process_goes_on_where_the_last_one_stood(server: Server, feed: Feed) -> None:
    server.put(person())
    server.put(ferritin("f1"), seconds=3600)
    server.put(ferritin("f2"))
    feed.poll()
    feed.again()
    server.asked.clear()
    told = feed.poll()
    # within the overlap lies f2, and who it belongs to is asked once by every process
    assert (told.counts["new"], told.counts["corrected"], told.counts["unchanged"]) == (0, 0, 2)
    asked = server.asked_for("Observation")
    # f2 was written at 07:00:02, and the overlap is ten minutes
    assert {one.params["_lastUpdated"] for one in asked} == {"ge2026-03-02T06:50:01Z"}
    assert {one.params["_sort"] for one in asked} == {"_lastUpdated"}


def test_the_watermark_is_the_servers_clock_whatever_ours_says(server: Server, feed: Feed) -> None:
    server.put(person())
    server.put(ferritin("f1"))
    feed.clock.now = NOW + timedelta(days=9)  # ours runs nine days ahead
    feed.poll()
    assert feed.marks["watermark:Observation"] == "2026-03-02T06:00:01+00:00"
    server.put(ferritin("f2"))
    feed.poll()
    assert feed.names == {"f1", "f2"}


def test_a_clock_of_ours_that_is_behind_loses_nothing(server: Server, feed: Feed) -> None:
    feed.clock.now = START - timedelta(hours=5)
    server.put(person())
    server.put(ferritin("f1", effectiveDateTime="2026-03-01T05:30:00Z"))
    feed.poll()
    server.put(ferritin("f2", effectiveDateTime="2026-03-01T06:30:00Z"))
    feed.poll()
    assert feed.names == {"f1", "f2"}


def test_an_update_becomes_a_version_and_an_error_takes_it_back(server: Server, feed: Feed) -> None:
    server.put(person())
    server.put(ferritin("f1", 812))
    feed.poll()
    server.put(ferritin("f1", 8120, status="corrected"))
    told = feed.poll()
    assert (told.counts["new"], told.counts["corrected"]) == (0, 1)
    assert feed.labs.sort_values("version")["value"].tolist() == [812.0, 8120.0]
    server.put(ferritin("f1", 8120, status="entered-in-error"))
    assert feed.poll().counts["corrected"] == 1
    last = feed.labs.sort_values("version").iloc[-1]
    assert (last["version"], last["status"]) == (3, "entered-in-error")


def test_equal_moments_at_the_edge_of_a_page_lose_nothing(server: Server, feed: Feed) -> None:
    server.put(person())
    for number in range(7):
        server.put(ferritin(f"f{number}"), seconds=0)
    feed.poll()
    assert feed.names == {f"f{number}" for number in range(7)}
    server.put(ferritin("late"), seconds=0)  # written in the same millisecond as all the others
    assert feed.poll().counts["new"] == 1
    assert "late" in feed.names


def test_what_moves_up_while_the_pages_are_turned_is_not_passed_over(server: Server, feed: Feed) -> None:
    server.page = "live"
    server.put(person())
    for number in range(9):
        server.put(ferritin(f"f{number}"))
    server.at += timedelta(hours=1)

    def corrected_meanwhile(asked: Asked) -> None:
        if asked.params.get("_kind") == "Observation" and len(server.versions["Observation", "f0"]) == 1:
            server.put(ferritin("f0", 900, status="corrected"))  # f3 now stands where f2 stood, on the page before

    server.before = corrected_meanwhile
    feed.poll()
    assert feed.names == {f"f{number}" for number in range(9)}


def test_what_is_written_between_two_searches_of_one_poll_is_not_passed_over(server: Server, feed: Feed) -> None:
    server.put(person())
    server.put(ferritin("f1"))
    local = {"coding": [{"system": "http://lab", "code": "FERR9"}]}

    def meanwhile(asked: Asked) -> None:
        if "code" in asked.params and ("Observation", "late") not in server.versions:
            server.put(ferritin("late", code=local), seconds=3600)  # only the search by category would have found it
            server.put(ferritin("later", category=None))

    server.before = meanwhile
    feed.poll()
    assert feed.names == {"f1", "later"}
    assert feed.poll().counts["set_aside"] == 1  # here it is; its code is not mapped


def test_a_next_link_that_has_expired_begins_the_search_anew(server: Server, feed: Feed) -> None:
    server.put(person())
    for number in range(7):
        server.put(ferritin(f"f{number}"))
    left = [1]

    def forget(asked: Asked) -> None:
        if asked.params.get("_kind") == "Observation" and left and left.pop():
            server.expire()

    server.before = forget
    feed.poll()
    assert feed.names == {f"f{number}" for number in range(7)}


def test_results_without_a_category_are_found_by_their_code(server: Server, feed: Feed) -> None:
    server.put(person())
    server.put(ferritin("with"))
    server.put(ferritin("without", category=None))
    assert feed.poll().counts["new"] == 3
    assert feed.names == {"with", "without"}


def test_a_server_without_category_is_asked_for_all_results(server: Server, feed: Feed) -> None:
    server.offers["Observation"] = ("_lastUpdated", "patient", "date")
    server.put(person())
    server.put(ferritin("without", category=None))
    feed.poll()
    assert feed.names == {"without"}
    assert not any({"category", "code"} & set(one.params) for one in server.asked)


def test_a_server_without_last_updated_is_asked_by_the_clinical_time(server: Server, feed: Feed) -> None:
    server.offers = {"Observation": ("patient", "date", "category"), "Patient": ("_id",)}
    server.put(person())
    server.put(ferritin("f1"))
    server.put(ferritin("old", effectiveDateTime="2026-01-05T05:30:00Z"))
    assert feed.poll().counts["new"] == 2
    server.put(ferritin("f1", 900, status="corrected"))
    server.put(ferritin("f2"))
    told = feed.poll()
    assert (told.counts["new"], told.counts["corrected"]) == (1, 1)
    assert feed.names == {"f1", "f2"}
    asked = server.asked_for("Observation")
    assert not any("_lastUpdated" in one.params for one in server.asked)
    # the whole month first; then, at 12:30, the last three days
    assert [one.params["date"] for one in asked] == ["ge2026-01-31T12:15:00Z", "ge2026-02-27T12:30:00Z"]
    feed.clock.now += timedelta(days=1)
    feed.poll()
    assert server.asked_for("Observation")[-1].params["date"] == "ge2026-02-01T12:45:00Z"


def test_a_server_that_lists_no_parameters_and_refuses_last_updated_is_asked_by_time(
    server: Server, feed: Feed
) -> None:
    server.offers = {"Observation": None, "Patient": None}
    server.fail(400, lambda asked: "_lastUpdated" in asked.params, left=99)
    server.put(person())
    server.put(ferritin("f1"))
    assert feed.poll().counts["new"] == 2


def test_what_a_server_does_not_offer_is_said_and_is_no_error(server: Server, feed: Feed) -> None:
    del server.offers["Procedure"]
    server.put(person())
    server.put(ferritin("f1"))
    feed.poll()
    assert feed.marks["left_out"] == "The server does not offer Procedure; nothing of that kind comes from there."
    assert feed.marks["server"] == "Small Server 1.2 (FHIR 4.0.1)"
    assert not server.asked_for("Procedure")


def test_patients_come_before_the_results_that_name_them(server: Server, feed: Feed) -> None:
    server.put(person("old-friend"))
    server.at += timedelta(days=-400)
    server.put(person("old-friend"))  # last written long before the days that a first poll reaches back
    server.at = START
    server.put(ferritin("f1", patient="old-friend"))
    feed.poll()
    [kept] = deliveries.listed(feed.store)["id"]
    [kept] = deliveries.delivery(feed.store, kept)
    told = [
        page["entry"][0]["resource"]["resourceType"] for page in map(json.loads, (kept.content or b"").splitlines())
    ]
    assert told == ["Patient", "Observation"]
    known = queries.patients(feed.store, as_of=feed.clock.now)
    assert known.set_index("patient_id").loc["old-friend", "sex"] == "female"
    server.asked.clear()
    server.put(ferritin("f2", patient="old-friend"))
    feed.poll()
    assert not [one for one in server.asked_for("Patient") if "_id" in one.params]


def test_a_specimen_and_a_medication_that_only_stand_elsewhere_are_fetched(server: Server, feed: Feed) -> None:
    server.put(person())
    kind = {"coding": [{"code": "119364003", "system": "http://snomed.info/sct", "display": "Serum"}], "text": "Serum"}
    server.put({"resourceType": "Specimen", "id": "s1", "type": kind})
    server.put({"resourceType": "Medication", "id": "m1", "code": {"text": "anakinra"}})
    server.put(ferritin("f1", specimen={"reference": "Specimen/s1"}))
    given = {
        "resourceType": "MedicationAdministration", "id": "a1", "status": "completed",
        "medicationReference": {"reference": f"{server.url}/Medication/m1"}, "subject": {"reference": "Patient/lena"},
        "effectiveDateTime": "2026-03-02T05:00:00Z", "dosage": {"dose": {"value": 100, "unit": "mg"}},
    }  # fmt: skip
    server.put(given)
    told = feed.poll()
    assert told.counts["set_aside"] == 0
    assert feed.labs["specimen"].tolist() == ["serum"]
    assert queries.doses(feed.store, as_of=feed.clock.now)["given"].tolist() == ["anakinra"]


def test_a_next_link_written_with_another_host_is_asked_of_ours(server: Server, feed: Feed) -> None:
    server.written_as = "http://fhir.internal:8080/fhir"
    server.put(person())
    for number in range(5):
        server.put(ferritin(f"f{number}"))
    feed.poll()
    assert feed.names == {f"f{number}" for number in range(5)}


def test_a_source_is_due_again_after_its_minutes(server: Server, feed: Feed) -> None:
    assert feed.source.due(NOW)
    feed.poll()
    polled = NOW + timedelta(minutes=15)
    assert not feed.source.due(polled + timedelta(minutes=14))
    assert feed.source.due(polled + timedelta(minutes=15))
    assert datetime.fromisoformat(feed.marks["heard"]) == polled.astimezone(UTC)
