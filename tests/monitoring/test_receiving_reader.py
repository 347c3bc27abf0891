"""The reader's process: what it judges, what it writes among the runs, and how it takes a failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pandas as pd
import pytest

from monitoring.cycle import Site, run_cycle
from monitoring.reader import Reader
from monitoring.settings import Settings, SourceSettings, Ward
from storage import deliveries, queries
from storage.deliveries import Sent, keep
from storage.engine import Store, open_store
from storage.marks import marks_of
from tests.monitoring.hl7_fixture import OBR, PID, message, obx
from tests.monitoring.intake_fixture import catalog
from tests.monitoring.mllp_fixture import oru

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    """Stands still until it is moved."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def count(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Iterator[Site]:
    source = SourceSettings(name="lis", kind="hl7", listen="127.0.0.1:2575")
    settings = Settings(
        data_dir=tmp_path, ward=Ward(timezone="Europe/Berlin"), source=(source,), site_map=tmp_path / "map.toml"
    )
    (tmp_path / "map.toml").write_text("", encoding="utf-8")
    with closing(open_store(settings.database_url)) as store:
        yield Site(settings, store, catalog(), clock.now)


def reader(site: Site, clock: Clock) -> Reader:
    return Reader(site, ["lis"], clock=clock.count)


def sent(store: Store, content: bytes, at: datetime = NOW) -> None:
    keep(store, "lis", [Sent("C1", content)], at=at)


def extreme(patient: str) -> bytes:
    """A ferritin that raises a flag by itself."""
    return message(PID.replace("P100", patient), OBR, obx("90000"), stamp="20260106070000+0100").encode()


def runs(store: Store) -> pd.DataFrame:
    return queries.runs(store, limit=10)


def flagged(site: Site, clock: Clock) -> set[str]:
    return set(queries.flag_changes(site.store, as_of=clock.now())["patient_id"])


def test_what_was_kept_before_the_start_is_read_first_and_its_patients_judged_in_time(site: Site, clock: Clock) -> None:
    sent(site.store, extreme("P7"), at=NOW - timedelta(days=1))
    reading = reader(site, clock)
    reading.turn()
    assert deliveries.waiting(site.store) == {}
    assert flagged(site, clock) == set()
    clock.seconds = 11
    reading.turn()
    assert flagged(site, clock) == {"P7"}
    assert reading.touched == set()


def test_the_end_leaves_nobody_unjudged(site: Site, clock: Clock) -> None:
    sent(site.store, extreme("P7"))
    stop = Event()
    reading = reader(site, clock)
    reading.turn()
    stop.set()
    reading.run(stop)
    assert flagged(site, clock) == {"P7"}
    assert runs(site.store)["outcome"].tolist() == ["ok"]


def test_a_minute_of_messages_is_one_row_among_the_runs(site: Site, clock: Clock) -> None:
    reading = reader(site, clock)
    for second in range(0, 120, 30):
        clock.seconds = second
        sent(site.store, oru(second), at=clock.now())
        reading.turn()
    reading.finish()
    found = runs(site.store).sort_values("started_at")
    assert found["source"].tolist() == ["lis", "lis"]
    assert found["kind"].tolist() == ["arrival", "arrival"]
    assert found["new"].sum() == 4 * 3
    assert found["outcome"].tolist() == ["ok", "ok"]
    with site.store.reading() as connection:
        told = connection.exec_driver_sql("SELECT DISTINCT run_id FROM observation").scalars()
        assert set(told) == set(found["run_id"])


def test_when_nothing_comes_nothing_is_written(site: Site, clock: Clock) -> None:
    reading = reader(site, clock)
    for second in range(0, 200, 50):
        clock.seconds = second
        reading.turn()
    reading.finish()
    assert runs(site.store).empty
    assert marks_of(site.store, "lis") == {}


def test_a_failure_is_said_in_words_and_what_waits_is_read_once_it_is_mended(site: Site, clock: Clock) -> None:
    sent(site.store, oru(1))
    broken = site.settings.site_map
    assert broken
    broken.write_text("[[map", encoding="utf-8")
    reading = reader(site, clock)
    reading.turn()
    assert "map.toml" in marks_of(site.store, "lis")["failed"]
    assert deliveries.waiting(site.store) == {"lis": 1}
    broken.write_text("", encoding="utf-8")
    clock.seconds = 100
    reading.turn()
    assert marks_of(site.store, "lis") == {"failed": ""}
    assert deliveries.waiting(site.store) == {}


def test_the_cycle_reads_what_a_listener_kept_where_no_reader_runs(site: Site, clock: Clock) -> None:
    for number in range(3):
        sent(site.store, oru(number))
    told = run_cycle(site.settings, site.store, site.catalog, clock=clock.now)
    assert (told["lis"]["read"], told["lis"]["new"]) == (9, 9)
    reader(site, clock).turn()
    assert len(queries.observations(site.store, as_of=clock.now())) == 9
