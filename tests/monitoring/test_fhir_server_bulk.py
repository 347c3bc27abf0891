"""Bulk export: begun, waited for, fetched part by part, and gone on with by whoever comes next."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.errors import SettingsError
from monitoring.fhir_server import bulk
from monitoring.fhir_server.polling import open_server
from monitoring.fhir_server.trying import try_server
from monitoring.settings import SourceSettings
from storage import deliveries, queries
from storage.versions import current
from tests.monitoring.export_server_fixture import ExportServer, exporting
from tests.monitoring.fhir_feed import NOW, Feed, feeding, ferritin, person
from tests.monitoring.fhir_fixture import administration
from tests.monitoring.intake_fixture import catalog

NOTHING = {"read": 0, "new": 0, "unchanged": 0, "corrected": 0, "set_aside": 0}


@pytest.fixture
def server() -> Iterator[ExportServer]:
    with exporting() as running:
        for number in range(5):
            running.put(ferritin(f"f{number}", 800 + number))
        running.put(person())
        yield running


@pytest.fixture
def feed(tmp_path: Path, server: ExportServer) -> Iterator[Feed]:
    with feeding(tmp_path, server, bulk=True) as opened:  # type: ignore[arg-type]
        yield opened


def jobs(server: ExportServer) -> list[str]:
    return [one for one in server.asked if one.endswith("$export")]


def test_the_first_export_takes_everything_and_the_next_asks_only_for_what_is_new(
    server: ExportServer, feed: Feed
) -> None:
    assert feed.poll().counts == NOTHING | {"read": 6, "new": 6}
    assert (jobs(server), server.preferred) == (["GET /fhir/$export"], ["respond-async"])
    assert feed.marks["export:since"] == "2026-03-02T06:00:06+00:00"
    assert server.asked[-1] == "DELETE /fhir/jobs/job1"
    kept = deliveries.listed(feed.store).sort_values("name")["name"]
    assert kept.str.split(" export ").str[0].tolist() == ["Observation", "Patient"]
    server.put(ferritin("f5", 900))
    feed.again()
    assert feed.poll().counts == NOTHING | {"read": 1, "new": 1}
    assert feed.poll().counts == NOTHING


def test_a_job_that_is_not_ready_is_left_for_the_next_poll(server: ExportServer, feed: Feed) -> None:
    server.working = 10**6
    feed.source.patience = feed.source.patience.__class__(attempts=1, first_seconds=0.01, asked_seconds=-1.0)
    assert feed.poll().counts == NOTHING
    assert feed.marks["export:job"].endswith("/jobs/job1")
    feed.again()
    server.left["job1"] = 0
    assert feed.poll().counts["new"] == 6
    assert len(jobs(server)) == 1


def test_a_file_that_breaks_off_is_fetched_again_by_the_next_poll(server: ExportServer, feed: Feed) -> None:
    server.breaks = 1
    assert "broke off its answer to the exported Observation" in feed.tried().error
    assert "export:since" not in feed.marks
    assert feed.poll().counts["new"] >= 1
    assert (feed.names, len(jobs(server))) == ({f"f{number}" for number in range(5)}, 1)


def test_a_job_that_the_server_has_forgotten_is_begun_anew(server: ExportServer, feed: Feed) -> None:
    feed.source.acquaint(feed.store, feed.site.catalog)
    feed.source.put({"export:job": f"{server.url}/jobs/gone"}, feed.clock.now)
    assert "404 Not Found" in feed.tried().error
    assert feed.poll().counts["new"] == 6


def test_large_files_are_read_in_parts_and_medications_by_what_stands_in_another_file(
    server: ExportServer, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PART_BYTES", 50_000)
    named = {"resourceType": "Medication", "id": "m1", "code": {"text": "anakinra"}}
    told = {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/m1"}}
    server.put(administration("d1", effectiveDateTime="2026-03-02T05:00:00Z", **told))
    server.put(named)
    for number in range(300):
        server.put(ferritin(f"g{number}", 800))
    assert feed.poll().counts == NOTHING | {"read": 307, "new": 307}
    assert queries.doses(feed.store, as_of=feed.clock.now)["given"].tolist() == ["anakinra"]
    kept = deliveries.listed(feed.store)["name"]
    assert kept.str.startswith("Observation export").sum() > 1


def test_what_the_export_says_was_deleted_no_longer_counts(server: ExportServer, feed: Feed) -> None:
    feed.poll()
    server.deleted.append("Observation/f1")
    assert feed.poll().counts == NOTHING | {"read": 1, "corrected": 1}
    assert set(current(feed.labs)["source_id"]) == {"f0", "f2", "f3", "f4"}
    assert feed.poll().counts == NOTHING


def test_a_group_is_exported_as_such(tmp_path: Path, server: ExportServer) -> None:
    with feeding(tmp_path, server, bulk=True, group="ward-3") as feed:  # type: ignore[arg-type]
        feed.poll()
        assert jobs(server) == ["GET /fhir/Group/ward-3/$export"]


def test_a_first_look_begins_no_export(server: ExportServer) -> None:
    told = SourceSettings(name="lab", kind="fhir", url=server.url, bulk=True, group="ward-3")
    assert try_server(told, catalog(), NOW, {})[1:] == [
        "What is new comes by a bulk export of the group ward-3; none was begun for this look."
    ]
    assert not jobs(server)


def test_an_export_of_chosen_patients_is_refused_in_one_sentence() -> None:
    told = SourceSettings(name="lab", kind="fhir", url="http://host/fhir", bulk=True, patients=("lena",))
    with pytest.raises(SettingsError, match="a bulk export is of a group or of everybody"):
        open_server(told)
