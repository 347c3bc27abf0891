"""What could not be used, kept whole: rows and files with reason, sentence and the original."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import pandas as pd

from monitoring.sieve import Rows, Sieve

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
    mark = {DECIMAL: rows.decimal} if rows.decimal != "." else {}
    return [
        Refused(
            kind=rows.kind,
            origin=rows.origins[place],
            reason=sieve.reason[place],
            sentence=sieve.sentence[place],
            raw=rows.raw(place),
            patient_id=rows.columns["patient_id"][place].strip() if "patient_id" in rows.columns else "",
            code=sieve.code[place],
            fields=rows.fields(place) | mark,
        )
        for place in (~sieve.passed).nonzero()[0].tolist()
    ]


def refused_file(name: str, sentence: str, raw: str) -> Refused:
    return Refused(FILE, name, "file_unreadable", sentence, raw, code=name)


def set_aside_frame(refused: Iterable[Refused], source: str, delivery: str = "") -> pd.DataFrame:
    """As `storage.writes.Batch` wants it. What was set aside before has the same id again. `delivery`: that of all."""
    seen: Counter[tuple[str, ...]] = Counter()
    told = [(*_kept(one, source, seen), one.delivery or delivery) for one in refused]
    return pd.DataFrame(told, columns=list(COLUMNS), dtype="str")


def _kept(one: Refused, source: str, seen: Counter[tuple[str, ...]]) -> tuple[str, ...]:
    same = (source, one.kind, one.reason, one.raw, one.origin if one.kind == FILE else "")
    key = "\x1f".join((*same, str(seen[same])))
    seen[same] += 1
    name = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=ID_BYTES).hexdigest()
    fields = json.dumps(dict(one.fields))
    return name, one.kind, one.origin, one.patient_id, one.code, one.reason, one.sentence, one.raw, fields
