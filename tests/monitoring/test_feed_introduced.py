"""A source from which nothing ever comes: seen once, it is expected to send, and the pages say when it does not."""

from datetime import timedelta
from pathlib import Path

from dashboard.health import health
from monitoring.cycle import Site, look, run_cycle
from monitoring.settings import Settings, SourceSettings
from storage.engine import open_store
from storage.marks import marked_at
from tests.monitoring.fhir_feed import NOW
from tests.monitoring.intake_fixture import catalog
from tests.monitoring.small_ward import HandClock


def test_the_first_cycle_that_sees_a_source_starts_its_clock_and_thirteen_hours_later_it_is_complained_of(
    tmp_path: Path,
) -> None:
    (tmp_path / "in").mkdir()
    settings = Settings(source=(SourceSettings(name="drop", kind="csv", path=tmp_path / "in"),))
    store, clock = open_store(f"sqlite:///{tmp_path}/ward.db"), HandClock(NOW)
    site = Site(settings, store, catalog(), clock)
    run_cycle(settings, store, catalog(), clock=clock)
    assert marked_at(store, "drop", "configured") == NOW
    clock.now = NOW + timedelta(hours=13)
    look(site)
    assert marked_at(store, "drop", "configured") == NOW  # seen again is not seen first
    run_cycle(settings, store, catalog(), clock=clock)
    assert health(store, settings, catalog(), now=clock.now).status == "ok"
    clock.now += timedelta(minutes=1)
    told = health(store, settings, catalog(), now=clock.now)
    assert (told.status, [silent.source for silent in told.silent]) == ("degraded", ["drop"])
    assert told.shape()["sources"]["drop"]["state"] == "silent"
    store.close()
