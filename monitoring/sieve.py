"""Rows of text, column by column, and which of them fall through: the first reason counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from monitoring import csv_columns, times
from monitoring.terms import Catalog

LONGEST_QUOTED = 40
Fault = tuple[str, str, str]  # reason, sentence, code to group by


@dataclass(frozen=True)
class OwnName:
    """The analyte that a source means by a code or name of its own. `unit`: to be read where it sends none."""

    analyte: str
    unit: str = ""


@dataclass(frozen=True)
class Circumstances:
    """
    What a row is read by: catalog, the ward's clock, the moment of reading, who sent it, and in which encoding.

    `identifier_system`: whose numbers the source's patients are known by, "" where by the source's own.
    `own`: what the source means by names of its own, by their plain form; they go before the catalog's.
    """

    catalog: Catalog
    zone: ZoneInfo
    now: datetime
    source: str
    encoding: str = ""
    identifier_system: str = ""
    own: Mapping[str, OwnName] = field(default_factory=dict)

    @property
    def latest(self) -> pd.Timestamp:
        """Clocks differ by minutes; nothing after this can have happened yet."""
        return pd.Timestamp(self.now) + pd.Timedelta(minutes=self.catalog.settings["future_tolerance_minutes"])


@dataclass(frozen=True)
class Cells:
    """One column: every distinct text once, and which of them each row holds."""

    texts: np.ndarray
    codes: np.ndarray

    def each(self, meaning: Callable[[str], object]) -> np.ndarray:
        """`meaning` of every row's text, asked once for every distinct text."""
        return self.spread([meaning(text) for text in self.texts])

    def spread(self, meanings: Sequence[object]) -> np.ndarray:
        """Row by row what stands in `meanings` for its text."""
        told = np.empty(len(self.texts), dtype=object)
        told[:] = meanings
        return told[self.codes]

    def mask(self, holds: Callable[[str], object]) -> np.ndarray:
        return np.array([bool(holds(text)) for text in self.texts], dtype=bool)[self.codes]

    def column(self, meaning: Callable[[str], str] = str) -> pd.api.extensions.ExtensionArray:
        """The same as `each`, as the text column of a frame."""
        return pd.array([meaning(text) for text in self.texts], dtype="str").take(self.codes)

    def hashes(self, meaning: Callable[[str], str] = str.strip) -> np.ndarray:
        return hashed([meaning(text) for text in self.texts])[self.codes]

    @cached_property
    def trimmed(self) -> np.ndarray:
        return self.each(str.strip)

    @cached_property
    def blank(self) -> np.ndarray:
        return self.mask(lambda text: not text.strip())


@dataclass(frozen=True)
class Rows:
    """Rows of one kind as text. `origins`: where each stood. `raw`: the whole line as it came. `decimal`: the mark."""

    kind: str
    columns: Mapping[str, Sequence[str]]
    origins: Sequence[str]
    raw: Callable[[int], str]
    decimal: str = "."

    def __len__(self) -> int:
        return len(self.origins)

    def cells(self, name: str) -> Cells:
        """A column that is not there is blank in every row."""
        if name not in self.columns:
            return Cells(np.array([""], dtype=object), np.zeros(len(self), dtype="int64"))
        return cells_of(self.columns[name])

    def fields(self, place: int) -> dict[str, str]:
        return {name: column[place] for name, column in self.columns.items()}


class Sieve:
    """`reason` "" where a row passed. Sentences and codes stand beside the reason."""

    def __init__(self, rows: Rows) -> None:
        self.reason, self.sentence, self.code = (np.full(len(rows), "", dtype=object) for _ in range(3))
        self.passed = np.ones(len(rows), dtype=bool)
        self.patient = rows.cells("patient_id")
        if missing := csv_columns.missing(rows.columns, rows.kind):
            sentence = f"The file has no column {' and no column '.join(missing)}."
            self.refuse(self.passed, "missing_column", sentence, ", ".join(missing))
        self.refuse(self.patient.blank, "no_patient", "The row names no patient.")

    def refuse(self, wrong: np.ndarray, reason: str, sentence: str | np.ndarray, code: str | np.ndarray = "") -> None:
        """`sentence` and `code`: one for all, or one a row."""
        new = wrong & self.passed
        if not new.any():
            return
        self.reason[new] = reason
        self.sentence[new] = sentence[new] if isinstance(sentence, np.ndarray) else sentence
        self.code[new] = code[new] if isinstance(code, np.ndarray) else code
        self.passed &= ~new

    def refuse_each(self, faults: Sequence[Fault | None] | np.ndarray) -> None:
        """`faults`: a row's (reason, sentence, code), or None where nothing is wrong."""
        places = [place for place, fault in enumerate(faults) if fault and self.passed[place]]
        for place in places:
            self.reason[place], self.sentence[place], self.code[place] = faults[place]  # type: ignore[misc]
        self.passed[places] = False

    def moments(self, cells: Cells, name: str, at: Circumstances, *, needed: bool, past: bool) -> pd.DatetimeIndex:
        """`needed`: a blank is refused. `past`: a moment still to come is refused."""
        read = times.moments(cells.texts, at.zone)
        index = pd.DatetimeIndex(read.at).take(cells.codes)
        self.refuse_times(name, cells, read, needed=needed)
        if past:
            self.refuse(index > at.latest, "future_time", f"{name} lies in the future.")
        return index

    def refuse_times(self, name: str, cells: Cells, read: times.Moments, *, needed: bool) -> None:
        wrong = (read.fault != "") & (needed | (read.fault != times.BLANK))
        sentences = cells.spread([f"{name} cannot be used: {fault}." for fault in read.fault])
        self.refuse(wrong[cells.codes], "no_time", sentences)


def told_moments(rows: Rows, at: Circumstances) -> pd.DatetimeIndex:
    """When the source wrote each row down, where it says so: a column beside the contract, which orders versions."""
    cells = rows.cells("told_at")
    return pd.DatetimeIndex(times.moments(cells.texts, at.zone).at).take(cells.codes)


def cells_of(texts: Sequence[str] | np.ndarray) -> Cells:
    column = np.empty(len(texts), dtype=object)
    column[:] = texts
    codes, distinct = pd.factorize(column)
    return Cells(distinct, codes)


def hashed(texts: Iterable[str]) -> np.ndarray:
    """Each text as a 64-bit number."""
    digests = b"".join([blake2b(text.encode(), digest_size=8).digest() for text in texts])
    return np.frombuffer(digests, dtype=">u8").astype("uint64")


def mixed(*parts: np.ndarray | str) -> np.ndarray:
    """
    One signed 64-bit number a row out of several, in this order: hashes, whole numbers, or a text for every row.

    Splitmix64 over hashes of the distinct texts, which is a tenth of the work of hashing every row's own text.
    Stored numbers rest on it: it may not change.
    """
    state: np.ndarray = np.zeros(1, dtype="uint64")
    for part in parts:
        state = state ^ (hashed([part]) if isinstance(part, str) else part.astype("uint64"))
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return state.astype("int64")


def refs(source_id: Cells, *, named: Sequence[np.ndarray | str], placed: Sequence[np.ndarray | str]) -> np.ndarray:
    """What each fact is known by: `named` where the source gave it an identifier, else `placed`."""
    return np.where(source_id.blank, mixed(*placed), mixed(*named))


def whole_moments(index: pd.DatetimeIndex) -> np.ndarray:
    """Microseconds since 1970, for keys; one far-off number where there is none."""
    return index.as_unit("us").asi8


def quoted(text: str) -> str:
    """A unit, code or name as a sentence may repeat it."""
    text = " ".join(text.split())
    return f"“{text if len(text) <= LONGEST_QUOTED else text[: LONGEST_QUOTED - 1] + '…'}”"


def number_text(value: float) -> str:
    """One text for one number, however it was written; "" for none."""
    return "" if value != value else repr(float(value) + 0.0)
