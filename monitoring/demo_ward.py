"""
The ward that `maswatch demo` shows, in <data-dir>/demo and nowhere else.

Published courses and a simulated ward, re-dated so that the newest results are now, are put into drop folders piece
by piece, and each piece is taken in and judged by the same cycle that a hospital runs, on a clock that is moved on
twelve hours at a time: what was known when, and which flag was raised when, is then as true as on a real ward.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from monitoring.catalog import load_catalog
from monitoring.clock import Clock
from monitoring.cycle import run_cycle
from monitoring.errors import CycleError
from monitoring.published import write_published
from monitoring.settings import Settings, SourceSettings
from monitoring.simulate import slices, write_demo_ward
from monitoring.terms import Catalog
from storage.engine import Store, open_store

STEP_HOURS = 12.0
STALE_AFTER = timedelta(hours=6)
ABANDONED_AFTER = timedelta(hours=1)
PREPARED, PART = "prepared.json", "demo.part-"
WRITERS = {"published": write_published, "simulated": write_demo_ward}

Say = Callable[[str], object]
Files = dict[tuple[str, str], bytes]  # (source, file name) -> content


def prepared(settings: Settings, *, clock: Clock, say: Say) -> Settings:
    """The demo's own settings, its ward taken in and judged; made anew when its newest results have grown old."""
    folder, now = settings.data_dir / "demo", clock()
    catalog = load_catalog(settings.site_catalog)
    if _fresh(folder, catalog, now):
        say(f"The demo in {folder} is less than {STALE_AFTER // timedelta(hours=1)} h old and is shown as it is.")
        return own_settings(settings, folder)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    _clear(settings.data_dir, now)
    # In a folder of its own until it is whole: one that was cut short is never taken for a finished one.
    part = Path(tempfile.mkdtemp(prefix=PART, dir=settings.data_dir))
    _fill(own_settings(settings, part), catalog, now, say)
    (part / PREPARED).write_text(json.dumps({"at": now.isoformat(), "catalog": catalog.version}), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)
    return own_settings(settings, folder)


def own_settings(settings: Settings, folder: Path) -> Settings:
    """As the site's, but for everything that leads to real data."""
    sources = tuple(
        SourceSettings(name=name, kind="csv", path=folder / name, after="move", settle_seconds=0) for name in WRITERS
    )
    return Settings(
        data_dir=folder,
        ward=settings.ward,
        schedule=settings.schedule,
        source=sources,
        site_catalog=settings.site_catalog,
    )


def _fresh(folder: Path, catalog: Catalog, now: datetime) -> bool:
    try:
        told = json.loads((folder / PREPARED).read_text(encoding="utf-8"))
        age = now - datetime.fromisoformat(told["at"])
    except (OSError, ValueError, KeyError):
        return False
    return told.get("catalog") == catalog.version and timedelta(0) <= age < STALE_AFTER


def _clear(data_dir: Path, now: datetime) -> None:
    """What preparations that were cut short have left behind."""
    for left in data_dir.glob(f"{PART}*"):
        if now.timestamp() - left.stat().st_mtime > ABANDONED_AFTER.total_seconds():
            shutil.rmtree(left, ignore_errors=True)


def _fill(settings: Settings, catalog: Catalog, now: datetime, say: Say) -> None:
    for source in settings.source:
        (settings.data_dir / source.name).mkdir()
    pieces = _pieces(now)
    say(f"Preparing the demo: {len(pieces)} half-days are taken in and judged one after the other.")
    with closing(open_store(settings.database_url)) as store:
        for number, (mark, files) in enumerate(pieces.items(), start=1):
            _told(settings, store, catalog, mark, files)
            if number % 10 == 0 or number == len(pieces):
                say(f"{number} of {len(pieces)}: {mark.astimezone(settings.zone):%d %b %H:%M}")


def _pieces(now: datetime) -> Mapping[datetime, Files]:
    """What both wards tell at each mark, in the order of time; the last mark is now."""
    found: dict[datetime, Files] = defaultdict(dict)
    with tempfile.TemporaryDirectory() as drawn:
        for source, write in WRITERS.items():
            write(Path(drawn) / source, newest_at=now)
            for mark, files in slices(Path(drawn) / source, every_hours=STEP_HOURS, anchor=now):
                found[mark] |= {(source, name): content for name, content in files.items()}
    return dict(sorted(found.items()))


def _told(settings: Settings, store: Store, catalog: Catalog, mark: datetime, files: Files) -> None:
    for (source, name), content in files.items():
        (settings.data_dir / source / f"{mark:%Y%m%dT%H%M}-{name}").write_bytes(content)
    told = run_cycle(settings, store, catalog, clock=lambda: mark)
    failed = [str(part["error"]) for part in [told, *told.values()] if isinstance(part, dict) and "error" in part]
    if failed:
        raise CycleError(f"The demo could not be prepared: {' '.join(failed)}")
