"""
What was read of patients, kept for who judges the same ones again and again: of whom nothing is new nothing is read.

Whether anything is, a patient's stamp says (`heard`), which moves on in the very transaction that keeps the news, and
not the time at which something was received: on a server that may be committed after what was received later. Stamps
are asked for before any row: rows may know of more than their stamp, never of less.

Read anew each time is whoever may be read otherwise without any news: joined records; of whom something was received by
a clock that is ahead, or is planned; of whom nobody noted anything. And everybody where the moment went back or the
store is no longer the same (same_store).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from storage import merges
from storage.engine import Store
from storage.heard import HEARD
from storage.reading import among
from storage.same_store import Seal, holds, seal

Read = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class _Rows:
    """`signs`: of whom the rows in `told` may be kept -> stamp and stretches by which they were read."""

    told: pd.DataFrame
    patients: tuple[str, ...]
    signs: Mapping[str, tuple[Any, ...]]


NOTHING = _Rows(pd.DataFrame(), (), {})


@dataclass
class Kept:
    """For one thread and one catalog. It holds what was read last and never more: what nobody asks for is let go."""

    _rows: dict[tuple[Hashable, int], _Rows] = field(default_factory=dict)
    _asked: Counter[Hashable] = field(default_factory=Counter)
    _stamps: Mapping[str, datetime] = field(default_factory=dict)
    _as_of: datetime | None = None
    _seal: Seal | None = None

    def begin(self, store: Store, patients: Sequence[str], *, as_of: datetime) -> None:
        """Before anything is read of these patients, named as they are read, as it was known at `as_of`."""
        with store.reading() as connection:
            went_back = self._as_of is not None and as_of < self._as_of
            if went_back or self._seal is None or not holds(connection, self._seal):
                self._rows.clear()
            self._rows = {(how, time): rows for (how, time), rows in self._rows.items() if time <= self._asked[how]}
            self._asked, self._as_of, self._seal = Counter(), as_of, seal(connection)
            self._stamps = _stamps(connection, patients, as_of)

    def rows(self, how: Hashable, stretches: pd.DataFrame, read: Read) -> pd.DataFrame:
        """
        What `read` gives for the `stretches`, whose rows and its own are in order of patient; it is asked for those
        alone whose rows are not kept. `how`: what else is asked, by which its rows are told from others; asked once
        more since it began, it is another question.
        """
        asked = _by_patient(stretches)
        if not asked:
            return read(stretches)
        self._asked[how] += 1
        place = how, self._asked[how]
        signs = {name: (self._stamps[name], *mine) for name, mine in asked.items() if name in self._stamps}
        before, patients = self._rows.get(place, NOTHING), tuple(asked)
        same = {name for name, sign in signs.items() if before.signs.get(name) == sign}
        told = before.told
        if not (len(same) == len(patients) and patients == before.patients):
            told = _renewed(before.told, same, stretches, read, patients)
        self._rows[place] = _Rows(told, patients, signs)
        return told


def _stamps(connection: Connection, patients: Sequence[str], as_of: datetime) -> dict[str, datetime]:
    """Of those who are read by their own name alone, and of whom all that was told had been received by `as_of`."""
    noted = select(HEARD.c.patient_id, HEARD.c.last_at).where(HEARD.c.last_at <= as_of)
    told = connection.execute(noted.where(among(connection, HEARD.c.patient_id, list(patients)))).all()
    into = merges.known(connection, as_of).into
    joined = {*into.index, *into}
    return {str(name): at for name, at in told if name not in joined}


def _by_patient(stretches: pd.DataFrame) -> dict[str, tuple[Any, ...]]:
    """What is asked of each, in order."""
    times = [stretches[name].astype("int64").tolist() for name in stretches.columns if name != "patient_id"]
    told: dict[str, tuple[Any, ...]] = {}
    for name, *stretch in zip(stretches["patient_id"].tolist(), *times, strict=True):
        told[name] = (*told.get(name, ()), *stretch)
    return told


def _renewed(
    before: pd.DataFrame, same: Collection[str], stretches: pd.DataFrame, read: Read, patients: Sequence[str]
) -> pd.DataFrame:
    """The rows kept of who is the `same`, and of all others those that are read now, in order of patient."""
    if not same:
        return read(stretches)
    others = stretches[~stretches["patient_id"].isin(same)]
    parts = [before[before["patient_id"].isin(same)], *([read(others)] if len(others) else [])]
    told = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    codes, names = pd.factorize(told["patient_id"])
    order = np.argsort(pd.Index(patients).get_indexer(names)[codes], kind="stable")
    return told.take(order).reset_index(drop=True)
