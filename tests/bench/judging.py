"""Judging a ward of 1,000 patients of ten days, whole: one cycle's worth of analysis, and its replay every 12 h."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from monitoring.analysis.assessment import assess
from monitoring.analysis.replay import as_issued, replayed
from monitoring.catalog import load_catalog
from monitoring.replaying import recorded
from monitoring.settings import load_settings
from monitoring.simulate import simulate

PATIENTS = 1000
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def report() -> None:
    catalog = load_catalog()
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder) / "drawn", patients=PATIENTS, days=10, seed=12)
        settings = load_settings(config=None, data_dir=Path(folder), database_url=None)
        course = as_issued(recorded(Path(folder) / "drawn", catalog, settings, now=NOW)[0])
    newest = course.observations["received_at"].max()
    began = time.perf_counter()
    assess(course, catalog, as_of=newest)
    judged = time.perf_counter() - began
    began = time.perf_counter()
    told = replayed(course, catalog, every=pd.Timedelta(hours=12))
    replay = time.perf_counter() - began
    print(f"judging {PATIENTS:,} patients of 10 days, {len(course.observations):,} values")
    print(f"  once, all values               {judged:>12.2f} s")
    print(f"  replay every 12 h, {told.steps} steps    {replay:>12.2f} s")
