"""Recorded courses in a folder, judged as at the time: read as a feed is read, into a store that is thrown away."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from monitoring.analysis.apart import apart, patient_of
from monitoring.analysis.course import Course, only
from monitoring.analysis.replay import FLAGS_KEY, RESPONSES_KEY, Replayed, as_issued, replayed
from monitoring.analysis.stays import patient_days, stays
from monitoring.batches import LEAST, batches, size
from monitoring.intake import Circumstances, IngestCounts, as_batch, counted, encoding_of, read
from monitoring.memory import keep, uncollected
from monitoring.parallel import cores, each, each_on_dask
from monitoring.raw_files import read_paths
from monitoring.replayed_files import Burden, Written
from monitoring.retrospective import folders
from monitoring.settings import Settings
from monitoring.sieve import FAR_OFF
from monitoring.terms import Catalog
from storage import merges, queries
from storage.engine import open_store
from storage.folding import SHAPES, Fold
from storage.frames import PATIENTS, shaped
from storage.writes import append, named

Counts = dict[str, int]
SOURCE = "replay"
WORTH_A_CORE = LEAST


@dataclass(frozen=True)
class Terms:
    """
    What all parts of a replay are judged by. `gap`: after so long without a fact a patient of a database comes back as
    another course; None for recorded courses, which are judged through as a ward would have been.
    """

    catalog: Catalog
    settings: Settings
    every: pd.Timedelta
    now: datetime
    gap: pd.Timedelta | None = None


@dataclass(frozen=True)
class Judged:
    """One part: what was said, of whom, for how long they were watched, and what became of the rows."""

    found: Replayed
    counts: IngestCounts
    patient_days: float


@dataclass(frozen=True)
class Engine:
    """Does the same work on every part, with so many workers, and answers in the order of the parts."""

    workers: int
    each: Callable[[Terms, list[Path | Course]], Iterator[Judged]]


def on_cores(workers: int | None = None) -> Engine:
    """`workers`: processes; all cores where None."""
    many = workers or cores()
    return Engine(many, lambda terms, parts: each(judged, terms, parts, workers=many))


def on_dask(scheduler: str = "", workers: int | None = None) -> Engine:
    """`workers`: processes of a cluster of its own; with a scheduler only how finely the work is divided."""
    many = workers or cores()
    return Engine(many, lambda terms, parts: each_on_dask(judged, terms, parts, scheduler=scheduler, workers=many))


def replay(
    folder: Path,
    out: Path,
    *,
    catalog: Catalog,
    settings: Settings,
    every_hours: float,
    now: datetime,
    engine: Engine | None = None,
) -> tuple[Burden, Counts]:
    """
    Writes flags.csv, responses.csv and burden.csv into `out`. What was said how often, and what became of the rows.

    However many processes judge, the files are the same to the byte.
    """
    gap = pd.Timedelta(days=catalog.settings["new_course_after_days"]) if folders.database(folder) else None
    terms = Terms(catalog, settings, pd.Timedelta(hours=every_hours), now, gap)
    with tempfile.TemporaryDirectory() as place, Written(out, settings.zone) as written:
        by = engine or on_cores()
        parts, counts = _parts(folder, Path(place), terms, by.workers)
        for one in by.each(terms, parts):
            written.add(one.found, one.patient_days)
            counts += one.counts
    return written.burden(), counts.as_dict()


def _parts(folder: Path, place: Path, terms: Terms, workers: int) -> tuple[list[Path | Course], IngestCounts]:
    """Folders to be read where they are judged, else courses that were read here, whose rows are counted already."""
    divided = batches(folder, place, workers)
    if len(divided) > 1:
        return [*divided], IngestCounts()
    course, counts = recorded(folder, terms.catalog, terms.settings, now=terms.now)
    patients = sorted(course.patients["patient_id"])
    at_once = size(len(patients), workers, WORTH_A_CORE)
    starts = range(0, max(len(patients), 1), at_once)
    shares = [only(course, patients[start : start + at_once]) if len(starts) > 1 else course for start in starts]
    return [*shares], IngestCounts(**counts)


@uncollected()
def judged(terms: Terms, part: Path | Course) -> Judged:
    """One part, wherever it is judged."""
    keep()  # step after step makes arrays of the same size
    if isinstance(part, Course):
        return _judged(terms, part, IngestCounts())
    course, counts = recorded(part, terms.catalog, terms.settings, now=terms.now)
    return _judged(terms, course, IngestCounts(**counts))


def _judged(terms: Terms, course: Course, counts: IngestCounts) -> Judged:
    courses = course if terms.gap is None else apart(course, gap=terms.gap)
    found = replayed(courses, terms.catalog, every=terms.every)
    watched = patient_days(stays(as_issued(courses), since=None, until=FAR_OFF))
    whole = replace(
        found,
        flags=_of_patients(found.flags, FLAGS_KEY),
        responses=_of_patients(found.responses, RESPONSES_KEY),
        patients=len(course.patients),
    )
    return Judged(whole, counts, watched)


def _of_patients(told: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Courses named by their patients again."""
    return (
        told.assign(patient_id=patient_of(told["patient_id"])).sort_values(key, ignore_index=True)
        if len(told)
        else told
    )


def recorded(folder: Path, catalog: Catalog, settings: Settings, *, now: datetime) -> tuple[Course, Counts]:
    """
    Every fact in the folder, corrections included, known from `now`, whatever its year.

    What is said of patients goes through a store; the facts, which are many, are kept in memory, and of what cannot be
    used the number alone.
    """
    at = Circumstances(catalog, settings.zone, now, SOURCE, shifted=True)
    fold, counts = Fold(), IngestCounts()
    with tempfile.TemporaryDirectory() as place, closing(open_store(f"sqlite:///{place}/replay.db")) as store:
        for raw in read_paths([folder]):
            taken = read(raw, at, encoding_of(settings, SOURCE))
            batch = replace(named(store, as_batch(raw, taken, at=at, run_id=SOURCE)), set_aside=None)
            became = fold.add(batch) | append(store, replace(batch, observations=None, doses=None, findings=None))
            counts += counted(became, set_aside=len(taken.refused))
        merged = merges.merged(store, as_of=now)
        everyone = {merged.into.get(name, name) for name in fold.named()}
        people = with_unsaid(queries.patients(store, as_of=now), everyone, now)
    return Course(people, *(merged.moved(fold.frame(name), SHAPES[name][1]) for name in SHAPES)), counts.as_dict()


def with_unsaid(people: pd.DataFrame, named: set[str], now: datetime) -> pd.DataFrame:
    """With a row for each patient of whom there are facts and nothing else was said."""
    more = sorted(named - set(people["patient_id"]))
    unsaid = shaped(pd.DataFrame({"patient_id": more, "received_at": pd.Timestamp(now)}), PATIENTS)
    told = pd.concat([people, unsaid], ignore_index=True) if len(people) and more else unsaid if more else people
    return told.sort_values("patient_id", ignore_index=True)
