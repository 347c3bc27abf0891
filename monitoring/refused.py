"""What could not be used, kept whole: rows and files with reason, sentence and the original."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import pandas as pd

from monitoring.sieve import Fault, Rows, Sieve

FILE = "file"
MESSAGE = "message"  # one of several in a file or stream; the same message again is the same item, wherever it comes
WHOLE = (FILE, MESSAGE)  # read again from the bytes kept, not from fields
# Kept beside the columns, since a single row no longer shows which mark its file used. No column's name has a colon.
DECIMAL = ":decimal"
COLUMNS = ("id", "kind", "origin", "patient_id", "code", "reason", "sentence", "raw", "fields", "delivery")
ID_BYTES = 8


@dataclass(frozen=True)
class Refused:
    """One row, or one file or message (kinds "file", "message"). `fields` only where reading it again may help."""

    kind: str
    origin: str
    reason: str
    sentence: str
    raw: str
    patient_id: str = ""
    code: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    delivery: str = ""


def refused_rows(rows: Rows, sieve: Sieve) -> list[Refused]:
    """The rows that fell through."""
    faults = (
        (place, (sieve.reason[place], sieve.sentence[place], sieve.code[place]))
        for place in (~sieve.passed).nonzero()[0].tolist()
    )
    named = rows.columns.get("patient_id")
    return [
        refused_row(rows, place, fault, named[place].strip() if named is not None else "") for place, fault in faults
    ]


def refused_row(rows: Rows, place: int, fault: Fault, patient_id: str) -> Refused:
    reason, sentence, code = fault
    mark = {DECIMAL: rows.decimal} if rows.decimal != "." else {}
    fields = rows.fields(place) | mark
    return Refused(rows.kind, rows.origins[place], reason, sentence, rows.raw(place), patient_id, code, fields)


def refused_file(name: str, sentence: str, raw: str) -> Refused:
    return Refused(FILE, name, "file_unreadable", sentence, raw, code=name)


def set_aside_frame(refused: Iterable[Refused], source: str, delivery: str = "") -> pd.DataFrame:
    """As `storage.writes.Batch` wants it. What was set aside before has the same id again. `delivery`: that of all."""
    seen: Counter[tuple[str, ...]] = Counter()
    told = [(*_kept(one, source, seen), one.delivery or delivery) for one in refused]
    return pd.DataFrame(told, columns=list(COLUMNS), dtype="str")


def _kept(one: Refused, source: str, seen: Counter[tuple[str, ...]]) -> tuple[str, ...]:
    same = (source, one.kind, one.reason, one.raw, one.origin if one.kind == FILE else "")
    there = (one.delivery, *same)  # read together with others, a delivery's items are the same as read by itself
    key = "\x1f".join((*same, str(seen[there])))
    seen[there] += 1
    name = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=ID_BYTES).hexdigest()
    fields = json.dumps(dict(one.fields))
    return name, one.kind, one.origin, one.patient_id, one.code, one.reason, one.sentence, one.raw, fields
