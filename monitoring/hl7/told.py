"""Rows of text as they are gathered from segments, under the column names of the CSV contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from monitoring.csv_columns import AUTHORITY, COLUMNS
from monitoring.decoding import UNSOUND, kept, unsound
from monitoring.hl7.segments import Segment
from monitoring.refused import Refused
from monitoring.sieve import Rows

__all__ = ["AUTHORITY", "Told", "judged", "refused", "rows", "shown"]

KINDS = ("patients", "treatments", "labs", "merges")
# A record that goes on under another number, and what said so.
MERGE = ("patient_id", "into", "into_authority", "reason")

ENCODING = "The message holds bytes that are no text in its character set (MSH-18, or the encoding of the source)."


@dataclass(frozen=True)
class Told:
    """One row. `segments`: those it was read from, its own last. `fault`: (reason, sentence) where it is no row."""

    kind: str
    cells: Mapping[str, str]
    segments: Sequence[Segment]
    fault: tuple[str, str] = ("", "")

    @property
    def line(self) -> int:
        return self.segments[-1].line

    @property
    def raw(self) -> str:
        return kept("\n".join(segment.text for segment in self.segments), self.segments[-1].marks.encoding)


def judged(told: Told) -> Told:
    """With its fault where a cell is no text: nothing after this could tell what it says."""
    if told.fault[0] or not unsound("\n".join(told.cells.values())):
        return told
    return Told(told.kind, told.cells, told.segments, ("bad_encoding", ENCODING))


def refused(told: Told, name: str) -> Refused:
    """A faulty one. Only bytes in a wrong encoding can be read again, as soon as the right one is set."""
    fields = dict(told.cells) if told.fault[0] == "bad_encoding" else {}
    patient = told.cells.get("patient_id", "")
    patient = "" if unsound(patient) else patient
    reason, sentence = told.fault
    return Refused(told.kind, f"{name}:{told.line}", reason, shown(sentence), told.raw, patient, fields=fields)


def shown(sentence: str) -> str:
    """A sentence that repeats what a message said, without what no store can hold."""
    return UNSOUND.sub("?", sentence)


def rows(every: Sequence[Told], name: str) -> Iterator[Rows]:
    """Those of each kind, in the order told."""
    for kind in KINDS:
        told = [one for one in every if one.kind == kind]
        if not told:
            continue
        names = (*COLUMNS.get(kind, MERGE), AUTHORITY)
        columns = {column: [one.cells.get(column, "") for one in told] for column in names}
        yield Rows(kind, columns, [f"{name}:{one.line}" for one in told], partial(_raw, told))


def _raw(told: Sequence[Told], place: int) -> str:
    """Asked for only where a row is set aside."""
    return told[place].raw
