"""Rows of text, from whatever feed, as facts or set aside: one path for units, numbers, times and plausibility."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from monitoring.intake_findings import sift_findings
from monitoring.intake_identities import sift_identifiers, sift_merges, signed
from monitoring.intake_labs import sift_labs
from monitoring.intake_patients import sift_patients
from monitoring.intake_treatments import sift_treatments
from monitoring.refused import Refused, refused_rows
from monitoring.sieve import Circumstances, Rows, Sieve

Sift = Callable[[Rows, Circumstances], tuple[pd.DataFrame, Sieve]]
# Kind of row -> what reads it, and the frame of the batch that its facts belong in.
SIFTS: Mapping[str, tuple[Sift, str]] = {
    "patients": (sift_patients, "patients"),
    "treatments": (sift_treatments, "doses"),
    "findings": (sift_findings, "findings"),
    "labs": (sift_labs, "observations"),
    "identifiers": (sift_identifiers, "identifiers"),
    "merges": (sift_merges, "merges"),
}


@dataclass(frozen=True)
class Restated:
    """
    A resource told anew, when by the server's clock (ISO 8601, or ""): of findings it says `still` and no other, of
    contexts `contexts`.
    """

    name: str
    still: frozenset[str]
    contexts: frozenset[str]
    at: str
    origin: str


@dataclass(frozen=True)
class Taken:
    """
    What one file held, read but not yet stored. `facts`: frames by their name in `storage.writes.Batch`, `rows`: those
    that they were read from, each under the index of its frame. `restated`: in the order told.
    """

    facts: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    rows: Mapping[str, Rows] = field(default_factory=dict)
    restated: tuple[Restated, ...] = ()


def sift(rows: Rows, at: Circumstances) -> Taken:
    """Rows of one kind as facts, in the order of the rows."""
    if not len(rows):
        return Taken()
    sifted, name = SIFTS[rows.kind]
    facts, sieve = sifted(rows, at)
    passed = {name: signed(rows, facts)} if len(facts) else {}
    return Taken(passed, refused_rows(rows, sieve), {name: rows})


def sift_all(kinds: Iterable[Rows], at: Circumstances, refused: Iterable[Refused] = ()) -> Taken:
    """Rows of several kinds, each kind once, and what was `refused` before any row was made of it."""
    taken = [sift(rows, at) for rows in kinds]
    facts = {name: frame for one in taken for name, frame in one.facts.items()}
    told = {name: rows for one in taken for name, rows in one.rows.items()}
    return Taken(facts, [*refused, *(row for one in taken for row in one.refused)], told)
