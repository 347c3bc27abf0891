"""Rows of text, column by column, and which of them fall through: the first reason counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from monitoring import csv_columns, times
from monitoring.cells import Cells, cells_of, mixed, objects
from monitoring.terms import Catalog

LONGEST_QUOTED = 40
FAR_OFF = pd.Timestamp("2262-01-01", tz="UTC")
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
    `shifted`: its years are not ours (de-identified, or recorded courses), so that nothing lies in the future.
    """

    catalog: Catalog
    zone: ZoneInfo
    now: datetime
    source: str
    encoding: str = ""
    identifier_system: str = ""
    own: Mapping[str, OwnName] = field(default_factory=dict)
    shifted: bool = False

    @property
    def latest(self) -> pd.Timestamp:
        """Clocks differ by minutes; nothing after this can have happened yet."""
        if self.shifted:
            return FAR_OFF
        return pd.Timestamp(self.now) + pd.Timedelta(minutes=self.catalog.settings["future_tolerance_minutes"])


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
        told = objects(faults)
        places = np.flatnonzero(self.passed & pd.notna(told))
        for place in places:
            self.reason[place], self.sentence[place], self.code[place] = told[place]
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
