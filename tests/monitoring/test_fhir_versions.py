"""Versions of a resource that come in any order: the one that the server wrote last stands."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage import queries
from storage.versions import current
from tests.monitoring.fhir_fixture import Node, administration, observation, quantity
from tests.monitoring.intake_fixture import Site, site
from tests.monitoring.test_fhir_conditions import SPLEEN, coded, enlarged
from tests.monitoring.test_fhir_given_and_people import SNOMED, concept


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as opened:
        yield opened


def version(number: int, hour: int, **fields: Any) -> dict[str, Any]:
    meta = {"versionId": str(number), "lastUpdated": f"2026-01-20T{hour:02d}:00:00Z"}
    return observation(valueQuantity=quantity(800 + number), meta=meta, **fields)


def takes(ward: Site, *resources: dict[str, Any]) -> tuple[int, int, int]:
    told = ward.takes("\n".join(json.dumps(one) for one in resources), "page.ndjson", "lis")
    return told["new"], told["unchanged"], told["corrected"]


def standing(ward: Site) -> tuple[float, str]:
    last = ward.labs().sort_values("version").iloc[-1]
    return last["value"], last["status"]


def test_an_older_version_that_arrives_later_corrects_nothing(ward: Site) -> None:
    assert takes(ward, version(2, 9, status="corrected")) == (1, 0, 0)
    assert takes(ward, version(1, 7)) == (0, 1, 0)
    assert standing(ward) == (802.0, "corrected")
    assert takes(ward, version(3, 11, status="corrected")) == (0, 0, 1)
    assert standing(ward) == (803.0, "corrected")


def test_an_older_version_never_brings_back_what_was_withdrawn(ward: Site) -> None:
    takes(ward, version(2, 9, status="entered-in-error"))
    takes(ward, version(1, 7))
    assert standing(ward)[1] == "entered-in-error"


def test_without_the_moment_of_writing_the_order_of_arrival_counts(ward: Site) -> None:
    takes(ward, observation(valueQuantity=quantity(802)))
    assert takes(ward, observation(valueQuantity=quantity(801))) == (0, 0, 1)
    assert standing(ward)[0] == 801.0


def test_two_versions_of_one_moment_both_count(ward: Site) -> None:
    takes(ward, version(1, 7))
    assert takes(ward, version(2, 7)) == (0, 0, 1)


def test_an_older_version_of_a_dose_that_arrives_later_corrects_nothing(ward: Site) -> None:
    later = administration(meta={"versionId": "2", "lastUpdated": "2026-01-20T09:00:00Z"}, status="entered-in-error")
    earlier = administration(meta={"versionId": "1", "lastUpdated": "2026-01-20T08:00:00Z"})
    assert takes(ward, later) == (1, 0, 0)
    assert takes(ward, earlier) == (0, 1, 0)
    doses = queries.doses(ward.store, as_of=datetime(2026, 3, 1, tzinfo=UTC))
    assert doses["status"].tolist() == ["entered-in-error"]


APPENDICITIS = concept(SNOMED, "74400008", "Appendicitis")


def diagnosis(number: int, code: Node = SPLEEN, word: str = "active") -> dict[str, Any]:
    meta = {"versionId": str(number), "lastUpdated": f"2026-01-2{number}T08:00:00Z"}
    return enlarged(code, meta=meta, **coded("clinicalStatus", word))


def spleen(ward: Site) -> list[str]:
    return current(queries.findings(ward.store, as_of=datetime(2026, 3, 1, tzinfo=UTC)))["value"].tolist()


def test_an_older_version_of_a_diagnosis_that_arrives_later_corrects_nothing(ward: Site) -> None:
    takes(ward, diagnosis(3, word="resolved") | {"abatementDateTime": "2026-01-22T08:00:00Z"})
    assert spleen(ward) == ["no"]
    assert takes(ward, diagnosis(2)) == (0, 1, 0)
    assert spleen(ward) == ["no"]


def test_an_older_version_of_a_diagnosis_never_brings_back_what_was_coded_anew(ward: Site) -> None:
    takes(ward, diagnosis(1))
    takes(ward, diagnosis(3, APPENDICITIS))
    assert spleen(ward) == []
    takes(ward, diagnosis(2))
    assert spleen(ward) == []


def test_an_older_version_that_meant_another_diagnosis_takes_nothing_back(ward: Site) -> None:
    takes(ward, diagnosis(3))
    takes(ward, diagnosis(2, APPENDICITIS))
    assert spleen(ward) == ["yes"]
