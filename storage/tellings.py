"""Facts as they are told, beside what is stored of them: which are news, and these written as the next versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from sqlalchemy import Connection
from sqlmodel import SQLModel

from storage import bulk, known
from storage.columns import UNKNOWN, Rows, coded, columns_of, microseconds, numbered, rows_of, texts, whole_numbers
from storage.versioning import UNCHANGED, judged

ADDED = ("patient_id", "version", "source", "received_at", "run_id")  # known when a fact is written


@dataclass(frozen=True)
class Fact:
    """A kind of fact, and the column that says when it was."""

    model: type[SQLModel]
    when: str

    @property
    def table(self) -> Any:
        return self.model.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Laid:
    """
    Facts laid out as the store writes them, row by row in the order told. Another process can do that while this one
    writes those before; which of them are news is left to find out.

    `tellings`: see versioning.judged and known.versions_of. `arrays`, `same`: as in columns.Rows, without what is
    ADDED. `order`: the places of the rows in the order of the table's own tree.
    """

    tellings: pd.DataFrame
    arrays: dict[str, pa.Array]
    same: dict[str, Any]
    order: np.ndarray

    @property
    def patients(self) -> pd.Series:
        """Each once."""
        return pd.Series(self.tellings["patient_id"].unique(), dtype="str")

    def renamed(self, patients: pd.Series) -> Laid:
        """With these in place of `patients`."""
        before = self.patients
        if before.equals(patients):
            return self
        names = dict(zip(before, patients, strict=True))
        tellings = self.tellings.assign(patient_id=self.tellings["patient_id"].map(names).astype("str"))
        return replace(self, tellings=tellings, order=_clustered(tellings["patient_id"], tellings["at"].to_numpy()))

    def rows(self, fact: Fact, places: np.ndarray, added: Mapping[str, Any]) -> Rows:
        """Of those at `places`, in that order, with what is ADDED but for the patient."""
        patients = self.tellings[["patient_id"]].take(places)
        theirs, same = columns_of(patients, fact.model, added, but={*self.arrays, *self.same})
        arrays = {name: coded(array) for name, array in theirs.items()}
        arrays |= {name: array.take(pa.array(places)) for name, array in self.arrays.items()}
        return numbered(fact.model, len(places), arrays, self.same | same)


def laid_out(frame: pd.DataFrame, fact: Fact) -> Laid:
    arrays, same = columns_of(frame, fact.model, {}, but=ADDED)
    tellings = _tellings(frame, fact.when)
    order = _clustered(tellings["patient_id"], tellings["at"].to_numpy())
    return Laid(tellings, {name: coded(array) for name, array in arrays.items()}, same, order)


def laid_in(connection: Connection, fact: Fact, laid: Laid, stamp: Mapping[str, Any], *, taken: bool) -> np.ndarray:
    """What `taken_in` does, of facts that are laid out already."""
    verdict, version = judged(laid.tellings, _known(connection, fact, laid.tellings), taken=taken)
    places = laid.order[verdict[laid.order] != UNCHANGED]
    bulk.insert_new(connection, laid.rows(fact, places, dict(stamp) | {"version": version[places]}))
    return verdict


def taken_in(
    connection: Connection, fact: Fact, frame: pd.DataFrame, stamp: Mapping[str, Any], *, taken: bool
) -> np.ndarray:
    """The verdict on each row, see versioning.judged."""
    tellings = _tellings(frame, fact.when)
    verdict, version = judged(tellings, _known(connection, fact, tellings), taken=taken)
    places = np.flatnonzero(verdict != UNCHANGED)
    places = places[_clustered(frame["patient_id"].take(places), tellings["at"].to_numpy()[places])]
    rows = rows_of(frame.take(places), fact.model, dict(stamp) | {"version": version[places]})
    bulk.insert_new(connection, rows)
    return verdict


def _known(connection: Connection, fact: Fact, tellings: pd.DataFrame) -> pd.DataFrame:
    """The stored versions of what is told. A patient without rows has none, so a first delivery looks nothing up."""
    seen = known.patients_seen(connection, fact.table, tellings["patient_id"].unique().tolist())
    return known.versions_of(connection, fact.table, tellings[tellings["patient_id"].isin(seen)], fact.when)


def told_of(frame: pd.DataFrame) -> pd.DataFrame:
    """What versioning.judged asks of each row of facts."""
    moments = {
        name: microseconds(frame[name]) if name in frame.columns else UNKNOWN for name in ("resulted_at", "told_at")
    }
    numbers = {name: whole_numbers(frame, name) for name in ("ref", "digest")}
    return pd.DataFrame({"patient_id": frame["patient_id"].reset_index(drop=True)} | numbers).assign(**moments)


def _tellings(frame: pd.DataFrame, when: str) -> pd.DataFrame:
    names = pd.array(texts(frame["source_id"], ""), dtype="str") if "source_id" in frame.columns else ""
    return told_of(frame).assign(source_id=names, at=microseconds(frame[when]))


def _clustered(patients: pd.Series, at: np.ndarray) -> np.ndarray:
    """The order of the table's own tree, so that a batch fills its pages one after the other."""
    names, _ = pd.factorize(patients, sort=True)
    return np.lexsort((at, names))
