"""
Which values a flag rests on, and no more: enough to see whether they have been corrected since.

Nobody reads the evidence of a replayed flag, and to write it takes as long as to judge. A test holds that these are the
values which the evidence names (explain.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.columns import as_array, texts
from monitoring.analysis.evidence import Row
from monitoring.analysis.explain_response import around
from monitoring.analysis.explain_trend import company_places
from monitoring.analysis.matching import paired
from monitoring.analysis.response_odds import READ
from monitoring.analysis.written import rows
from monitoring.terms import Catalog

VALUE = ["analyte", "collected_at", "ref", "version"]
UNTOLD = {"value_text": "", "unit_text": ""}
WINDOW = ["patient_id", "t0", "hours"]
POINTS = [
    "patient_id", *VALUE, "hour", "received_at", "series", "segment", "line_log", "line_sigma", "counts", "exact",
    "usable", "suspect", "since_start", "start_known_at",
]  # fmt: skip
Key = tuple[str, int]
Rests = tuple[np.ndarray, np.ndarray]  # the number of the flag, and the position of a value it rests on
# of an assessment the frames, and of the long ones the columns, that changes of flags told by this ask for
ASKED = {
    "flags": (), "verdicts": (), "starts": (), "older": (), "sights": (), "points": POINTS, "marker_points": POINTS,
    "markers": (*WINDOW, "t0_hour", "analyte", "state", "share", "last_since", "base_at", "now_at"),
}  # fmt: skip


def rested(flags: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> list[list[Row]]:
    """Of each flag (rows of Assessment.flags, numbered from 0) the values that its evidence names, as plain rows."""
    found: list[list[Row]] = [[] for _ in range(len(flags))]
    for (number, place), frame in _rests(flags, assessment, catalog):
        for one, row in zip(number.tolist(), rows(frame[VALUE].take(place)), strict=True):
            found[one].append(row | UNTOLD)
    return found


def rested_on(flags: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> dict[Key, datetime]:
    """Patient and ref of every value that the evidence of these flags names, and when it was drawn."""
    found: dict[Key, datetime] = {}
    for (_, place), frame in _rests(flags.reset_index(drop=True), assessment, catalog):
        values = frame[["patient_id", "ref", "collected_at"]].take(np.unique(place))
        keys = zip(texts(values["patient_id"]), values["ref"].tolist(), strict=True)
        found.update(zip(keys, values["collected_at"], strict=True))
    return found


def _rests(flags: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> Iterator[tuple[Rests, pd.DataFrame]]:
    """The values by their positions, and the frame these are positions in."""
    kinds = np.array([catalog.rules[code].kind for code in flags["flag"]], dtype=object)
    trends, windows = (np.flatnonzero(kinds == kind) for kind in ("trend", "response_window"))
    points = assessment.points
    yield _alone(flags, np.flatnonzero(kinds != "response_window"), kinds == "trend", points), points
    for code in sorted({*flags["flag"].iloc[trends]}):
        yield _company(flags, trends[flags["flag"].iloc[trends].eq(code)], points, catalog), points
    yield _of_windows(flags, windows, assessment, catalog), assessment.marker_points


def named(flags: pd.DataFrame) -> list[list[int]]:
    """Of each flag the positions of the values of its line, or those it names itself."""
    spans = zip(flags["first"], flags["now"], flags["places"], strict=True)
    return [[*range(first, now + 1)] if now >= 0 else [p for p in several if p >= 0] for first, now, several in spans]


def _laid(mine: np.ndarray, places: list[list[int]]) -> Rests:
    number = np.repeat(mine, [len(several) for several in places])
    return number, np.array([place for several in places for place in several], dtype=np.int64)


def _alone(flags: pd.DataFrame, mine: np.ndarray, trends: np.ndarray, points: pd.DataFrame) -> Rests:
    """Of a line only those values that it goes by, and the newest."""
    number, place = _laid(mine, named(flags.iloc[mine]))
    if not len(place):  # flags of silence alone, or of somebody whose every value was withdrawn
        return number, place
    now, counts, segment = flags["now"].to_numpy()[number], *(points[name].to_numpy() for name in ("counts", "segment"))
    in_line = counts[place] & (segment[place] == segment[np.maximum(now, 0)])
    kept = ~trends[number] | (place == now) | in_line
    return number[kept], place[kept]


def _company(flags: pd.DataFrame, mine: np.ndarray, points: pd.DataFrame, catalog: Catalog) -> Rests:
    some = flags.iloc[mine]
    near = company_places(catalog.rules[str(some["flag"].iloc[0])], some, points)
    return _laid(mine, [near.get(now, []) for now in some["now"].tolist()])


def _of_windows(flags: pd.DataFrame, mine: np.ndarray, assessment: Assessment, catalog: Catalog) -> Rests:
    """The two values compared of each marker that is read, and those its share may have been fitted to."""
    some, markers = flags.iloc[mine], assessment.markers
    read = markers[markers["state"].isin(READ).to_numpy()] if len(mine) else markers[:0]
    flag, marker = paired(*([as_array(frame[name]) for name in WINDOW] for frame in (some, read)))
    if not len(flag):
        return marker, marker
    row, between = _between(read.iloc[marker], around(assessment.marker_points, some[WINDOW], catalog), catalog)
    sides = [read[name].to_numpy()[marker] for name in ("base_at", "now_at")]
    number = mine[flag]
    return np.concatenate([number, number, number[row]]), np.concatenate([*sides, between])


def _between(read: pd.DataFrame, values: pd.DataFrame, catalog: Catalog) -> Rests:
    early = catalog.rules["steroid_response"].parameters["baseline_before_hours"]
    row, value = paired(*([texts(frame[name]) for name in ("patient_id", "analyte")] for frame in (read, values)))
    since = values["hour"].to_numpy()[value] - read["t0_hour"].to_numpy()[row]
    inside = (since >= -early) & (since <= read["last_since"].to_numpy()[row])
    inside &= np.isfinite(read["share"].to_numpy(dtype=float))[row]
    return row[inside], values.index.to_numpy()[value[inside]]
