"""
Judging a ward of 1,000 patients of ten days: once, its replay every 12 h as the command does it, and a cycle from a
store; and whether a cycle takes longer with more history behind it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitoring.analysis.assessment import assess
from monitoring.analysis.replay import as_issued
from monitoring.catalog import load_catalog
from monitoring.intake import take_in
from monitoring.raw_files import read_paths
from monitoring.replaying import recorded, replay
from monitoring.settings import Settings, load_settings
from monitoring.simulate import simulate
from monitoring.state import judge_and_record
from monitoring.terms import Catalog
from storage.engine import open_store

PATIENTS, DAYS, LONG_DAYS = 1000, 10, 60
FEW = 100  # patients of the comparison of ten days with sixty, which is about the ratio alone
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
START = datetime(2026, 1, 5, 6, tzinfo=UTC)
Taken = tuple[float, float]


def report() -> None:
    catalog = load_catalog()
    with tempfile.TemporaryDirectory() as place:
        folder, settings = Path(place), load_settings(config=None, data_dir=Path(place), database_url=None)
        drawn = folder / "drawn"
        simulate(drawn, patients=PATIENTS, days=DAYS, seed=12, start=START)
        course = as_issued(recorded(drawn, catalog, settings, now=NOW)[0])
        newest = course.observations["received_at"].max()
        print(
            f"judging {PATIENTS:,} patients of {DAYS} days, {len(course.observations):,} values: wall and own CPU time"
        )
        _told("once, all values", _taken(lambda: assess(course, catalog, as_of=newest)))
        whole = _taken(
            lambda: replay(drawn, folder / "out", catalog=catalog, settings=settings, every_hours=12, now=NOW)
        )
        _told("replay every 12 h, files to files", whole)
        _told("a cycle, from the store", _cycle(drawn, folder / "ward.db", catalog, settings, days=DAYS))
        _growth(folder, catalog, settings)


def _growth(folder: Path, catalog: Catalog, settings: Settings) -> None:
    """A cycle of the same ward with ten days behind it, and with sixty."""
    spent = {}
    for days in (DAYS, LONG_DAYS):
        simulate(folder / f"{days}", patients=FEW, days=days, seed=12, start=START)
        spent[days] = _cycle(folder / f"{days}", folder / f"{days}.db", catalog, settings, days=days)
        _told(f"a cycle, {FEW} patients of {days} days", spent[days])
    print(f"  sixty days take {spent[LONG_DAYS][1] / spent[DAYS][1]:.1f} times as long as ten")


def _cycle(drawn: Path, store_at: Path, catalog: Catalog, settings: Settings, *, days: int) -> Taken:
    """The second of two cycles: the first one writes down all that was ever raised."""
    end = START + timedelta(days=days)
    with closing(open_store(f"sqlite:///{store_at}")) as store:
        take_in(store, catalog, settings, read_paths([drawn]), source="bench", run_id="bench", now=end)
        judge_and_record(store, catalog, as_of=end, run_id="first")
        return _taken(lambda: judge_and_record(store, catalog, as_of=end + timedelta(minutes=1), run_id="second"))


def _taken(work: Callable[[], object]) -> Taken:
    wall, own = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - own


def _told(what: str, taken: Taken) -> None:
    print(f"  {what:<40} {taken[0]:>8.2f} s {taken[1]:>8.2f} s")
