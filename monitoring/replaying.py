"""Recorded courses in a folder, judged as at the time: read as a feed is read, into a store that is thrown away."""

from __future__ import annotations

import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pandas as pd

from monitoring.analysis.course import Course
from monitoring.analysis.replay import Replayed, replayed
from monitoring.intake import take_in
from monitoring.printing import plain
from monitoring.raw_files import read_paths
from monitoring.settings import Settings
from monitoring.state import told
from monitoring.terms import Catalog
from storage.engine import open_store

Counts = dict[str, int]


def replay(
    folder: Path, out: Path, *, catalog: Catalog, settings: Settings, every_hours: float, now: datetime
) -> tuple[Replayed, Counts]:
    """Writes flags.csv and responses.csv into `out`. What was judged, and what became of the rows of `folder`."""
    course, counts = recorded(folder, catalog, settings, now=now)
    found = replayed(course, catalog, every=pd.Timedelta(hours=every_hours))
    out.mkdir(parents=True, exist_ok=True)
    for name, frame in {"flags": found.flags, "responses": found.responses}.items():
        rows = plain(frame.to_dict("records"), settings.zone)
        pd.DataFrame(rows, columns=frame.columns, dtype=object).to_csv(out / f"{name}.csv", index=False)
    return found, counts


def recorded(folder: Path, catalog: Catalog, settings: Settings, *, now: datetime) -> tuple[Course, Counts]:
    """Every fact in the folder, corrections included, known from `now`."""
    with tempfile.TemporaryDirectory() as place, closing(open_store(f"sqlite:///{place}/replay.db")) as store:
        raws = read_paths([folder])
        counts = take_in(store, catalog, settings, raws, source="replay", run_id="replay", now=now)
        return told(store, as_of=now), counts
