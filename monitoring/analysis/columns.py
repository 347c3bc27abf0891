"""
Columns as plain arrays, and back: what pandas does for a frame of three rows costs as much as for a thousand, and a
judgement asks a few hundred times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from monitoring.analysis.matching import numbered, paired, spread

Table = dict[str, np.ndarray]  # columns of one length, while they are worked on
MOMENT = "datetime64[us]"
NEVER = np.datetime64("NaT", "us")


def moments(column: pd.Series) -> np.ndarray:
    """Times as datetime64 in UTC, NaT where there is none."""
    return column.to_numpy(dtype=MOMENT)


def utc(times: np.ndarray) -> pd.DatetimeIndex:
    """The same times with their zone, as a column of a frame."""
    return pd.DatetimeIndex(times.astype(MOMENT, copy=False), tz="UTC")


def spans(hours: Any) -> Any:
    """Hours as timedelta64; NaT for NaN."""
    return (np.asarray(hours, dtype=float) * 3.6e9).round().astype("timedelta64[us]")


def texts(column: pd.Series) -> np.ndarray:
    """Python texts, one a row: for few rows, of which each is compared in turn."""
    return column.to_numpy(dtype=object)


def text_column(values: np.ndarray) -> pd.Series:
    """Python texts as a column of a frame, the same type when there are none."""
    return pd.Series(values, dtype="str")


def chosen_texts(words: Sequence[str], which: np.ndarray) -> pd.Series:
    """Of a few texts the one each row names by its place: no Python text is made a row."""
    told = pa.array(words, pa.large_string()).take(pa.array(which))
    return pd.Series(pd.array(told, dtype="str"))


def as_array(column: pd.Series) -> np.ndarray:
    """Numbers as they are, times as datetime64, texts as Python texts."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return moments(column)
    return column.to_numpy() if column.dtype.kind in "fibu" else texts(column)


def framed(columns: Mapping[str, Any]) -> pd.DataFrame:
    """A frame of these columns: times with their zone, texts as texts, also when there are no rows."""
    return pd.DataFrame({name: _column(values) for name, values in columns.items()}, copy=False)


def _column(values: Any) -> Any:
    kind = getattr(values.dtype, "kind", "")
    if isinstance(values, np.ndarray) and kind == "M":
        return utc(values)
    return text_column(values) if isinstance(values, np.ndarray) and kind in "OU" else values


def by_text(column: pd.Series, told: Mapping[str, Any], missing: Any) -> np.ndarray:
    """For each row what is told of its text; every text is looked up once."""
    if all_blank(column):
        return np.array([told.get("", missing), missing]).repeat([len(column), 0])
    codes, names = pd.factorize(column)
    return np.array([*(told.get(name, missing) for name in names), missing])[codes]


def by_word(column: pd.Series, tell: Callable[[str], Any], missing: Any) -> np.ndarray:
    """For each row what `tell` says of its text; every text is asked about once."""
    codes, names = pd.factorize(column)
    return np.array([*(tell(name) for name in names), missing])[codes]


def ranked(column: pd.Series) -> np.ndarray:
    """For each row the place of its text among the texts of the column, in their order."""
    codes, names = pd.factorize(column)
    return np.argsort(np.argsort(np.asarray(names, dtype=object), kind="stable"), kind="stable")[codes]


def all_blank(column: pd.Series) -> bool:
    """Whether every text is empty, without looking at each."""
    told = pa.array(column.array)
    if told.null_count or not pa.types.is_large_string(told.type):
        return False
    return not pc.max(pc.binary_length(told)).as_py()


def moved(points: pd.DataFrame) -> np.ndarray:
    """What a product moved, whether or not a rule may still use it: confounded_by is not empty."""
    return ~points["usable"].to_numpy(dtype=bool) | points["confounded_kept"].to_numpy(dtype=bool)


def clean(points: pd.DataFrame) -> np.ndarray:
    """Numbers that no product moved."""
    return points["exact"].to_numpy(dtype=bool) & ~moved(points)


@dataclass(frozen=True)
class Laid:
    """
    Points by series: the position at which each series begins (`begins`), the patient and the analyte of each, and for
    each point the number of its series. Texts are compared once a series, not once a value.
    """

    begins: np.ndarray
    number: np.ndarray
    patient: np.ndarray
    analyte: np.ndarray

    @staticmethod
    def of(points: pd.DataFrame, series: np.ndarray | None = None) -> Laid:
        series = (points["series"].to_numpy() if "series" in points else _series(points)) if series is None else series
        changed = np.r_[True, series[1:] != series[:-1]] if len(series) else np.zeros(0, dtype=bool)
        begins = np.flatnonzero(changed)
        patient, analyte = (texts(points[name].take(begins)) for name in ("patient_id", "analyte"))
        return Laid(begins, np.cumsum(changed) - 1, patient, analyte)

    def patients(self) -> np.ndarray:
        """For each series the number of its patient."""
        return np.asarray(pd.factorize(self.patient)[0])

    def each(self, by_analyte: Mapping[str, Any], missing: Any) -> np.ndarray:
        """For each point what is said of its analyte."""
        codes, names = pd.factorize(self.analyte)
        told = np.array([*(by_analyte.get(name, missing) for name in names), missing], dtype=np.asarray(missing).dtype)
        return told[codes][self.number]

    def among(self, analytes: Any) -> np.ndarray:
        """Which points are of one of these analytes."""
        return self.each(dict.fromkeys(analytes, True), False)

    def of_patients(self, patients: np.ndarray) -> np.ndarray:
        """Which points are of one of these patients."""
        return pd.Series(self.patient, dtype=object).isin(patients).to_numpy()[self.number]

    def values(self, series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All values of some series: which of them, and the position of the value."""
        place, within = spread(np.diff(np.r_[self.begins, len(self.number)])[series])
        return place, self.begins[series[place]] + within

    def touched(self, patient: np.ndarray, analyte: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For rows of a patient and an analyte each of its values: the position of the row, and of the value."""
        row, series = paired([patient, analyte], [self.patient, self.analyte])
        place, at = self.values(series)
        return row[place], at

    def touched_between(
        self, patient: np.ndarray, analyte: np.ndarray, times: Between
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of them those drawn after each row's moment `after` and no later than `until`; series go by time."""
        row, series = paired([patient, analyte], [self.patient, self.analyte])
        begin = self.begins[series]
        end = np.r_[self.begins, len(self.number)][series + 1]
        until = np.where(np.isnat(times.until), times.after, times.until)
        first, last = (later(times.drawn, begin, end, side[row]) for side in (times.after, until))
        place, within = spread(np.maximum(last - first, 0))
        return row[place], first[place] + within


@dataclass(frozen=True)
class Between:
    """`drawn`: when each point was; `after` and `until`: a stretch of time for each row."""

    drawn: np.ndarray
    after: np.ndarray
    until: np.ndarray


def later(times: np.ndarray, begin: np.ndarray, end: np.ndarray, than: np.ndarray) -> np.ndarray:
    """
    The first position from `begin` to `end` at which `times`, in order there, are later than `than`; else `end`. All
    ranges are halved at once. Nothing is later than a time that is not there.
    """
    low, high = begin, end
    while (open_ := low < high).any():
        middle = (low + high) // 2
        after = open_ & (times[np.minimum(middle, len(times) - 1)] > than)
        high = np.where(after, middle, high)
        low = np.where(open_ & ~after, middle + 1, low)
    return low


def _series(points: pd.DataFrame) -> np.ndarray:
    return numbered(*(texts(points[name]) for name in ("patient_id", "analyte")))
