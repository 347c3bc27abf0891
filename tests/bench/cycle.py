"""
Cycles of a ward whose store is there already, everybody judged as of now; by hand, for what `history` made:

    python -m tests.bench.cycle URL

One cycle before writes down what was never judged. Then each way of judging begins in a process of its own; of its
cycles the first stands apart: much is made only when it is first needed, and what was read is kept from then on. Who
keeps nothing reads everybody anew each time, as a cycle does before which something new was told of everybody.

Beside each way stand the processor's seconds of all its cycles, the store's own on a server left out, and how many
changes they wrote. Where a clock that was ahead has judged before, "now" is when it did: what was written then would be
found once more by each cycle, and could not be written.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from monitoring.catalog import load_catalog
from monitoring.judges import Judges
from monitoring.settings import load_settings
from monitoring.state import judge_and_record
from storage.engine import Store, open_store
from storage.tables import FlagChange

CYCLES = 5
TABLE: Any = FlagChange.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Way:
    """`judges`: as of [schedule]; `kept`: see Judges."""

    words: str
    judges: int
    kept: bool


WAYS = {
    "scheduler": Way("with the scheduler's processes", 0, True),
    "anew": Way("the same, everybody read anew", 0, False),
    "alone": Way("one process alone", 1, True),
    "alone-anew": Way("the same, everybody read anew", 1, False),
}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("url")
    asked.add_argument("--way", choices=WAYS)
    told = asked.parse_args()
    if told.way is not None:
        print(_said(*cycles(told.url, WAYS[told.way], CYCLES)))
        return
    cycles(told.url, WAYS["scheduler"], 1)
    for name, way in WAYS.items():
        command = [sys.executable, "-m", "tests.bench.cycle", told.url, "--way", name]
        print(f"  {way.words:<32} {subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()}")


def cycles(url: str, way: Way, count: int) -> tuple[list[float], float, int]:
    """Seconds of each, the processor's of this process and those it starts, and how many changes were written."""
    with tempfile.TemporaryDirectory() as folder, closing(open_store(url)) as store:
        catalog, before = load_catalog(), _written(store)
        settings = load_settings(config=None, data_dir=Path(folder), database_url=url).schedule
        used = _processor()
        with Judges(store, catalog, settings.model_copy(update={"judges": way.judges}), kept=way.kept) as several:
            several.begin(_now(store))
            taken = []
            for number in range(count):
                now = _now(store)
                begun = time.perf_counter()
                judge_and_record(store, catalog, as_of=now, run_id=f"bench-{now:%H%M%S}-{number}", judge=several.judged)
                taken.append(time.perf_counter() - begun)
        return taken, _processor() - used, _written(store) - before


def _now(store: Store) -> datetime:
    with store.reading() as connection:
        last = connection.execute(select(func.max(TABLE.c.recorded_at))).scalar_one()
    return max(datetime.now(UTC), last + timedelta(seconds=1)) if last else datetime.now(UTC)


def _written(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(TABLE)).scalar_one())


def _processor() -> float:
    """Of those who were started, once they have ended."""
    both = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def _said(taken: list[float], used: float, written: int) -> str:
    first, *others = taken
    return (
        f"first {first:.2f} s, then {min(others):.2f} to {max(others):.2f} s "
        f"(processor {used:.1f} s in all, {written} changes written)"
    )


if __name__ == "__main__":
    main()
