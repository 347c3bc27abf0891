"""
What was deleted on a server: it stands in no search any more, and only in the history of its type.

Of that history nothing is kept but the entries that say of something of ours that it is gone: the rest was told by the
searches, or is of patients who are not followed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitoring.deletions import ours
from monitoring.fhir.nodes import Node, child, children, text
from monitoring.fhir_server.asking import Asking
from monitoring.fhir_server.links import named
from monitoring.fhir_server.pages import moment
from monitoring.fhir_server.walking import all_pages
from storage.engine import Store

EVERY = timedelta(hours=1)  # a history tells of every change on the server, whosever it is
MOST_PAGES = 200
MARK = "deleted:{}"
TOO_MANY = "source %s: the history of %s is longer than %d pages; what was deleted before is not known here"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deleted:
    """Of the source `name`."""

    asking: Asking
    store: Store
    name: str

    def marks(self, kind: str) -> dict[str, str]:
        """By the server's own clock."""
        return {MARK.format(kind): (self.asking.there or self.asking.now).astimezone(UTC).isoformat()}

    def told(self, kind: str, marks: Mapping[str, str]) -> bytes:
        """
        A history with the entries that count; b"" where none does, and at the first time: what was deleted before
        was never here. Raises ServerError.
        """
        since = moment(marks.get(MARK.format(kind), ""))
        if since is None:
            return b""
        entries = _last_words(self._entries(kind, since))
        gone = ours(self.store, self.name, kind, entries.keys())
        if not gone:
            return b""
        told = [_shaped(entries[one], f"{kind}/{one}") for one in sorted(gone)]
        return json.dumps({"resourceType": "Bundle", "type": "history", "entry": told}).encode()

    def _entries(self, kind: str, since: datetime) -> Iterator[Node]:
        """All changes since we last asked, with the overlap of the searches."""
        back = since - timedelta(minutes=self.asking.told.overlap_minutes)
        params = {"_since": f"{back.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "_count": str(self.asking.told.page_size)}
        for count, page in enumerate(all_pages(self.asking, f"{kind}/_history", params)):
            if count == MOST_PAGES:
                log.warning(TOO_MANY, self.name, kind, MOST_PAGES)
                return
            yield from children(page.answer.node, "entry")


def _last_words(entries: Iterator[Node]) -> dict[str, Node]:
    """By id the entry of each deletion that nothing written anew followed. A history begins with what is newest."""
    last: dict[str, tuple[datetime | None, Node | None]] = {}
    for entry in entries:
        one, at = _id(entry), _written_at(entry)
        before = last.get(one)
        if one and (before is None or (at and before[0] and at > before[0])):
            gone = text(child(entry, "request"), "method") == "DELETE"
            last[one] = at, entry if gone else None
    return {one: entry for one, (_, entry) in last.items() if entry}


def _written_at(entry: Node) -> datetime | None:
    told = text(child(entry, "response"), "lastModified")
    return moment(told or text(child(child(entry, "resource"), "meta"), "lastUpdated"))


def _id(entry: Node) -> str:
    found = named(text(child(entry, "request"), "url")) or named(text(entry, "fullUrl"))
    return found.partition("/")[2]


def _shaped(entry: Node, name: str) -> Node:
    """As it came, with the address that every server writes in its own way."""
    return {**entry, "request": {"method": "DELETE", "url": name}}
