"""What is deleted on a server stands in no search any more; its history says so, and here it no longer counts."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from storage import deliveries, queries
from storage.versions import current
from tests.monitoring.fhir_feed import Feed, feeding, ferritin, person
from tests.monitoring.fhir_fixture import administration, quantity
from tests.monitoring.fhir_server_fixture import Resource, Server, serving
from tests.monitoring.test_fhir_conditions import coded, enlarged
from tests.monitoring.test_fhir_given_and_people import SNOMED, concept

HISTORIES = ("Observation", "MedicationAdministration", "Condition")
PART = {"code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]}, "valueQuantity": quantity(50, "mg/L")}
NOTHING = {"read": 0, "new": 0, "unchanged": 0, "corrected": 0, "set_aside": 0}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(histories=HISTORIES) as running:
        running.put(person())
        yield running


@pytest.fixture
def feed(tmp_path: Path, server: Server) -> Iterator[Feed]:
    with feeding(tmp_path, server) as opened:
        yield opened


def later(feed: Feed) -> dict[str, int]:
    """The next poll, an hour on: a history is asked for once an hour."""
    feed.clock.now += timedelta(hours=1)
    return feed.poll().counts


def values(feed: Feed) -> list[tuple[str, float]]:
    labs = current(feed.labs)
    return sorted(zip(labs["source_id"], labs["value"], strict=True))


def test_a_result_that_was_deleted_is_withdrawn_with_its_parts_and_says_so(server: Server, feed: Feed) -> None:
    server.put(ferritin("f1", 812, component=[PART]))
    server.put(ferritin("f2", 900))
    feed.poll()
    server.delete("Observation", "f1")
    assert later(feed)["corrected"] == 2  # ferritin and the CRP beside it
    assert values(feed) == [("f2", 900.0)]
    gone = feed.labs[feed.labs["status"].eq("entered-in-error")]
    assert sorted(gone["source_id"]) == ["f1", "f1#1988-5"]
    assert gone["origin"].str.endswith("deleted on the server").all()
    assert later(feed) == NOTHING  # said again within the overlap


def test_a_dose_that_was_deleted_no_longer_counts(server: Server, feed: Feed) -> None:
    server.put(administration("d1", effectiveDateTime="2026-03-02T05:00:00Z"))
    feed.poll()
    server.delete("MedicationAdministration", "d1")
    later(feed)
    doses = queries.doses(feed.store, as_of=feed.clock.now)
    assert doses.sort_values("version")["status"].tolist() == ["completed", "entered-in-error"]


def spleen(name: str = "c1") -> Resource:
    return enlarged(id=name, **coded("verificationStatus", "confirmed"))


def seen(feed: Feed) -> list[tuple[str, str]]:
    """Finding and value of what stands now."""
    rows = current(queries.findings(feed.store, as_of=feed.clock.now))
    return list(rows[["finding", "value"]].itertuples(index=False, name=None))


def test_an_enlarged_spleen_whose_condition_was_deleted_is_no_finding_and_one_told_anew_is(
    server: Server, feed: Feed
) -> None:
    server.put(spleen())
    feed.poll()
    assert seen(feed) == [("splenomegaly", "yes")]
    server.delete("Condition", "c1")
    assert later(feed)["corrected"] == 1
    assert seen(feed) == []
    del server.deleted["Condition", "c1"]
    server.put(spleen())
    later(feed)
    assert seen(feed) == [("splenomegaly", "yes")]


@pytest.mark.parametrize("left", [{"code": None}, {"subject": None}, {"code": None, "subject": None}])
def test_a_condition_entered_in_error_takes_its_finding_back_also_where_it_lost_its_code_or_patient(
    server: Server, feed: Feed, left: Resource
) -> None:
    server.put(spleen())
    feed.poll()
    server.put(enlarged(id="c1", **left, **coded("verificationStatus", "entered-in-error")))
    told = later(feed)
    assert (told["corrected"], told["set_aside"], seen(feed)) == (1, 0, [])


def recoded(code: Resource, **fields: object) -> Resource:
    return enlarged(code, id="c1", **coded("verificationStatus", "confirmed"), **fields)


@pytest.mark.parametrize(
    ("code", "stands"),
    [
        (concept(SNOMED, "74400008", "Appendicitis"), []),
        (concept(SNOMED, "80515008", "Hepatomegaly"), [("hepatomegaly", "yes")]),
        (concept("http://hl7.org/fhir/sid/icd-10", "R16.2"), [("hepatomegaly", "yes"), ("splenomegaly", "yes")]),
    ],
)
def test_a_condition_that_means_another_diagnosis_now_takes_back_what_it_said_before(
    server: Server, feed: Feed, code: Resource, stands: list[tuple[str, str]]
) -> None:
    server.put(spleen())
    feed.poll()
    server.put(recoded(code))
    later(feed)
    assert sorted(seen(feed)) == stands
    assert later(feed)["corrected"] == 0
    server.put(spleen())
    later(feed)
    assert seen(feed) == [("splenomegaly", "yes")]


SJIA = concept("http://hl7.org/fhir/sid/icd-10", "M08.2", "Juvenile rheumatoid arthritis with systemic onset")


def told_sjia(server: Server, feed: Feed) -> None:
    server.put(recoded(SJIA))
    feed.poll()
    assert contexts(feed) == ["sJIA"]


def contexts(feed: Feed, *, hours_ago: float = 0) -> list[str]:
    """Of the one patient, as known so long ago."""
    return queries.patients(feed.store, as_of=feed.clock.now - timedelta(hours=hours_ago))["context"].tolist()


@pytest.mark.parametrize(
    "anew",
    [
        recoded(concept(SNOMED, "74400008", "Appendicitis")),
        recoded(SJIA, **coded("clinicalStatus", "resolved")),
        recoded(SJIA) | coded("verificationStatus", "refuted"),
        recoded(SJIA) | coded("verificationStatus", "entered-in-error"),
        recoded(SJIA, subject=None) | coded("verificationStatus", "entered-in-error"),
        recoded(SJIA) | coded("verificationStatus", "entered-in-error") | {"code": None},
    ],
    ids=["coded anew", "resolved", "refuted", "in error", "in error and nobody's", "in error and without a code"],
)
def test_a_condition_that_no_longer_tells_the_context_takes_it_back_and_it_was_known_before(
    server: Server, feed: Feed, anew: Resource
) -> None:
    told_sjia(server, feed)
    server.put(anew)
    assert later(feed)["corrected"] == 1
    assert (contexts(feed), contexts(feed, hours_ago=1)) == ([""], ["sJIA"])
    assert later(feed)["corrected"] == 0  # said again within the overlap
    server.put(recoded(SJIA))
    later(feed)
    assert contexts(feed) == ["sJIA"]


def test_a_context_whose_condition_was_deleted_no_longer_stands(server: Server, feed: Feed) -> None:
    told_sjia(server, feed)
    server.delete("Condition", "c1")
    assert later(feed)["corrected"] == 1
    assert contexts(feed) == [""]


def test_a_context_that_means_another_one_now_is_the_other(server: Server, feed: Feed) -> None:
    told_sjia(server, feed)
    server.put(recoded(concept("http://hl7.org/fhir/sid/icd-10", "M06.1")))
    later(feed)
    assert contexts(feed) == ["AOSD"]


def test_a_context_that_another_condition_tells_too_stays(server: Server, feed: Feed) -> None:
    told_sjia(server, feed)
    server.put(recoded(SJIA) | {"id": "c2"})
    later(feed)
    server.put(recoded(concept(SNOMED, "74400008", "Appendicitis")))
    later(feed)
    assert contexts(feed) == ["sJIA"]


def test_what_was_deleted_and_told_anew_between_two_polls_stands(server: Server, feed: Feed) -> None:
    server.put(spleen())
    feed.poll()
    server.delete("Condition", "c1")
    server.put(spleen())  # its history tells the deletion and, after it, this
    later(feed)
    assert seen(feed) == [("splenomegaly", "yes")]


def test_what_was_made_and_deleted_between_two_polls_and_what_never_was_here_says_nothing(
    server: Server, feed: Feed
) -> None:
    server.put(ferritin("f1"))
    feed.poll()
    kept = len(deliveries.listed(feed.store))
    server.put(ferritin("of-nobody", patient="nobody"))
    server.delete("Observation", "of-nobody")
    server.delete("Observation", "never-seen")
    assert later(feed) == NOTHING
    assert len(deliveries.listed(feed.store)) == kept  # nothing of the history was of ours


def test_what_is_written_anew_after_its_deletion_stands_again(server: Server, feed: Feed) -> None:
    server.put(ferritin("f1", 812))
    feed.poll()
    server.delete("Observation", "f1")
    later(feed)
    del server.deleted["Observation", "f1"]
    server.put(ferritin("f1", 700))
    later(feed)
    assert values(feed) == [("f1", 700.0)]


def test_a_history_that_is_refused_is_said_and_stops_nothing(server: Server, feed: Feed) -> None:
    server.put(ferritin("f1"))
    feed.poll()
    server.put(ferritin("f2"))
    server.fail(403, lambda asked: asked.path.endswith("_history"), left=9)
    assert later(feed)["new"] == 1
    assert "when asked for a search for Observation/_history" in feed.marks["left_out"]
