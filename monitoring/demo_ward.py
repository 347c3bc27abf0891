"""
The ward that `maswatch demo` shows, in <data-dir>/demo and nowhere else.

Published courses and a simulated ward, re-dated so that the newest results are now, are put into a drop folder piece
by piece, and each piece is taken in and judged by the same cycle that a hospital runs, on a clock that is moved on
twelve hours at a time: what was known when, and which flag was raised when, is then as true as on a real ward.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

from monitoring.catalog import load_catalog
from monitoring.cycle import Clock, run_cycle
from monitoring.published import write_published
from monitoring.settings import Settings, SourceSettings
from monitoring.simulate import slices, write_demo_ward
from monitoring.terms import Catalog
from storage.engine import open_store

STEP_HOURS = 12.0
STALE_AFTER = timedelta(hours=6)
WHEN = "prepared.json"
SOURCES = ("published", "simulated")

Say = Callable[[str], object]
Piece = tuple[datetime, str, Mapping[str, bytes]]  # when it became known, which source tells it, file name -> content


def prepared(settings: Settings, *, clock: Clock, say: Say) -> Settings:
    """The demo's own settings, its ward taken in and judged; prepared anew when its newest results have grown old."""
    folder, now = settings.data_dir / "demo", clock()
    own = _settings(settings, folder)
    catalog = load_catalog(settings.site_catalog)
    if _fresh(folder, catalog, now):
        say("The demo is as it was prepared; delete its folder to have it made anew.")
        return own
    _remove(folder)
    # Named so that a preparation that was cut short is never taken for a finished one.
    part = folder.with_name("demo.part")
    _remove(part)
    _fill(_settings(settings, part), catalog, now, say)
    (part / WHEN).write_text(json.dumps({"at": now.isoformat(), "catalog": catalog.version}), encoding="utf-8")
    part.replace(folder)
    return own


def _settings(settings: Settings, folder: Path) -> Settings:
    """As the site's own, but for everything that leads to real data."""
    sources = [SourceSettings(name=name, kind="csv", path=folder / name, after="move", settle_seconds=0) for name in SOURCES]
    for source in sources:
        Path(str(source.path)).mkdir(parents=True, exist_ok=True)
    return Settings(
        data_dir=folder, ward=settings.ward, schedule=settings.schedule, source=tuple(sources),
        site_catalog=settings.site_catalog,
    )  # fmt: skip
