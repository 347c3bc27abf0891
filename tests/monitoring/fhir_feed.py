"""A store that is fed from a FHIR server, poll by poll, as the scheduler does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from monitoring.cycle import Site, take_from
from monitoring.fhir_server.asking import Asking, Patience
from monitoring.fhir_server.polling import FhirServer, open_server
from monitoring.runs import Told
from monitoring.settings import Settings, SourceSettings
from storage import queries
from storage.engine import Store
from storage.marks import marks_of
from tests.monitoring.fhir_fixture import observation, quantity
from tests.monitoring.fhir_server_fixture import Resource, Server
from tests.monitoring.intake_fixture import catalog
from tests.monitoring.small_ward import HandClock
from tests.stores import new_store

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HASTE = Patience(attempts=3, first_seconds=0.01, most_seconds=0.02, jitter_seconds=0.0, asked_seconds=1.0)
LABORATORY = [{"coding": [{"code": "laboratory"}]}]


@dataclass
class Feed:
    """`polls` counts; each is a quarter of an hour after the one before."""

    source: FhirServer
    store: Store
    clock: HandClock = field(default_factory=lambda: HandClock(NOW))
    polls: int = 0

    def poll(self) -> Told:
        """A poll that went well."""
        told = self.tried()
        assert told.error == ""
        return told

    def tried(self) -> Told:
        self.polls += 1
        self.clock.now += timedelta(minutes=15)
        return take_from(self.site, self.source, f"run-{self.polls}")

    @property
    def site(self) -> Site:
        return Site(Settings(source=(self.source.told,)), self.store, catalog(), self.clock)

    def again(self, **told: Any) -> None:
        """Another process, with other settings where they are given."""
        self.source = open_server(self.source.told.model_copy(update=told), HASTE)

    def source_asking(self) -> Asking:
        """A connection of its own to the server, to be closed."""
        return Asking(self.source.told, self.clock.now, HASTE)

    @property
    def marks(self) -> dict[str, str]:
        return marks_of(self.store, self.source.name)

    @property
    def labs(self) -> pd.DataFrame:
        return queries.observations(self.store, as_of=self.clock.now)

    @property
    def names(self) -> set[str]:
        return set(self.labs["source_id"])


@contextmanager
def feeding(folder: Path, server: Server, **told: Any) -> Iterator[Feed]:
    settings = SourceSettings(name="lab", kind="fhir", url=server.url, **{"timeout_seconds": 5, **told})
    store = new_store(folder / "ward.db")
    try:
        yield Feed(open_server(settings, HASTE), store)
    finally:
        store.close()


def ferritin(name: str, value: float = 812, *, patient: str = "lena", **fields: Any) -> Resource:
    """A result of the morning of the poll, of the category laboratory."""
    plain = {"category": LABORATORY, "effectiveDateTime": "2026-03-02T05:30:00+00:00"}
    subject = {"reference": f"Patient/{patient}"}
    return observation(name, valueQuantity=quantity(value), subject=subject, **plain | fields)


def person(name: str = "lena", **fields: Any) -> Resource:
    return {"resourceType": "Patient", "id": name, "gender": "female", "birthDate": "2015-02-01"} | fields
