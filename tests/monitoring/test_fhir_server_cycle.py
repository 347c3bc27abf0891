"""The cycle over a FHIR server: flags rise and are retracted with what they rested on, and looks in between poll."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitoring.cycle import Site, look, run_cycle
from storage import queries
from storage.engine import Store, open_store
from tests.monitoring.fhir_feed import NOW, ferritin, person
from tests.monitoring.fhir_server_fixture import Server, serving
from tests.monitoring.intake_fixture import catalog
from tests.monitoring.small_ward import HandClock, site_settings

RISING = {"f0": (900, "2026-02-28T06:00Z"), "f1": (2100, "2026-02-28T18:00Z"), "f2": (5200, "2026-03-01T06:00Z"),
          "f3": (12400, "2026-03-01T18:00Z"), "f4": (24000, "2026-03-02T06:00Z")}  # fmt: skip


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.put(person())
        for name, (value, drawn) in RISING.items():
            running.put(ferritin(name, value, effectiveDateTime=drawn.replace("Z", ":00Z")))
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/ward.db")
    yield opened
    opened.close()


@pytest.fixture
def ward(tmp_path: Path, server: Server, store: Store) -> Site:
    source = {"name": "lab", "kind": "fhir", "url": server.url}
    return Site(site_settings(tmp_path, source), store, catalog(), HandClock(NOW))


def changes(ward: Site, flag: str) -> list[str]:
    told = queries.flag_changes(ward.store, as_of=ward.clock())
    return told.loc[told["flag"] == flag, "change"].tolist()


def test_a_flag_is_retracted_in_the_cycle_that_hears_of_the_error(ward: Site, server: Server) -> None:
    run_cycle(ward.settings, ward.store, ward.catalog, clock=ward.clock)
    assert changes(ward, "ferritin_rising") == ["raised"]
    for name, (value, drawn) in RISING.items():
        wrong = ferritin(name, value, effectiveDateTime=drawn.replace("Z", ":00Z"), status="entered-in-error")
        server.put(wrong)
    ward.clock.now += timedelta(hours=1)  # type: ignore[attr-defined]
    told = run_cycle(ward.settings, ward.store, ward.catalog, clock=ward.clock)
    assert told["lab"]["corrected"] == 5
    assert changes(ward, "ferritin_rising") == ["raised", "retracted"]


def test_a_look_between_cycles_polls_a_server_when_its_minutes_have_passed(ward: Site, server: Server) -> None:
    look(ward)
    assert len(queries.observations(ward.store, as_of=ward.clock())) == 5
    server.put(ferritin("later"))
    server.asked.clear()
    ward.clock.now += timedelta(minutes=5)  # type: ignore[attr-defined]
    look(ward)
    assert server.asked == []
    ward.clock.now += timedelta(minutes=10)  # type: ignore[attr-defined]
    look(ward)
    assert len(queries.observations(ward.store, as_of=ward.clock())) == 6
