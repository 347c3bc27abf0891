"""A judgement cut down to some of its patients, so that to tell the news of a few costs no more than these few."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.columns import Laid
from monitoring.analysis.course import only
from monitoring.analysis.moments import MARKER_POINTS, PLACES

OF_POINTS = ("points", MARKER_POINTS)


def of_some(whole: Assessment, patients: Collection[str]) -> Assessment:
    """What is said of these patients; positions are those of the points that are left. The course has no values."""
    found = {one.name: getattr(whole, one.name) for one in fields(whole)}
    frames = {name: frame for name, frame in found.items() if isinstance(frame, pd.DataFrame)}
    kept = {name: _kept(frame, patients, by_series=name in OF_POINTS) for name, frame in frames.items()}
    told: dict[str, Any] = {name: _cut(frame, kept[name]) for name, frame in frames.items()}
    for name, (target, columns) in PLACES.items():
        place = np.r_[np.cumsum(kept[target]) - 1, -1]  # -1 is none, and stays that
        mine = [column for column in columns if column in told[name]]
        told[name] = told[name].assign(**{column: _moved(told[name][column], place) for column in mine})
    if whole.marker_points is whole.points:
        told[MARKER_POINTS] = told["points"]
    bare = replace(whole.course, observations=whole.course.observations[:0])
    return replace(whole, course=only(bare, [*patients]), **told)


def _kept(frame: pd.DataFrame, patients: Collection[str], *, by_series: bool) -> np.ndarray:
    names = np.array([*patients], dtype=object)
    if by_series:
        return Laid.of(frame).of_patients(names)
    whose = frame.index if frame.index.name == "patient_id" else frame["patient_id"]
    return np.asarray(whose.isin(names))


def _cut(frame: pd.DataFrame, kept: np.ndarray) -> pd.DataFrame:
    told = frame.take(np.flatnonzero(kept))
    return told if frame.index.name == "patient_id" else told.reset_index(drop=True)


def _moved(places: pd.Series, place: np.ndarray) -> pd.Series:
    """Positions among the points that are left; several of one row are a tuple."""
    if places.dtype != object:
        return pd.Series(place[places.to_numpy()], index=places.index)
    told = [tuple(place[list(several)].tolist()) for several in places]
    return pd.Series(told, index=places.index, dtype=object)
