"""
Small pages, kept and read together. What a reading costs hardly grows with its rows, and many servers give a few dozen
resources a page whatever they are asked for.

Nothing is read before all of it is kept, and what was gathered when a server failed is given first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from monitoring.fhir_server.troubles import ServerError
from monitoring.raw_files import RawFile

RESOURCES = 200
SECONDS = 10.0  # of a slow server, what is there is shown before the rest has come


@dataclass(frozen=True)
class Given:
    """What a raw file of this poll holds."""

    kind: str
    digests: frozenset[int]
    people: frozenset[str]


Gathered = tuple[RawFile, list[Given]]


def gathered(
    told: Iterable[tuple[RawFile, Given]], *, clock: Callable[[], float] = time.monotonic
) -> Iterator[Gathered]:
    """In the order told. Raises ServerError as `told` does, once what came before is given."""
    held: list[tuple[RawFile, Given]] = []
    began = clock()
    try:
        for one in told:
            held.append(one)
            if sum(len(given.digests) for _, given in held) >= RESOURCES or clock() - began >= SECONDS:
                yield _joined(held)
                held, began = [], clock()
    except ServerError:
        if held:
            yield _joined(held)
        raise
    if held:
        yield _joined(held)


def _joined(held: list[tuple[RawFile, Given]]) -> Gathered:
    """The server's answers as they came, one after the other, under the name of the last: patients come before."""
    last, given = held[-1][0], [given for _, given in held]
    return replace(last, content=b"\n".join(raw.content for raw, _ in held)), given
