"""A page of a search: the next link, which versions stand on it, when they were written, and to what they refer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any

from monitoring.fhir.nodes import Node, child, children, text
from monitoring.fhir_server.asking import Answer

BUNDLE = "Bundle"
OUTCOME = "outcome"
EARLIEST_YEAR = 1970


@dataclass(frozen=True)
class Version:
    """`name`: "Observation/1". `told_at`: when the server wrote it. `digest`: of what it says, whatever its version."""

    name: str
    told_at: datetime | None
    digest: int


@dataclass(frozen=True)
class Page:
    answer: Answer

    @cached_property
    def resources(self) -> list[Node]:
        told = [child(entry, "resource") for entry in children(self.answer.node, "entry") if _is_result(entry)]
        return [one for one in told if text(one, "resourceType")]

    @cached_property
    def versions(self) -> list[Version]:
        return [_version(one) for one in self.resources]

    @property
    def next(self) -> str:
        links = children(self.answer.node, "link")
        return next((text(one, "url") for one in links if text(one, "relation") == "next"), "")

    @cached_property
    def references(self) -> list[str]:
        """Every literal reference on the page, contained ones left out."""
        return [*self._referred()]

    def _referred(self) -> Iterator[str]:
        waiting: list[Any] = list(self.resources)
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                reference = text(one, "reference")
                if reference and not reference.startswith("#"):
                    yield reference
                waiting.extend(one.values())
            elif isinstance(one, list):
                waiting.extend(one)


def moment(told: str) -> datetime | None:
    """A FHIR instant in UTC; None where it is none, or none of a server's life."""
    try:
        found = datetime.fromisoformat(told)
        return found.astimezone(UTC) if found.tzinfo and found.year >= EARLIEST_YEAR else None
    except (ValueError, OverflowError):
        return None


def _is_result(entry: Node) -> bool:
    return text(child(entry, "search"), "mode") != OUTCOME


def _version(resource: Node) -> Version:
    meta, named = child(resource, "meta"), f"{text(resource, 'resourceType')}/{text(resource, 'id')}"
    try:
        words = json.dumps(resource, sort_keys=True, separators=(",", ":"))
    except RecursionError:  # nested to the very limit of what could be read
        words = f"{named} {text(meta, 'versionId')} {text(meta, 'lastUpdated')}"
    digest = int.from_bytes(blake2b(words.encode(), digest_size=8).digest())
    return Version(named, moment(text(meta, "lastUpdated")), digest)
