"""Versions of a resource that come in any order: the one that the server wrote last stands."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage import queries
from tests.monitoring.fhir_fixture import administration, observation, quantity
from tests.monitoring.intake_fixture import Site, site


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
