"""Facts as they are told, beside what is stored of them: which are news, and these written as the next versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection
from sqlmodel import SQLModel

from storage import bulk, known
from storage.columns import UNKNOWN, microseconds, rows_of, texts, whole_numbers
from storage.versioning import UNCHANGED, judged


@dataclass(frozen=True)
class Fact:
    """A kind of fact, and the column that says when it was."""

    model: type[SQLModel]
    when: str

    @property
    def table(self) -> Any:
        return self.model.__table__  # type: ignore[attr-defined]


def taken_in(
    connection: Connection, fact: Fact, frame: pd.DataFrame, stamp: Mapping[str, Any], *, taken: bool
) -> np.ndarray:
    """The verdict on each row, see versioning.judged."""
    tellings = _tellings(frame, fact.when)
    verdict, version = judged(tellings, _known(connection, fact, tellings), taken=taken)
    places = np.flatnonzero(verdict != UNCHANGED)
    places = places[_clustered(frame, fact.when, places)]
    rows = rows_of(frame.take(places), fact.model, dict(stamp) | {"version": version[places].tolist()})
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


def _clustered(frame: pd.DataFrame, when: str, places: np.ndarray) -> np.ndarray:
    """The order of the table's own tree, so that a batch fills its pages one after the other."""
    patients, _ = pd.factorize(frame["patient_id"].take(places), sort=True)
    return np.lexsort((microseconds(frame[when].take(places)), patients))
