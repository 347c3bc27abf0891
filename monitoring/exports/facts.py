"""
What was reported and given, and nothing that rests on a judgement: for very many patients, read by all cores.

People, treatments and findings of some hundred patients are read here; their laboratory values by processes of their
own (monitoring.exports.flow), which hand back lines of CSV or Arrow, in order. Few patients need no process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

import numpy as np
import pandas as pd

from monitoring.analysis.course import Course, known
from monitoring.exports import reading
from monitoring.exports.counting import ABSENT, Drawn, Part
from monitoring.exports.doses import treatments
from monitoring.exports.fields import cast, layout
from monitoring.exports.hiding import hidden, plain
from monitoring.exports.parts import part, plan, temperatures
from monitoring.exports.sizing import REPORTED, together
from monitoring.exports.tables import Frames, findings, people
from monitoring.exports.wanted import Wanted
from monitoring.terms import Catalog
from storage import frames, merges, queries
from storage.engine import Store
from storage.facts import door

Crew = ProcessPoolExecutor
AT_ONCE, VALUES = REPORTED  # patients whose values are read together are one row group of Parquet
TOGETHER = 2000  # patients whose treatments and findings are
BESIDE = 1_000_000  # values of theirs, where they were watched for long: findings and treatments come with them


@dataclass(frozen=True, eq=False)
class _People:
    """Some hundred patients, as known at the moment of the export, in its order."""

    course: Course
    part: Part


def fact_parts(
    store: Store, catalog: Catalog, wanted: Wanted, chosen: Sequence[str], *, form: str, crew: Crew | None = None
) -> Iterator[Frames]:
    """
    Tables of facts, typed as export.toml says; "labs" as `form` asks, lines of CSV or an Arrow table.

    `crew`: reading processes that were started already (monitoring.exports.crew).
    A part has the values of some patients, or the people, treatments and findings of the same and those before.
    """
    order, size = _order(store, catalog, wanted, form), _size(store, chosen)
    grouped = together(store, chosen, most=TOGETHER, values=BESIDE)
    parts = _cut(_groups(store, wanted, _in_turn(chosen, grouped, grouped)), size)
    for group, answers in groupby(_answers(order, parts, crew, alone=len(chosen) <= size), itemgetter(0)):
        drawn = []
        for _, (labs, told) in answers:
            drawn.append(told)
            yield {"labs": labs}
        yield _small(group, drawn, catalog, wanted)


def labs_parts(
    store: Store, catalog: Catalog, wanted: Wanted, chosen: Sequence[str], crew: Crew | None = None, leads: bool = True
) -> Iterator[Frames]:
    """The same lines of CSV of "labs" alone, and the first of them as soon as can be. `leads`: nobody stands before."""
    order, size = _order(store, catalog, wanted, reading.LINES), _size(store, chosen)
    grouped = together(store, chosen, most=TOGETHER, values=BESIDE)
    parts = _cut(_groups(store, wanted, _in_turn(chosen, size, grouped)), size)
    for _, (labs, _) in _answers(order, parts, crew, alone=len(chosen) <= size, leads=leads):
        yield {"labs": labs}


def _size(store: Store, chosen: Sequence[str]) -> int:
    return together(store, chosen, most=AT_ONCE, values=VALUES)


def _order(store: Store, catalog: Catalog, wanted: Wanted, form: str) -> reading.Order:
    laid = layout(catalog).asked(facts=True, versions=False)
    return reading.Order(door(store), plan(wanted, catalog, laid["labs"], marked=form == reading.LINES), form)


def _answers(
    order: reading.Order,
    parts: Iterable[tuple[_People, Part]],
    crew: Crew | None,
    *,
    alone: bool,
    leads: bool = True,
) -> Iterator[tuple[_People, reading.Answer]]:
    with reading.readers(order, crew, alone=alone) as read:
        yield from read.answers(
            (group, replace(part, leads=leads and not number)) for number, (group, part) in enumerate(parts)
        )


def _in_turn(chosen: Sequence[str], begin: int, then: int) -> Iterator[list[str]]:
    """`begin` patients, `then` so many. At least one part, so that every table has its columns also without anybody."""
    yield list(chosen[:begin])
    for first in range(begin, len(chosen), then):
        yield list(chosen[first : first + then])


def _groups(store: Store, wanted: Wanted, parts: Iterable[list[str]]) -> Iterator[_People]:
    into = merges.merged(store, as_of=wanted.as_of).into
    for listed in parts:
        course = known(_told(store, wanted, listed), as_of=wanted.as_of)
        yield _People(course, part(course, listed, into, wanted))


def _told(store: Store, wanted: Wanted, names: list[str]) -> Course:
    patients = queries.patients(store, as_of=wanted.as_of, patients=names)
    return Course(
        patients=patients.set_index("patient_id", drop=False).loc[names].reset_index(drop=True),
        observations=frames.empty(frames.OBSERVATIONS),
        doses=queries.doses(store, as_of=wanted.as_of, patients=names),
        findings=queries.findings(store, as_of=wanted.as_of, patients=names),
    )


def _cut(groups: Iterable[_People], size: int) -> Iterator[tuple[_People, Part]]:
    """The same patients, `size` at a time, each beside their group."""
    for group in groups:
        for first in range(0, max(len(group.part.shown), 1), size):
            yield group, _some(group.part, first, size)


def _some(part: Part, first: int, size: int) -> Part:
    here, own = slice(first, first + size), (part.owners >= first) & (part.owners < first + size)
    names = tuple(np.array(part.names, dtype=object)[own])
    return Part(part.shown[here], names, part.owners[own] - first, part.moved[here], part.early[here],
                part.stay[here])  # fmt: skip


def _small(group: _People, drawn: list[Drawn], catalog: Catalog, wanted: Wanted) -> Frames:
    course, laid = group.course, layout(catalog)
    names = course.patients["patient_id"]
    first, last, count = (
        pd.Series(np.concatenate([getattr(one, name) for one in drawn]), index=names)
        for name in ("first", "last", "count")
    )
    warm = temperatures(course).groupby("patient_id")["observed_at"]
    began = pd.concat([_times(first), warm.min()]).groupby(level=0).min()
    told = {
        "patients": people(course.patients, began, count.add(warm.size(), fill_value=0), laid),
        "labs": pd.DataFrame({"patient_id": names, "collected_at": _times(last).array}),
        "treatments": treatments(course.doses, catalog),
        "findings": findings(course.findings, wanted),
    }
    shown = plain(told, laid) if wanted.key is None else hidden(told, laid, wanted.key, wanted.as_of)
    tables = laid.asked(facts=True, versions=False)
    return {name: cast(frame, tables[name]) for name, frame in shown.items() if name != "labs"}


def _times(whole: pd.Series) -> pd.Series:
    told = pd.to_datetime(whole.where(whole != ABSENT), unit="us", utc=True)
    return told.astype("datetime64[us, UTC]")
