"""Tables in which nobody is named: pseudonyms, moved dates, keyed numbers, and no text that somebody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.matching import of_each
from monitoring.disguise import pseudonyms, shifts
from monitoring.exports.covering import hexadecimal, keyed, signs
from monitoring.exports.fields import Field, Layout, Table

Frames = dict[str, pd.DataFrame]


def plain(frames: Frames, laid: Layout) -> Frames:
    """The identified tables: numbers of facts as text, all else as it is."""
    return {name: _numbered(frame, laid.tables[name]) for name, frame in frames.items()}


def hidden(frames: Frames, laid: Layout, key: bytes, as_of: datetime) -> Frames:
    """The same tables, each column as export.toml says; rows in the order of the pseudonyms, which tell no order."""
    patients = frames["patients"]
    if patients.empty:
        return frames
    names = sorted(patients["patient_id"])
    cover = _Cover(patients, key, as_of, laid.settings["bulk_after_days"], names, frames["labs"])
    return {name: cover.table(frame, laid.tables[name]) for name, frame in frames.items()}


def _numbered(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """A number that the store gave (it is negative as often as not) as a text of hexadecimal signs."""
    ids = [one.name for one in table.fields if one.name in frame and _is_number(frame[one.name], one)]
    return frame.assign(**{name: _written(frame[name].to_numpy()) for name in ids})


def _written(numbers: np.ndarray) -> np.ndarray:
    return hexadecimal(numbers.view("u8")).astype("U").astype("object")


def _is_number(column: pd.Series, one: Field) -> bool:
    return one.hiding == "number" and pd.api.types.is_integer_dtype(column)


class _Cover:
    """What hides some patients."""

    def __init__(
        self, patients: pd.DataFrame, key: bytes, as_of: datetime, days: int, names: list[str], labs: pd.DataFrame
    ) -> None:
        self.key, self.as_of = key, pd.Timestamp(as_of)
        self.names, self.moved = pseudonyms(names, key), shifts(names, key)
        last = patients.set_index("patient_id")[["first_result_at", "admitted_at", "discharged_at"]].max(axis=1)
        drawn = labs.groupby("patient_id")["collected_at"].max()
        self.until = pd.concat([last, drawn]).groupby(level=0).max() + pd.Timedelta(days=days)

    def table(self, frame: pd.DataFrame, table: Table) -> pd.DataFrame:
        if frame.empty:
            return frame
        fields = [one for one in table.fields if one.name in frame]
        frame = self._in_order(frame[[one.name for one in fields]])
        by = self._each(frame["patient_id"], self.moved)
        covered = {one.name: self._column(frame, one, by) for one in fields if one.hiding}
        return frame.assign(**covered)

    def _in_order(self, frame: pd.DataFrame) -> pd.DataFrame:
        """By pseudonym, and those of a patient as they come: laboratory values, which are many, stand so already."""
        codes, names = pd.factorize(frame["patient_id"])
        shown = [self.names[name] for name in names]
        rank = np.argsort(np.argsort(np.array(shown, dtype=object)))[codes]
        stands = bool((rank[1:] >= rank[:-1]).all())
        return (frame if stands else frame.take(np.argsort(rank, kind="stable"))).reset_index(drop=True)

    def _each(self, patients: pd.Series, told: Mapping[str, Any]) -> pd.Series:
        """What is told of each one's patient, looked up once a patient."""
        codes, names = pd.factorize(patients)
        return pd.Series(pd.Series([told[name] for name in names]).array.take(codes), index=patients.index)

    def _column(self, frame: pd.DataFrame, one: Field, by: pd.Series) -> pd.Series:
        column = frame[one.name]
        if one.hiding == "pseudonym":
            return self._each(column, self.names)
        if one.hiding == "shifted":
            return column + by
        if one.hiding == "ours":
            return self._ours(column, frame["patient_id"]) + by
        if one.hiding == "number":
            return self._keyed(column, one.name)
        if one.hiding == "pattern":
            return column.where(column.str.fullmatch(one.pattern).fillna(False).astype(bool), None)
        return pd.Series([None] * len(frame), index=frame.index, dtype="object")

    def _ours(self, column: pd.Series, patients: pd.Series) -> pd.Series:
        """To the minute: the microseconds of one batch would tell whose dates were moved by how much."""
        late = column > of_each(patients, self.until)
        told = column.where(~late & column.lt(self.as_of))
        return told.dt.floor("min")

    def _keyed(self, column: pd.Series, name: str) -> pd.Series:
        if pd.api.types.is_integer_dtype(column):
            return pd.Series(_written(keyed(column.to_numpy(), self.key, name)), index=column.index)
        codes, distinct = pd.factorize(column)
        told = [signs(self.key, name, value) if str(value) else None for value in distinct]
        return pd.Series(pd.array(told, dtype="object")[codes], index=column.index)
