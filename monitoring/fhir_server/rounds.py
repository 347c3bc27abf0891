"""
One round through all that a FHIR server has of news.

How far a kind was read moves with the last page that holds news, in the transaction that keeps it. What came before a
server failed is kept; how far it was read then stays, and the next poll asks again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitoring.deletions import KINDS
from monitoring.fhir_server.asking import Asking
from monitoring.fhir_server.bulk import GONE, JOB, Export
from monitoring.fhir_server.capabilities import Offered, offered
from monitoring.fhir_server.choosing import chosen
from monitoring.fhir_server.deleted import EVERY, Deleted
from monitoring.fhir_server.gathering import Given, gathered
from monitoring.fhir_server.pages import Page
from monitoring.fhir_server.referring import PATIENT, Referring
from monitoring.fhir_server.searches import FOLLOWED, Followed, Past, Plan, ways
from monitoring.fhir_server.troubles import RefusedError, ServerError
from monitoring.fhir_server.walking import ExpiredError, Seen, news
from monitoring.raw_files import RawFile

if TYPE_CHECKING:
    from monitoring.fhir_server.polling import FhirServer

DESCRIBED_FOR = timedelta(hours=24)
NEEDED = ("Observation", PATIENT)
FORBIDDEN = frozenset((403, 404, 405, 501))
NOT_UNDERSTOOD = 400
EXPORT = "$export"
HISTORY_OF = "{}/_history"
NOT_OFFERED = "The server does not offer {}; nothing of that kind comes from there."
log = logging.getLogger(__name__)


@dataclass
class Round:
    """`all` by searches, `exported` by a bulk export; each to be called once."""

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
        for kind in KINDS:
            try:
                yield from self._deleted(kind)
            except RefusedError as error:
                self._leave_out(HISTORY_OF.format(kind), str(error))
        if troubles:
            raise ServerError(" ".join(dict.fromkeys(troubles)))

    def exported(self) -> Iterator[RawFile]:
        """What the server has written of all that is new, once it is ready; marks move with the last of it."""
        source = self.source
        self._described()
        export = Export(self.asking, source.marks())
        job = export.started()
        source.put({JOB: job}, self.now)
        try:
            manifest = export.manifest(job)
            held: RawFile | None = None
            for raw in export.files(manifest, self.now) if manifest else ():
                if held:
                    yield held
                held = raw
        except RefusedError as error:
            if error.status in GONE:
                source.put({JOB: ""}, self.now)  # the next poll begins another
            raise
        if manifest:
            yield from self._ended(export, job, export.done(manifest), held)

    def _ended(self, export: Export, job: str, marks: dict[str, str], held: RawFile | None) -> Iterator[RawFile]:
        source = self.source
        source.left_out.pop(EXPORT, None)
        if export.trouble:
            self._leave_out(EXPORT, export.trouble)
        if held:
            yield replace(held, marks=marks)
        else:
            source.put(marks, self.now)
        export.forget(job)

    def _deleted(self, kind: str) -> Iterator[RawFile]:
        """What the server has deleted since; its mark moves with the word of it."""
        source = self.source
        assert source.offered is not None
        if kind not in source.offered.histories or HISTORY_OF.format(kind) in source.left_out:
            return
        deleted, marks = Deleted(self.asking, source.stored(), source.name), source.marks()
        asked_at = source.looked_back.get(kind)
        if asked_at and self.now - asked_at < EVERY:
            return
        told, reached = deleted.told(kind, marks), deleted.marks(kind)
        source.looked_back[kind] = self.now
        if told:
            self.count += 1
            name = f"{kind} {self.now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} deleted {self.count}"
            yield RawFile(name, told, marks=reached)
        else:
            source.put(reached, self.now)

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
        plans = [*ways(Plan(source.told, source.offered, patients, source.codes, self.now, own=source.own), one)]
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
            for raw, given in gathered(self._raws(one, plan, past, seen)):
                source.given[raw.name] = given
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

    def _raws(self, one: Followed, plan: Plan, past: Past, seen: Seen) -> Iterator[tuple[RawFile, Given]]:
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

    def _raw(self, page: Page, beside: list[bytes], strangers: list[str]) -> tuple[RawFile, Given]:
        """The server's answers as they came, one after the other."""
        self.count += 1
        kind = page.versions[0].name.partition("/")[0]
        name = f"{kind} {self.now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} page {self.count}"
        digests = frozenset(version.digest for version in page.versions)
        given = Given(kind, digests, _people(page) | frozenset(strangers))
        return RawFile(name, b"\n".join([*beside, page.answer.content])), given


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
