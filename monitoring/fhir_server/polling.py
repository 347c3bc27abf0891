"""A FHIR server as a source: what is new of each kind of resource, page by page as the server sent it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitoring.errors import MaswatchError, SettingsError, SourceError
from monitoring.fhir_server.asking import Asking, Patience
from monitoring.fhir_server.capabilities import Offered
from monitoring.fhir_server.choosing import query
from monitoring.fhir_server.gathering import Given
from monitoring.fhir_server.links import Base
from monitoring.fhir_server.rounds import Round
from monitoring.fhir_server.searches import Way, searchable
from monitoring.fhir_server.signing_in import Smart
from monitoring.raw_files import RawFile
from monitoring.settings import SourceSettings
from monitoring.terms import Catalog
from storage.engine import Store
from storage.marks import marks_of, set_marks

EARLY_SECONDS = 30  # the scheduler's looks are not to the second
NO_CHOICE = (
    "source {}: a bulk export is of a group or of everybody; leave out patients, location and patient_query, or bulk."
)


@dataclass
class FhirServer:
    """See SourceSettings. `patience`: between attempts."""

    told: SourceSettings
    patience: Patience = field(default_factory=Patience)
    store: Store | None = None
    codes: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    offered: Offered | None = None
    polled_at: datetime | None = None
    described_at: datetime | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    unresolved: dict[str, str] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    known: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    given: dict[str, list[Given]] = field(default_factory=dict)
    looked_back: dict[str, datetime] = field(default_factory=dict)
    signed_in: Smart | None = None
    heard: bool = False

    @property
    def name(self) -> str:
        return self.told.name

    def acquaint(self, store: Store, catalog: Catalog, own: Collection[str] = ()) -> None:
        """Where it is kept how far the server was read, and which codes results may carry."""
        if store is not self.store:
            self.known.clear()
            self.people.clear()
        self.store = store
        self.codes = frozenset(code for analyte in catalog.analytes.values() for code in analyte.loinc)
        self.own = searchable(own)

    def due(self, now: datetime) -> bool:
        """Whether so many minutes have passed since the last poll of this process."""
        wait = timedelta(minutes=self.told.poll_minutes, seconds=-EARLY_SECONDS)
        return self.polled_at is None or now - self.polled_at >= wait

    def fetch(self, now: datetime) -> Iterator[RawFile]:
        """Raises ServerError where the server cannot be read, or not all of it, once what came is given."""
        self.polled_at, self.heard = now, False
        self.given.clear()
        try:
            yield from self._asked(now)
        except MaswatchError as error:
            self._note(now, str(error))
            raise
        self._note(now, "")

    def _asked(self, now: datetime) -> Iterator[RawFile]:
        with Asking(self.told, now, self.patience, self.signed_in) as asking:
            self.signed_in = asking.auth if isinstance(asking.auth, Smart) else None
            try:
                round_ = Round(self, asking, now)
                yield from round_.exported() if self.told.bulk else round_.all()
            finally:
                self.heard = asking.heard

    def done(self, raw: RawFile) -> None:
        """From now on its versions are known and not given again."""
        for held in self.given.pop(raw.name, []):
            self.known[held.kind] |= held.digests
            self.people |= held.people

    def marks(self) -> dict[str, str]:
        return marks_of(self.stored(), self.name)

    def put(self, marks: dict[str, str], now: datetime) -> None:
        set_marks(self.stored(), self.name, marks, at=now)

    def stored(self) -> Store:
        if self.store is None:
            raise SourceError(f"source {self.name}: a server can only be read into a store.")
        return self.store

    def _note(self, now: datetime, failed: str) -> None:
        told = {"failed": failed} | ({"heard": now.astimezone(UTC).isoformat()} if self.heard else {})
        told |= {"server": self.offered.words} if self.offered else {}
        missing = dict.fromkeys([*self.left_out.values(), *self.unresolved.values()])
        self.put(told | {"left_out": " ".join(missing)}, now)


def open_server(told: SourceSettings, patience: Patience | None = None) -> FhirServer:
    """Reaches nothing yet. Raises SettingsError where the address or the search for patients cannot be right."""
    Base.of(told.name, told.url)
    query(told)
    if told.bulk and (told.patients or told.location or told.patient_query):
        raise SettingsError(NO_CHOICE.format(told.name))
    return FhirServer(told, patience or Patience())
