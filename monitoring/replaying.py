"""Recorded courses in a folder, judged as at the time: read as a feed is read, into a store that is thrown away."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from monitoring.analysis.course import Course, only
from monitoring.analysis.replay import Replayed, joined, replayed
from monitoring.intake import Circumstances, IngestCounts, as_batch, counted, encoding_of, read
from monitoring.printing import plain
from monitoring.raw_files import read_paths
from monitoring.settings import Settings
from monitoring.terms import Catalog
from storage import merges, queries
from storage.engine import open_store
from storage.folding import SHAPES, Fold
from storage.frames import PATIENTS, shaped
from storage.writes import append, named

Counts = dict[str, int]
SOURCE = "replay"
WORTH_A_CORE = 100  # fewer patients are judged in the time that another interpreter takes to start


def _read_only(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


# the catalog's tables are read-only, which another interpreter cannot be sent as they are
ForkingPickler.register(MappingProxyType, lambda table: (_read_only, (dict(table),)))


def replay(
    folder: Path, out: Path, *, catalog: Catalog, settings: Settings, every_hours: float, now: datetime
) -> tuple[Replayed, Counts]:
    """Writes flags.csv and responses.csv into `out`. What was judged, and what became of the rows of `folder`."""
    course, counts = recorded(folder, catalog, settings, now=now)
    found = on_all_cores(course, catalog, every=pd.Timedelta(hours=every_hours))
    out.mkdir(parents=True, exist_ok=True)
    for name, frame in {"flags": found.flags, "responses": found.responses}.items():
        rows = plain(frame.to_dict("records"), settings.zone)
        pd.DataFrame(rows, columns=frame.columns, dtype=object).to_csv(out / f"{name}.csv", index=False)
    return found, counts


def on_all_cores(course: Course, catalog: Catalog, *, every: pd.Timedelta, cores: int | None = None) -> Replayed:
    """The same as `replayed`, which judges each patient alone: the patients shared out, one part a core."""
    names = sorted(course.patients["patient_id"])
    parts = min(cores or _cores(), max(len(names) // WORTH_A_CORE, 1))
    mine, *others = [only(course, names[part::parts]) for part in range(parts)]
    if not others:
        return replayed(course, catalog, every=every)
    # a new interpreter each, since this one may hold threads and open connections that no copy can use
    with ProcessPoolExecutor(len(others), mp_context=get_context("spawn")) as pool:
        told = [pool.submit(replayed, other, catalog, every=every) for other in others]
        return joined([replayed(mine, catalog, every=every), *(one.result() for one in told)])


def _cores() -> int:
    """How many this process may use, where the system says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def recorded(folder: Path, catalog: Catalog, settings: Settings, *, now: datetime) -> tuple[Course, Counts]:
    """
    Every fact in the folder, corrections included, known from `now`.

    What is said of patients and set aside goes through a store; the facts, which are many, are kept in memory.
    """
    at, fold, counts = Circumstances(catalog, settings.zone, now, SOURCE), Fold(), IngestCounts()
    with tempfile.TemporaryDirectory() as place, closing(open_store(f"sqlite:///{place}/replay.db")) as store:
        for raw in read_paths([folder]):
            taken = read(raw, at, encoding_of(settings, SOURCE))
            batch = named(store, as_batch(raw, taken, at=at, run_id=SOURCE))
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
