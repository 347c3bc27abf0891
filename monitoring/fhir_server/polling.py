"""
A FHIR server as a source: what is new of each kind of resource, page by page as the server sent it.

How far a kind was read moves with the last page that holds news, in the transaction that keeps it. What came before a
server failed is kept; how far it was read then stays, and the next poll asks again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from monitoring.errors import MaswatchError, SourceError
from monitoring.fhir_server.asking import Asking, Patience
from monitoring.fhir_server.capabilities import Offered, offered
from monitoring.fhir_server.choosing import chosen, query
from monitoring.fhir_server.links import Base
from monitoring.fhir_server.pages import Page
from monitoring.fhir_server.referring import PATIENT, Referring
from monitoring.fhir_server.searches import FOLLOWED, Followed, Past, Plan, Way, ways
from monitoring.fhir_server.signing_in import Smart
from monitoring.fhir_server.troubles import RefusedError, ServerError
from monitoring.fhir_server.walking import ExpiredError, Seen, news
from monitoring.raw_files import RawFile
from monitoring.settings import SourceSettings
from monitoring.terms import Catalog
from storage.engine import Store
from storage.marks import marks_of, set_marks

EARLY_SECONDS = 30  # the scheduler's looks are not to the second
DESCRIBED_FOR = timedelta(hours=24)
NEEDED = ("Observation", PATIENT)
FORBIDDEN = frozenset((403, 404, 405, 501))
NOT_UNDERSTOOD = 400
NOT_OFFERED = "The server does not offer {}; nothing of that kind comes from there."
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Given:
    """What a raw file of this poll holds."""

    kind: str
    digests: frozenset[int]
    people: frozenset[str]


@dataclass
class FhirServer:
    """See SourceSettings. `patience`: between attempts."""

    told: SourceSettings
    patience: Patience = field(default_factory=Patience)
    store: Store | None = None
    codes: frozenset[str] = frozenset()
    offered: Offered | None = None
    polled_at: datetime | None = None
    described_at: datetime | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    unresolved: dict[str, str] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    known: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    given: dict[str, Given] = field(default_factory=dict)
    signed_in: Smart | None = None
    heard: bool = False

    @property
    def name(self) -> str:
        return self.told.name

    def acquaint(self, store: Store, catalog: Catalog) -> None:
        """Where it is kept how far the server was read, and which codes results may carry."""
        if store is not self.store:
            self.known.clear()
            self.people.clear()
        self.store = store
        self.codes = frozenset(code for analyte in catalog.analytes.values() for code in analyte.loinc)

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
                yield from _Poll(self, asking, now).all()
            finally:
                self.heard = asking.heard

    def done(self, raw: RawFile) -> None:
        """From now on its versions are known and not given again."""
        held = self.given.pop(raw.name, None)
        if held:
            self.known[held.kind] |= held.digests
            self.people |= held.people

    def marks(self) -> dict[str, str]:
        return marks_of(self._kept_in(), self.name)

    def put(self, marks: dict[str, str], now: datetime) -> None:
        set_marks(self._kept_in(), self.name, marks, at=now)

    def _kept_in(self) -> Store:
        if self.store is None:
            raise SourceError(f"source {self.name}: a server can only be read into a store.")
        return self.store

    def _note(self, now: datetime, failed: str) -> None:
        told = {"failed": failed} | ({"heard": now.astimezone(UTC).isoformat()} if self.heard else {})
        told |= {"server": self.offered.words} if self.offered else {}
        missing = dict.fromkeys([*self.left_out.values(), *self.unresolved.values()])
        self.put(told | {"left_out": " ".join(missing)}, now)


@dataclass
class _Poll:
    """One round through all kinds of resources."""

    source: FhirServer
    asking: Asking
    now: datetime
    count: int = 0
    asked: set[str] = field(default_factory=set)

    def all(self) -> Iterator[RawFile]:
        """One kind that the server refuses does not stop the others; a server that does not answer stops all."""
        patients = chosen(self.asking, self._described(), self.now)
        troubles: list[str] = []
        for one in FOLLOWED:
            try:
                yield from self._kind(one, patients)
            except RefusedError as error:
                self._refused(one, error, troubles)
        if troubles:
            raise ServerError(" ".join(dict.fromkeys(troubles)))

    def _described(self) -> Offered:
        """What the server says of itself, asked once a day: it may be given more to offer, or us more to read."""
        source = self.source
        told_at = source.described_at
        if source.offered is None or told_at is None or self.now - told_at >= DESCRIBED_FOR:
            source.offered, source.described_at = offered(self.asking), self.now
            source.left_out.clear()
            source.unresolved.clear()
            source.ways.clear()
        return source.offered

    def _refused(self, one: Followed, error: RefusedError, troubles: list[str]) -> None:
        if error.status in FORBIDDEN and one.kind not in NEEDED and not isinstance(error, ExpiredError):
            self._leave_out(one.kind, str(error))
        else:
            troubles.append(str(error))

    def _kind(self, one: Followed, patients: list[str] | None) -> Iterator[RawFile]:
        source = self.source
        assert source.offered is not None
        if one.kind in source.left_out:
            return
        if not source.offered.has(one.kind):
            self._leave_out(one.kind, NOT_OFFERED.format(one.kind))
            return
        yield from self._understood(one, patients)

    def _understood(self, one: Followed, patients: list[str] | None) -> Iterator[RawFile]:
        """In the first way of asking that the server understands; it is asked so from then on."""
        source, first = self.source, None
        assert source.offered is not None
        plans = [*ways(Plan(source.told, source.offered, patients, source.codes, self.now), one)]
        usual = [plan for plan in plans if plan.way(one) == source.ways.get(one.kind)]
        for plan in usual or plans:
            try:
                yield from self._read(one, plan)
                source.ways[one.kind] = plan.way(one)
                return
            except RefusedError as error:
                if error.status != NOT_UNDERSTOOD or isinstance(error, ExpiredError):
                    raise
                first = first or error
        source.ways.pop(one.kind, None)
        if first:
            raise first

    def _leave_out(self, kind: str, why: str) -> None:
        """Said once."""
        if kind not in self.source.left_out:
            log.warning("source %s: %s", self.source.name, why)
            self.source.left_out[kind] = why

    def _read(self, one: Followed, plan: Plan) -> Iterator[RawFile]:
        """The last file carries how far this kind is read now."""
        source = self.source
        past = Past.of(source.marks(), one.kind)
        seen = Seen(source.known[one.kind])
        held: RawFile | None = None
        try:
            for raw in self._raws(one, plan, past, seen):
                if held:
                    yield held
                held = raw
        except ServerError:
            if held:
                yield held
            raise
        marks = plan.marks(one, past, _reached(seen)) if seen.settled else {}
        seen.known &= seen.met
        if held:
            yield replace(held, marks=marks)
        else:
            source.put(marks, self.now)

    def _raws(self, one: Followed, plan: Plan, past: Past, seen: Seen) -> Iterator[RawFile]:
        """Page by page, each after the patients whom it names and nobody has met."""
        referring = Referring(self.asking, plan.offered, self.source.unresolved)
        for params in plan.searches(one, past):
            for page in news(self.asking, one.kind, params, seen):
                met = self.source.people | self.asked | _people(page)
                strangers = [] if one.kind == PATIENT else referring.people(page, met)
                self.asked.update(strangers)
                for person in referring.patients(strangers, conditions=plan.patients is None):
                    yield self._raw(person, [], [])
                yield self._raw(page, [*referring.beside(page)], strangers)

    def _raw(self, page: Page, beside: list[bytes], strangers: list[str]) -> RawFile:
        """The server's answers as they came, one after the other."""
        self.count += 1
        kind = page.versions[0].name.partition("/")[0]
        name = f"{kind} {self.now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} page {self.count}"
        digests = frozenset(version.digest for version in page.versions)
        self.source.given[name] = Given(kind, digests, _people(page) | frozenset(strangers))
        return RawFile(name, b"\n".join([*beside, page.answer.content]))


def _people(page: Page) -> frozenset[str]:
    return frozenset(one.name for one in page.versions if one.name.startswith(f"{PATIENT}/"))


def _reached(seen: Seen) -> datetime | None:
    """
    The newest that was seen, by the server's clock; not after the moment at which its first answer was given, since
    what one search has passed may have changed while the next was asked.
    """
    if seen.newest is None or seen.began_at is None:
        return seen.newest
    return min(seen.newest, seen.began_at)


def open_server(told: SourceSettings, patience: Patience | None = None) -> FhirServer:
    """Reaches nothing yet. Raises SettingsError where the address or the search for patients cannot be right."""
    Base.of(told.name, told.url)
    query(told)
    return FhirServer(told, patience or Patience())
