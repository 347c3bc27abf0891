"""Cohorts: saved under a name and a version, found again, and who is in one at a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

import numpy as np
import pandas as pd

from monitoring.analysis.course import Course, known
from monitoring.analysis.matching import of_each
from monitoring.cohort_criteria import Seen, criteria, judges, truths
from monitoring.cohort_file import Cohort, read_cohort
from monitoring.errors import CohortError
from monitoring.exports.fields import layout
from monitoring.exports.tables import first_steroid, people
from monitoring.state import state
from monitoring.terms import Catalog
from monitoring.whole_course import told
from storage import cohorts as stored
from storage import queries
from storage.engine import Store

AT_ONCE = 250
UNREAD = ("value_text", "unit_text", "loinc", "specimen", "source", "source_id", "origin", "reference_low",
          "reference_high")  # fmt: skip
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Step:
    """A criterion, and how many fulfil it and all before it."""

    words: str
    left: int


@dataclass(frozen=True)
class Members:
    """Who is in a cohort at a moment; `steps` from everybody down."""

    cohort: Cohort
    as_of: datetime
    patients: tuple[str, ...]
    steps: tuple[Step, ...]


def save(store: Store, cohort: Cohort, *, at: datetime, by: str) -> bool:
    """
    Whether it was new: the same question under the same name and version again is none.

    Raises CohortError where the version stands for another question: nothing saved is ever changed.
    """
    row = {"name": cohort.name, "version": cohort.version, "title": cohort.title, "question": cohort.question}
    if stored.save(store, row, at=at, by=by):
        return True
    before = stored.cohorts(store, as_of=at)
    names = before["name"].eq(cohort.name) & before["version"].eq(cohort.version)
    if not (names & before["question"].eq(cohort.question)).any():
        raise CohortError(f"{cohort.called} is saved with another question; give the new one another version.")
    return False


def find(store: Store, catalog: Catalog, called: str, *, as_of: datetime, zone: tzinfo) -> Cohort:
    """A saved one, NAME@VERSION or the newest of NAME, or else the file of that path. Raises CohortError."""
    name, _, version = called.partition("@")
    before = stored.cohorts(store, as_of=as_of)
    same = before[before["name"].eq(name) & (before["version"].eq(version) if version else True)]
    if len(same):
        return read_cohort(str(same["question"].iloc[-1]), catalog, zone)
    if not Path(called).is_file():
        raise CohortError(f"No cohort is saved as {called!r}, and it is no file; `maswatch cohort list` shows them.")
    try:
        return read_cohort(Path(called).read_text(encoding="utf-8"), catalog, zone)
    except (OSError, UnicodeDecodeError):
        raise CohortError(f"{called} cannot be read as a text file in UTF-8.") from None


def few(count: int, catalog: Catalog) -> str:
    """A count as it may be told of a cohort: a few as a few, more to the nearest five."""
    settings = layout(catalog).settings
    k, step = settings["k"], settings["rounded_to"]
    return f"fewer than {k}" if 0 < count < k else str(int((count + step / 2) // step * step))


def members(
    store: Store, catalog: Catalog, cohort: Cohort, *, as_of: datetime, progress: Progress = lambda done, of: None
) -> Members:
    """Judged only where the cohort asks for something judged, some patients at a time."""
    everybody = queries.patients(store, as_of=as_of)["patient_id"].tolist()
    names, held, done = [], [], 0
    for part in _parts(everybody):
        seen = _judged(store, catalog, part, as_of) if judges(cohort) else _reported(store, catalog, part, as_of)
        names += seen.patients["patient_id"].tolist()
        held.append(truths(seen, cohort))
        done += len(part)
        progress(done, len(everybody))
    wanted = [one.words for one in criteria(cohort)]
    so_far = np.logical_and.accumulate(np.vstack(held), axis=1) if wanted else np.ones((len(names), 0), dtype=bool)
    steps = [Step("all patients", len(names))]
    steps += [Step(words, int(count)) for words, count in zip(wanted, so_far.sum(axis=0), strict=True)]
    inside = so_far[:, -1] if wanted else np.ones(len(names), dtype=bool)
    return Members(cohort, as_of, tuple(np.array(names, dtype=object)[inside]), tuple(steps))


def _parts(everybody: list[str]) -> Iterator[list[str]]:
    for first in range(0, max(len(everybody), 1), AT_ONCE):
        yield everybody[first : first + AT_ONCE]


def _judged(store: Store, catalog: Catalog, part: list[str], as_of: datetime) -> Seen:
    ward = state(store, catalog, as_of=as_of, patients=part)
    seen = _seen(ward.assessment.course, ward.assessment.points, catalog)
    steroid = of_each(seen.patients["patient_id"], first_steroid(ward))
    return Seen(seen.patients.assign(first_steroid_at=steroid), seen.values, seen.doses, ward)


def _reported(store: Store, catalog: Catalog, part: list[str], as_of: datetime) -> Seen:
    course = known(told(store, as_of=as_of, patients=part, without=UNREAD), as_of=as_of)
    values = course.observations[course.observations["analyte"].isin(list(catalog.analytes))]
    return _seen(course, values[values["value"].notna()], catalog)


def _seen(course: Course, values: pd.DataFrame, catalog: Catalog) -> Seen:
    drawn = values.groupby("patient_id")["collected_at"]
    return Seen(people(course.patients, drawn.min(), drawn.size(), layout(catalog)), values, course.doses)
