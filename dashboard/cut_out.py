"""
What is said of each patient, cut out of the frames that hold the whole ward. Imports no streamlit.

Frames are opened once, column by column, into plain values for everybody at once: a row of the ward costs no pandas,
so that two hundred patients are a matter of milliseconds. Whole rows of values are cut only for a single patient.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from dashboard.bedside import SAID_OF_VALUE, Bedside, Row, Rows, Series, Ward, rows_of
from dashboard.since_rounds import JUDGED_BY, newest_findings
from dashboard.sparkline import Point

NOWHERE: Final = np.empty(0, dtype=np.intp)
ANSWERS: Final = ("acknowledged", "snoozed", "answers_ended")
SAID_OF_TREND: Final = (
    "patient_id", "analyte", "value", "comparator", "collected_at", "direction", "phrase",
    "doubling_low", "doubling_high", "hours",
)  # fmt: skip
SAID_OF_AWAITED: Final = ("patient_id", "analyte", "last_at", "due_at", "overdue")
SAID_OF_SPAN: Final = (
    "patient_id", "given", "kind", "label", "line", "started_at", "ended_at", "amount_text", "open", "version",
)  # fmt: skip
ASKED_AGAIN: Final = ("points", "spans")
RECEIVED: Final = ("patient_id", "ref", "received_at")
SHOWN_OF_VALUE: Final = ("patient_id", "analyte", *SAID_OF_VALUE, "reference_low", "reference_high", "series")


def ward(state: Any, earlier: Mapping[str, pd.Timestamp] | None = None) -> Ward:
    """Every patient of a WardState, in the order of its patients frame."""
    return Ward(state.as_of, tuple(_bedsides(state)), state, earlier or {})


def lightened(ward: Ward) -> Ward:
    """
    Without what only judging asked for, and scores, where these are worked out: of a long ward most of what a reading
    would keep. Of findings the newest of each kind stays, of flags' history all but the evidence, of other frames what
    is asked for again when somebody says something (rounds_ahead.py, state.answered_since).
    """
    said = replace(ward.state.assessment, recent=None)
    if ward.scored is None:
        return replace(ward, state=replace(ward.state, assessment=said))
    course = replace(
        said.course,
        observations=_nothing_of(said.course.observations),
        doses=said.course.doses[list(RECEIVED)],
        findings=newest_findings(said.course.findings),
    )
    frames = [part.name for part in fields(said) if isinstance(getattr(said, part.name), pd.DataFrame)]
    bare = {name: _nothing_of(getattr(said, name)) for name in frames if name not in ASKED_AGAIN}
    said = replace(said, course=course, **bare | {"points": _shown(said.points)})
    history = ward.state.history.drop(columns=list(JUDGED_BY), errors="ignore")
    ordered = history.sort_values("patient_id", kind="stable", ignore_index=True)
    return replace(ward, state=replace(ward.state, assessment=said, history=ordered))


def _nothing_of(frame: pd.DataFrame) -> pd.DataFrame:
    """No row, and nothing that holds those that were there."""
    return frame.iloc[:0].copy()


def with_answers(ward: Ward, state: Any) -> Ward:
    """
    The same people, with their flags answered as those of `state` are; who is as before keeps what was worked out.
    """
    if all(state.flags[name].tolist() == ward.state.flags[name].tolist() for name in ANSWERS):
        return replace(ward, state=state)
    told, had = (_answers(one.flags) for one in (state, ward.state))
    changed: dict[str, dict[str, Row]] = defaultdict(dict)
    for (patient, flag), answers in told.items():
        if repr(answers) != repr(had.get((patient, flag))):  # NaT is not equal to itself
            changed[patient][flag] = answers
    if not changed:
        return replace(ward, state=state)
    sides = tuple(_answered(side, changed[side.id]) if side.id in changed else side for side in ward.sides)
    beside = {key: dict(kept) for key, kept in ward.beside.items()}
    return replace(ward, sides=sides, state=state, worked_out={}, beside=beside)


def _answers(flags: pd.DataFrame) -> dict[tuple[str, str], Row]:
    rows = rows_of(flags[["patient_id", "flag", *ANSWERS]])
    return {(row["patient_id"], row["flag"]): {name: row[name] for name in ANSWERS} for row in rows}


def _answered(side: Bedside, answers: Mapping[str, Row]) -> Bedside:
    return replace(side, flags=tuple({**row, **answers.get(row["flag"], {})} for row in side.flags))


def _bedsides(state: Any) -> Iterator[Bedside]:
    said, as_of = state.assessment, state.as_of
    shown = _shown(said.points)
    series, trends = _series(said.points, as_of), _by_patient(said.trends, SAID_OF_TREND)
    flags, spans = _by_patient(state.flags), _by_patient(said.spans, SAID_OF_SPAN)
    awaited, responses = _by_patient(said.awaited, SAID_OF_AWAITED), _by_patient(said.responses)
    lines, places = _by_patient(said.lines), said.points.groupby("patient_id").indices
    for row in rows_of(said.course.patients):
        key = str(row["patient_id"])
        yield Bedside(
            patient=row,
            as_of=as_of,
            series=dict(series.get(key, {})),
            trends={str(trend["analyte"]): trend for trend in trends.get(key, ())},
            flags=flags.get(key, ()),
            line=next(iter(lines.get(key, ())), None),
            spans=spans.get(key, ()),
            responses=tuple(sorted(responses.get(key, ()), key=lambda told: told["t0"])),
            awaited=awaited.get(key, ()),
            whole=partial(shown.take, places.get(key, NOWHERE)),
        )


def _shown(points: pd.DataFrame) -> pd.DataFrame:
    """Without the columns that only judging asks for."""
    return points[list(SHOWN_OF_VALUE)]


def _by_patient(frame: pd.DataFrame, columns: Sequence[str] | None = None) -> dict[str, Rows]:
    told: dict[str, list[Row]] = defaultdict(list)
    for row in rows_of(frame if columns is None else frame[list(columns)]):
        told[str(row["patient_id"])].append(row)
    return {key: tuple(rows) for key, rows in told.items()}


def _series(points: pd.DataFrame, as_of: datetime) -> dict[str, dict[str, Series]]:
    """Every series of every patient, in one pass over the columns."""
    told: dict[str, dict[str, Series]] = defaultdict(lambda: defaultdict(Series))
    ordered = points.sort_values("collected_at", kind="stable")
    hours = ((ordered["collected_at"] - pd.Timestamp(as_of)) / pd.Timedelta(hours=1)).tolist()
    names = (
        "patient_id",
        "analyte",
        "value",
        "comparator",
        "usable",
        "segment",
        "confounded_by",
        "reference_low",
        "reference_high",
        "version",
    )
    columns = (ordered[name].tolist() for name in names)
    for at, patient, analyte, value, bound, usable, segment, by, low, high, version in zip(
        hours, *columns, strict=True
    ):
        series = told[patient][analyte]
        series.points.append(Point(at, value, bound, not usable, str(segment), version > 1))
        series.confounded_by = "" if usable else by
        if low == low or high == high:  # the newest interval that is told wins
            series.normal = (low if low == low else None, high if high == high else None)
    return told
