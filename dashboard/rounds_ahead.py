"""
What is new of everybody since rounds, worked out with the reading, and anew only for those of whom people or a
laboratory said something after it. Imports no streamlit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Any

import pandas as pd

from dashboard.bedside import Ward
from dashboard.since_rounds import Since, Told, since_rounds, told
from storage.engine import Store


@dataclass(frozen=True)
class News:
    """`since` by patient, as of the reading and of what had been `told` by then."""

    told: Told
    since: dict[str, Since]


def ahead(ward: Ward, store: Store, said: Told | None = None) -> News:
    """`said`: by the moment of the ward, where it was asked for already."""
    said = said or told(store, as_of=ward.as_of)
    return News(said, since_rounds(ward.state, said))


def since_now(ward: Ward, said: Told) -> dict[str, Since]:
    """The same with what is `said` by now."""
    if ward.news is None:
        return since_rounds(ward.state, said)
    had: News = ward.news
    differ = differing(had.told, said)
    if not differ:
        return had.since
    return {**had.since, **since_rounds(_state_of(ward, differ), _those(said, differ))}


def differing(one: Told, other: Told) -> set[str]:
    """The patients of whom not the same is told."""
    return {patient for kind in _kinds(one) for patient in _differing(getattr(one, kind), getattr(other, kind))}


def _differing(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    marks = [
        pd.util.hash_pandas_object(frame, index=False).groupby(frame["patient_id"]).sum() for frame in (one, other)
    ]
    both = pd.concat(marks, axis=1, keys=["one", "other"])
    return [str(patient) for patient in both.index[both["one"].ne(both["other"])]]


def _kinds(said: Told) -> list[str]:
    return [part.name for part in fields(said) if isinstance(getattr(said, part.name), pd.DataFrame)]


def _those(said: Told, patients: Collection[str]) -> Told:
    return replace(said, **{kind: _of(getattr(said, kind), patients) for kind in _kinds(said)})  # type: ignore[arg-type]


def _state_of(ward: Ward, patients: Collection[str]) -> Any:
    """The state of these alone; their values may be packed."""
    said, history = ward.state.assessment, ward.state.history
    values = [side.whole() for side in ward.sides if side.id in patients]
    course = replace(
        said.course, **{kind: _of(getattr(said.course, kind), patients) for kind in ("patients", "doses", "findings")}
    )
    points = pd.concat([part for part in values if len(part)] or [said.points.iloc[:0]], ignore_index=True)
    narrow = replace(said, course=course, points=points, spans=_of(said.spans, patients))
    return replace(ward.state, assessment=narrow, history=_of(history, patients))


def _of(frame: pd.DataFrame, patients: Collection[str]) -> pd.DataFrame:
    return frame[frame["patient_id"].isin(list(patients))]
