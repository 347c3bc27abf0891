"""From raw results to facts: every row of a feed ends as new, unchanged, corrected or set aside, and none is lost."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import pandas as pd

from monitoring.cells import Origins
from monitoring.content import kind_of
from monitoring.csv_reading import Fault, Table, UnreadableError, read_csv
from monitoring.decoding import kept_bytes, known_encoding
from monitoring.deletions import Deletion, parted, withdrawals
from monitoring.fhir.reading import read_fhir
from monitoring.hl7.reading import read_hl7
from monitoring.identity import newcomers, placed
from monitoring.pieces import Pieces, places_of
from monitoring.raw_files import RawFile, read_paths
from monitoring.refused import Refused, refused_file, set_aside_frame
from monitoring.settings import Settings
from monitoring.sieve import Circumstances, Rows
from monitoring.sifting import Taken, sift
from monitoring.site_map import circumstances
from monitoring.terms import Catalog
from storage.engine import Store
from storage.writes import Batch, Coming, append

__all__ = ["Circumstances", "IngestCounts", "RawFile", "Taken", "read", "read_paths", "sift", "take_in"]

log = logging.getLogger(__name__)


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
    from monitoring.retrying import joined  # which reads with what stands here

    at = circumstances(store, settings, catalog, source, now)
    encoding = encoding_of(settings, source)
    total = IngestCounts()
    for raw in raws:
        told = _opened(store, raw, replace(at, encoding=encoding))
        if isinstance(told, Pieces):
            counts, taken = _stored_in_pieces(store, raw, told, at=at, run_id=run_id), Taken()
        else:
            taken, deleted = parted(told)
            counts = _taken_back(store, deleted, at=at, run_id=run_id) if deleted else IngestCounts()
            taken = placed(store, taken)
            counts += _stored(store, raw, taken, at=at, run_id=run_id)
        if people := newcomers(taken):
            counts += joined(store, catalog, settings, people, source=source, run_id=run_id, now=now)
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
    return READERS[kind_of(raw.content)](raw, replace(at, encoding=encoding))


def read_table(raw: RawFile, at: Circumstances) -> Taken:
    """A CSV file."""
    table = _table(raw, at)
    return table if isinstance(table, Taken) else _sifted(raw, table, at)


def _opened(store: Store, raw: RawFile, at: Circumstances) -> Taken | Pieces:
    """What a file holds; of a long table of results pieces that are still to be read."""
    if raw.trouble or kind_of(raw.content) != "csv":
        return read(raw, at, at.encoding)
    table = _table(raw, at)
    if isinstance(table, Taken):
        return table
    places = places_of(store, table)
    return Pieces(raw.name, table, at, places, _faults(raw, table)) if len(places) > 1 else _sifted(raw, table, at)


def _table(raw: RawFile, at: Circumstances) -> Table | Taken:
    """Its rows as they were told apart, or that they cannot be."""
    try:
        return read_csv(raw.content, at.encoding)
    except UnreadableError as error:
        return Taken(refused=[refused_file(raw.name, str(error), kept_bytes(raw.content, at.encoding))])


def _sifted(raw: RawFile, table: Table, at: Circumstances) -> Taken:
    origins = Origins(raw.name, table.first + 1)
    taken = sift(Rows(table.kind, table.columns, origins, table.raw, table.decimal), at)
    return Taken(taken.facts, _faults(raw, table) + taken.refused)


def _faults(raw: RawFile, table: Table) -> list[Refused]:
    return [_faulty(raw, table, fault) for fault in table.faults]


def _faulty(raw: RawFile, table: Table, fault: Fault) -> Refused:
    return Refused(table.kind, f"{raw.name}:{fault.line}", fault.reason, fault.sentence, fault.raw, fields=fault.fields)


def _read_slice(raw: RawFile, at: Circumstances) -> Taken:
    """Of a research database, whose readers no other feed has to wait for."""
    from monitoring.retrospective.reading import read_slice

    return read_slice(raw, at)


# What reads a file of each kind that `content.kind_of` tells.
READERS: Mapping[str, Callable[[RawFile, Circumstances], Taken]] = {
    "csv": read_table,
    "hl7": read_hl7,
    "fhir": read_fhir,
    "parquet": _read_slice,
}


def _taken_back(store: Store, deleted: list[Deletion], *, at: Circumstances, run_id: str) -> IngestCounts:
    """Before what else was told is kept: told again after a crash, it finds nothing that still stands."""
    gone = withdrawals(store, at.source, deleted, now=at.now)
    batch = Batch(
        run_id,
        at.source,
        at.now,
        gone.get("observations"),
        gone.get("doses"),
        gone.get("findings"),
        gone.get("patients"),
        named=True,
    )
    return counted(append(store, batch), set_aside=0) if gone else IngestCounts()


def _stored(store: Store, raw: RawFile, taken: Taken, *, at: Circumstances, run_id: str) -> IngestCounts:
    batch = as_batch(raw, taken, at=at, run_id=run_id)
    return counted(append(store, batch), set_aside=len(taken.refused))


def _stored_in_pieces(store: Store, raw: RawFile, pieces: Pieces, *, at: Circumstances, run_id: str) -> IngestCounts:
    def set_aside() -> pd.DataFrame | None:
        return set_aside_frame(pieces.refused, at.source, raw.delivery) if pieces.refused else None

    with pieces.coming(store) as laid:
        batch = replace(as_batch(raw, Taken(), at=at, run_id=run_id), coming=Coming(laid, set_aside))
        return counted(append(store, batch), set_aside=len(pieces.refused))


def as_batch(raw: RawFile, taken: Taken, *, at: Circumstances, run_id: str) -> Batch:
    """What was read of one file, as the store wants it."""
    digest = hashlib.sha256(raw.content).hexdigest()
    return Batch(
        run_id=run_id,
        source=at.source,
        received_at=at.now,
        **taken.facts,  # type: ignore[arg-type]
        set_aside=set_aside_frame(taken.refused, at.source, raw.delivery) if taken.refused else None,
        taken_file=None if raw.trouble else (digest, raw.name),
        deliveries=[raw.delivery] if raw.delivery else None,
        marks=raw.marks,
    )


def counted(became: Mapping[str, object], *, set_aside: int) -> IngestCounts:
    """The store's counts of each kind of fact as one."""
    facts = [count for name, count in became.items() if name != "set_aside"]
    new, unchanged, corrected = (
        sum(getattr(count, name) for count in facts) for name in ("new", "unchanged", "corrected")
    )
    return IngestCounts(new + unchanged + corrected + set_aside, new, unchanged, corrected, set_aside)
