"""
A search to its last page, by `next` links alone.

A server that pages through what is changing meanwhile may skip a resource: when an earlier one moves to the end, all
others move up by one. So a search of several pages is walked once more, until nothing older than what was already seen
turns up anew; only where the server's own counts and times show that nothing moved is one walk enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from monitoring.fhir_server.asking import Answer, Asking, Params
from monitoring.fhir_server.pages import BUNDLE, Page
from monitoring.fhir_server.troubles import RefusedError, UnreachableError

WALKS = 4
SETTLED = timedelta(minutes=1)  # a server's web and store may differ in their clocks, and write what they began before
EXPIRED = frozenset((400, 404, 410))  # said of a link that was good a moment ago


class ExpiredError(RefusedError):
    """A next link is no longer good: the search has to begin anew."""


@dataclass
class Seen:
    """
    What a poll has met of one kind of resource.

    `known`: versions that are safely stored; `given`: those handed on in this poll; `newest`: by the server's clock;
    `began_at`: the server's own time when it answered first; `settled`: whether every search came to its end.
    """

    known: set[int] = field(default_factory=set)
    given: set[int] = field(default_factory=set)
    met: set[int] = field(default_factory=set)
    newest: datetime | None = None
    began_at: datetime | None = None
    settled: bool = True

    def news(self, page: Page) -> set[int]:
        """What of the page nobody has had yet; from now on it was met."""
        told = {version.digest for version in page.versions}
        self.met |= told
        self.newest = newest([self.newest, *(version.told_at for version in page.versions)])
        self.began_at = self.began_at or page.answer.at
        return told - self.known - self.given


def all_pages(asking: Asking, kind: str, params: Params) -> Iterator[Page]:
    """Raises ServerError; ExpiredError where it was a later page that could not be had."""
    page = _page(asking, asking.search(kind, params))
    been: set[httpx.URL] = {page.answer.url}
    yield page
    while page.next:
        url = asking.base.following(page.answer.url, page.next)
        if url is None or url in been:
            why = "in a circle" if url else "to another address than its own"
            raise UnreachableError(
                f"source {asking.told.name}: the server's link to the next page leads {why}; set url to the address "
                "under which it knows itself.",
                again=False,
            )
        been.add(url)
        page = _page(asking, _next(asking, url, kind))
        yield page


def news(asking: Asking, kind: str, params: Params, seen: Seen) -> Iterator[Page]:
    """The pages that hold a version not had before, each handed on before the next one is asked for."""
    before, walked = None, False
    for left in reversed(range(WALKS)):
        walk = _Walk(seen, before)
        try:
            yield from walk.news(all_pages(asking, kind, params))
        except ExpiredError:
            if not left:
                raise
            continue
        if walk.count < 2 or walk.still or (walked and not walk.missed):
            return
        before, walked = walk.newest, True
    seen.settled = False


@dataclass
class _Walk:
    """
    `before`: the newest version of the walk before. `missed`: whether that one passed something over. `names` and
    `times`: of all that stood on the pages; `totals`: how many the server counted then.
    """

    seen: Seen
    before: datetime | None
    count: int = 0
    missed: bool = False
    newest: datetime | None = None
    began_at: datetime | None = None
    names: list[str] = field(default_factory=list)
    times: list[datetime | None] = field(default_factory=list)
    totals: set[str] = field(default_factory=set)

    @property
    def still(self) -> bool:
        """
        Whether it can be told that nothing was passed over: what changes turns up at the end with a new time, what
        is deleted is missing in the count.
        """
        told = [at for at in self.times if at is not None]
        if self.began_at is None or not told or len(told) < len(self.times) or told != sorted(told):
            return False
        whole = self.totals == {str(len(self.names))} and len(set(self.names)) == len(self.names)
        return whole and told[-1] < self.began_at - SETTLED

    def news(self, pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            self._note(page)
            new = self.seen.news(page)
            self.missed |= any(one.digest in new and self._old(one.told_at) for one in page.versions)
            self.newest = newest([self.newest, *(one.told_at for one in page.versions)])
            if new:
                self.seen.given |= new
                yield page

    def _note(self, page: Page) -> None:
        self.began_at = self.began_at if self.count else page.answer.at
        self.count += 1
        self.names += [one.name for one in page.versions]
        self.times += [one.told_at for one in page.versions]
        self.totals.add(str(page.answer.node.get("total")))

    def _old(self, told_at: datetime | None) -> bool:
        return told_at is None or self.before is None or told_at <= self.before


def newest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((one for one in moments if one), default=None)


def _next(asking: Asking, url: httpx.URL, kind: str) -> Answer:
    try:
        return asking.follow(url, f"a further page of {kind}")
    except RefusedError as error:
        if error.status in EXPIRED:
            raise ExpiredError(str(error), error.status) from None
        raise


def _page(asking: Asking, answer: Answer) -> Page:
    if answer.node.get("resourceType") != BUNDLE:
        raise UnreachableError(f"source {asking.told.name}: the server answered a search with no Bundle.", again=False)
    return Page(answer)
