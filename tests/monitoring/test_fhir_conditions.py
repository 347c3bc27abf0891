"""An enlarged spleen or liver that a server tells as a Condition is a finding; what it takes back no longer counts."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from storage import queries
from storage.versions import current
from tests.monitoring.fhir_fixture import Node, bundle, only, read, reasons
from tests.monitoring.intake_fixture import site
from tests.monitoring.test_fhir_given_and_people import SNOMED, concept, condition

SJIA = concept("http://hl7.org/fhir/sid/icd-10", "M08.2")
SPLEEN = concept(SNOMED, "16294009", "Splenomegaly")
BEGUN, OVER = "2026-01-19T08:00:00Z", "2026-01-24T08:00:00Z"


def coded(name: str, word: str) -> Node:
    return {name: {"coding": [{"code": word}]}}


def enlarged(code: Node = SPLEEN, **fields: object) -> Node:
    return condition(code, onsetDateTime=BEGUN, **fields)


def told(*nodes: Node) -> list[tuple[str, str, str]]:
    """finding, value and status of each row, in order."""
    rows = read(*nodes).facts["findings"]
    return list(rows[["finding", "value", "status"]].itertuples(index=False, name=None))


def test_an_enlarged_spleen_is_a_finding_from_its_onset() -> None:
    row = only(read(enlarged()), "findings")
    assert (row["patient_id"], row["finding"], row["value"], row["source_id"]) == ("lena", "splenomegaly", "yes", "c")
    assert row["observed_at"] == pd.Timestamp(BEGUN)


@pytest.mark.parametrize(
    ("code", "findings"),
    [
        (concept(SNOMED, "80515008"), ["hepatomegaly"]),
        (concept("http://hl7.org/fhir/sid/icd-10", "R16.2"), ["splenomegaly", "hepatomegaly"]),
    ],
)
def test_an_enlarged_liver_and_both_together(code: Node, findings: list[str]) -> None:
    assert [finding for finding, _, _ in told(enlarged(code))] == findings


def test_an_onset_without_its_time_of_day_gives_way_to_when_it_was_written_down() -> None:
    row = only(read(condition(SPLEEN, onsetDateTime="2026-01", recordedDate=OVER)), "findings")
    assert row["observed_at"] == pd.Timestamp(OVER)


def test_what_is_resolved_is_no_longer_there_from_its_end_and_is_the_same_finding() -> None:
    here = enlarged(meta={"versionId": "1"}, **coded("clinicalStatus", "active"))
    gone = enlarged(abatementDateTime=OVER, meta={"versionId": "2"}, **coded("clinicalStatus", "resolved"))
    rows = read(bundle(gone, here)).facts["findings"]
    assert list(rows["value"]) == ["yes", "no"]
    assert rows["observed_at"].iloc[1] == pd.Timestamp(OVER)
    assert rows["ref"].nunique() == 1


@pytest.mark.parametrize("word", ["entered-in-error", "refuted"])
def test_what_was_entered_in_error_or_refuted_later_is_taken_back(word: str) -> None:
    later = enlarged(meta={"versionId": "2"}, **coded("verificationStatus", word))
    assert told(later) == [("splenomegaly", "", "entered-in-error")]


def test_what_no_longer_says_that_it_is_there_is_taken_back_and_not_taken_for_a_small_spleen() -> None:
    later = enlarged(meta={"versionId": "3"}, **coded("clinicalStatus", "inactive"))
    assert told(later) == [("splenomegaly", "", "entered-in-error")]


def restated(*nodes: Node) -> list[tuple[str, frozenset[str]]]:
    return [(one.name, one.still | one.contexts) for one in read(*nodes).restated]


def test_a_version_that_may_not_be_the_first_says_what_its_id_still_stands_for() -> None:
    other = concept(SNOMED, "74400008", "Appendicitis")
    assert restated(enlarged(meta={"versionId": "1"})) == []
    assert restated(enlarged()) == [("c", frozenset({"splenomegaly"}))]
    assert restated(enlarged(other, meta={"versionId": "2"})) == [("c", frozenset())]
    assert restated(enlarged(other, subject=None, meta={"versionId": "2"})) == [("c", frozenset())]
    assert restated(enlarged(subject=None, meta={"versionId": "2"})) == []  # of whom it says so is not known
    assert restated(enlarged(SJIA)) == [("c", frozenset({"sJIA"}))]
    assert restated(enlarged(SJIA, **coded("clinicalStatus", "resolved"))) == [("c", frozenset())]


def version(number: int, code: Node) -> Node:
    meta = {"versionId": str(number), "lastUpdated": f"2026-01-2{number}T08:00:00Z"}
    return enlarged(code, meta=meta, **coded("verificationStatus", "confirmed"))


def test_of_versions_in_one_file_the_newest_says_what_stands(tmp_path: Path) -> None:
    liver = concept(SNOMED, "80515008")
    with site(tmp_path) as here:
        here.takes(json.dumps(bundle(version(3, SPLEEN), version(2, liver), version(1, liver))), "c.json")
        seen = current(queries.findings(here.store, as_of=here.now))
    assert seen["finding"].tolist() == ["splenomegaly"]


def test_of_versions_of_a_context_in_one_file_the_newest_says_what_stands(tmp_path: Path) -> None:
    still = concept("http://hl7.org/fhir/sid/icd-10", "M06.1")
    with site(tmp_path) as here:
        here.takes(json.dumps(bundle(version(2, still), version(1, SJIA))), "c.json")
        assert queries.patients(here.store, as_of=here.now)["context"].tolist() == ["AOSD"]
        here.takes(json.dumps(bundle(version(3, SPLEEN), version(2, still), version(1, SJIA))), "d.json")
        assert queries.patients(here.store, as_of=here.now)["context"].tolist() == [""]
        here.takes(json.dumps(bundle(version(1, SJIA))), "e.json")  # written before what stands
        assert queries.patients(here.store, as_of=here.now)["context"].tolist() == [""]


def test_what_was_never_sure_is_set_aside() -> None:
    assert reasons(read(enlarged(**coded("verificationStatus", "provisional")))) == ["not_followed"]
    assert reasons(read(condition(SPLEEN))) == ["no_time"]
