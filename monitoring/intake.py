"""From raw results to facts: every row of a feed ends as new, unchanged, corrected or set aside, and none is lost."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

import pandas as pd

from monitoring.csv_reading import Fault, Table, UnreadableError, read_csv
from monitoring.decoding import kept_bytes, known_encoding
from monitoring.intake_findings import sift_findings
from monitoring.intake_labs import sift_labs
from monitoring.intake_patients import sift_patients
from monitoring.intake_treatments import sift_treatments
from monitoring.raw_files import RawFile, read_paths
from monitoring.refused import Refused, refused_file, refused_rows, set_aside_frame
from monitoring.settings import Settings
from monitoring.sieve import Circumstances, Rows, Sieve
from monitoring.terms import Catalog
from storage.engine import Store
from storage.writes import Batch, append

__all__ = ["Circumstances", "IngestCounts", "RawFile", "Taken", "read", "read_paths", "sift", "take_in"]

log = logging.getLogger(__name__)

Sift = Callable[[Rows, Circumstances], tuple[pd.DataFrame, Sieve]]
# Kind of row -> what reads it, and the frame of the batch that its facts belong in.
SIFTS: Mapping[str, tuple[Sift, str]] = {
    "patients": (sift_patients, "patients"),
    "treatments": (sift_treatments, "doses"),
    "findings": (sift_findings, "findings"),
    "labs": (sift_labs, "observations"),
}


@dataclass(frozen=True)
class IngestCounts:
    """read = new + unchanged + corrected + set_aside, in rows; a file that is no table counts as one."""

    read: int = 0
    new: int = 0
    unchanged: int = 0
    corrected: int = 0
    set_aside: int = 0

    def __add__(self, other: IngestCounts) -> IngestCounts:
        mine, theirs = asdict(self), asdict(other)
        return IngestCounts(**{name: mine[name] + theirs[name] for name in mine})

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True)
class Taken:
    """What one file held, read but not yet stored. `facts`: frames by their name in `storage.writes.Batch`."""

    facts: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)


def take_in(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    raws: Iterable[RawFile],
    *,
    source: str,
    run_id: str,
    now: datetime,
) -> dict[str, int]:
    """
    Takes in file by file, each in one transaction; the counts of all together, see IngestCounts.

    `now` is when all of it counts as received. A row or file that cannot be used is set aside and stops nothing.
    Raises IntakeError for settings that cannot be right, and whatever the store or the source raise.
    """
    at = Circumstances(catalog, settings.zone, now, source)
    encoding = encoding_of(settings, source)
    total = IngestCounts()
    for raw in raws:
        counts = _stored(store, raw, read(raw, at, encoding), at=at, run_id=run_id)
        log.info("%s: %s", raw.name, ", ".join(f"{count} {name}" for name, count in counts.as_dict().items()))
        total += counts
    return total.as_dict()


def encoding_of(settings: Settings, source: str) -> str:
    """The encoding set for a source, "" where none is. Raises IntakeError where it is none."""
    return known_encoding(next((each.encoding for each in settings.source if each.name == source), ""))


def read(raw: RawFile, at: Circumstances, encoding: str = "") -> Taken:
    """One file's facts and what could not be used. Never raises for anything a file may hold."""
    if raw.trouble:
        return Taken(refused=[refused_file(raw.name, raw.trouble, "")])
    try:
        table = read_csv(raw.content, encoding)
    except UnreadableError as error:
        return Taken(refused=[refused_file(raw.name, str(error), kept_bytes(raw.content, encoding))])
    origins = [f"{raw.name}:{line}" for line in (table.first + 1).tolist()]
    taken = sift(Rows(table.kind, table.columns, origins, table.raw, table.decimal), at)
    return Taken(taken.facts, [_faulty(raw, table, fault) for fault in table.faults] + taken.refused)


def sift(rows: Rows, at: Circumstances) -> Taken:
    """Rows of one kind as facts, in the order of the rows."""
    if not len(rows):
        return Taken()
    sifted, name = SIFTS[rows.kind]
    facts, sieve = sifted(rows, at)
    return Taken({name: facts} if len(facts) else {}, refused_rows(rows, sieve))


def _faulty(raw: RawFile, table: Table, fault: Fault) -> Refused:
    return Refused(table.kind, f"{raw.name}:{fault.line}", fault.reason, fault.sentence, fault.raw, fields=fault.fields)


def _stored(store: Store, raw: RawFile, taken: Taken, *, at: Circumstances, run_id: str) -> IngestCounts:
    digest = hashlib.sha256(raw.content).hexdigest()
    batch = Batch(
        run_id=run_id,
        source=at.source,
        received_at=at.now,
        **taken.facts,  # type: ignore[arg-type]
        set_aside=set_aside_frame(taken.refused, at.source) if taken.refused else None,
        taken_file=None if raw.trouble else (digest, raw.name),
    )
    return counted(append(store, batch), set_aside=len(taken.refused))


def counted(became: Mapping[str, object], *, set_aside: int) -> IngestCounts:
    """The store's counts of each kind of fact as one."""
    facts = [count for name, count in became.items() if name != "set_aside"]
    new, unchanged, corrected = (
        sum(getattr(count, name) for count in facts) for name in ("new", "unchanged", "corrected")
    )
    return IngestCounts(new + unchanged + corrected + set_aside, new, unchanged, corrected, set_aside)
