"""
Several moments judged in one go: each patient at each moment is a lane of its own, and all lanes are judged together.

Every judgement is the same whenever it is made, so a lane's times are moved until all lanes have the same "now", and
back when it is done. What `assess` costs for being called at all is paid once for all moments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from monitoring.analysis.assessment import Assessment, as_known, judge
from monitoring.analysis.course import Course, moved
from monitoring.terms import Catalog
from storage.frames import DOSES, FINDINGS, OBSERVATIONS, PATIENTS, TEXT, empty

Step = tuple[Course, pd.Timestamp]
Asked = Mapping[str, Sequence[str]]
NOBODY = Course(*(empty(shape) for shape in (PATIENTS, OBSERVATIONS, DOSES, FINDINGS)))
LANE = 6  # digits of a lane's number: as texts, lanes sort by moment first, then by patient
HOUR = pd.Timedelta(hours=1)
MARKER_POINTS = "marker_points"  # mostly the same frame as the points
# frame -> the frame that some of its columns are positions in, and these columns
PLACES = {
    "flags": ("points", ["first", "turn", "now", "end", "places"]),
    "markers": (MARKER_POINTS, ["base_at", "now_at", "last_at"]),
}


def assess_each(told: Sequence[Step], catalog: Catalog, asked: Asked | None = None) -> Iterator[Assessment]:
    """
    For each course and moment (in UTC) what `judge` says of them, frame by frame. `asked`: the frames that are wanted,
    and the columns of each (none named: all); the others, and the course, are then empty.
    """
    if len(told) == 1:
        [(course, now)] = told
        yield judge(as_known(course, catalog, as_of=now), catalog, as_of=now)
        return
    last = max(now for _, now in told)
    lanes = [_lane(course, number, last - now) for number, (course, now) in enumerate(told)]
    whole = Course(**{name: _joined([getattr(lane, name) for lane in lanes]) for name in vars(lanes[0])})
    cut = _Cut(judge(as_known(whole, catalog, as_of=last), catalog, as_of=last), len(told), asked)
    for number, (course, now) in enumerate(told):
        yield cut.of(number, NOBODY if asked else as_known(course, catalog, as_of=now), now)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    told = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    texts = [str(name) for name, kind in told.dtypes.items() if kind == TEXT]
    return told.assign(**{name: _in_one(told[name]) for name in texts})


def _in_one(texts: pd.Series) -> pd.Series:
    """The same texts in one piece of memory: taken from many pieces they take several times as long."""
    return pd.Series(pd.array(pa.array(texts.array, pa.large_string()), dtype=texts.dtype), index=texts.index)


def _lane(course: Course, number: int, later: pd.Timedelta) -> Course:
    name = f"{number:0{LANE}d}"
    return Course(
        **{
            part: _moved(frame, later).assign(patient_id=name + frame["patient_id"])
            for part, frame in vars(course).items()
        }
    )


def _moved(frame: pd.DataFrame, by: pd.Timedelta) -> pd.DataFrame:
    """The frame with all its times, and the columns that count hours since 1970, moved."""
    if not by or frame.empty:
        return frame
    counted = [str(name) for name in frame.columns if str(name) == "hour" or str(name).endswith("_hour")]
    return moved(frame, by).assign(**{name: frame[name] + by / HOUR for name in counted})


class _Cut:
    """The judgement of all lanes, from which that of each moment is taken again."""

    def __init__(self, whole: Assessment, lanes: int, asked: Asked | None) -> None:
        self.whole = whole
        found = {one.name: getattr(whole, one.name) for one in fields(whole)}
        frames = {name: value for name, value in found.items() if isinstance(value, pd.DataFrame)}
        self.empty = {} if asked is None else {name: value[:0] for name, value in frames.items() if name not in asked}
        wanted = {name: (asked or {}).get(name, ()) for name in frames if name not in self.empty}
        self.edges = {name: _edges(frames[name], lanes) for name in wanted}
        self.frames = {name: _unnumbered(frames[name], columns) for name, columns in wanted.items()}

    def of(self, number: int, course: Course, now: pd.Timestamp) -> Assessment:
        by = now - self.whole.as_of
        parts: dict[str, Any] = {name: self._part(name, number, by) for name in self.frames if name != MARKER_POINTS}
        alone = self.whole.marker_points is not self.whole.points
        parts[MARKER_POINTS] = self._part(MARKER_POINTS, number, by) if alone else parts["points"]
        return replace(self.whole, as_of=now, course=course, **(self.empty | parts))

    def _part(self, name: str, number: int, by: pd.Timedelta) -> pd.DataFrame:
        start, stop = self.edges[name][number], self.edges[name][number + 1]
        part = _moved(self.frames[name].iloc[start:stop], by)
        if part.index.name == "patient_id":
            return part
        part = part.reset_index(drop=True)
        if "series" in part.columns and len(part):
            part["series"] -= part["series"].iloc[0]
        return part.assign(**self._places(name, part, number))

    def _places(self, name: str, part: pd.DataFrame, number: int) -> dict[str, pd.Series]:
        target, columns = PLACES.get(name, ("", []))
        if not target:
            return {}
        first = self.edges[target][number]
        return {column: _less(part[column], first) for column in columns if column in part.columns}


def _less(places: pd.Series, first: int) -> pd.Series:
    """Positions counted from `first`; -1 is none, and several of one row are a tuple."""
    if places.dtype != object:
        return places.where(places < 0, places - first)
    told = [tuple(place if place < 0 else place - first for place in several) for several in places]
    return pd.Series(told, index=places.index, dtype=object)


def _unnumbered(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Some columns (all where none is named), each patient under the own name again."""
    if frame.index.name == "patient_id":
        return frame.set_axis(frame.index.str.slice(LANE)).rename_axis("patient_id")
    some = frame[[*columns]] if columns else frame
    return some.assign(patient_id=some["patient_id"].str.slice(LANE))


def _edges(frame: pd.DataFrame, lanes: int) -> list[int]:
    """Where each lane begins in a frame that goes lane by lane, and where the last one ends."""
    names: Any = frame.index.to_series() if frame.index.name == "patient_id" else frame["patient_id"]
    # of a series one name is enough
    begins = np.flatnonzero(np.diff(frame["series"], prepend=-1)) if "series" in frame else np.arange(len(names))
    numbers = names.take(begins).str.slice(0, LANE).astype("int64")
    if not numbers.is_monotonic_increasing:
        raise ValueError("a frame of an assessment does not go patient by patient")
    places = np.r_[begins, len(names)]
    return [int(places[place]) for place in numbers.searchsorted(range(lanes + 1))]
