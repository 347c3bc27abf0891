"""
Cycles of a ward whose store is there already, everybody judged as of now; by hand, for what `history` made:

    python -m tests.bench.cycle URL

One cycle before writes down what was never judged. Then each way of judging begins in a process of its own; of its
cycles the first stands apart, since much is made only when it is first needed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from monitoring.catalog import load_catalog
from monitoring.judges import Judges
from monitoring.settings import load_settings
from monitoring.state import judge_and_record
from storage.engine import open_store

CYCLES = 5
WAYS = {0: "with the scheduler's processes", 1: "one process alone"}  # by [schedule] judges


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("url")
    asked.add_argument("--judges", type=int)
    told = asked.parse_args()
    if told.judges is not None:
        print(_said(cycles(told.url, told.judges, CYCLES)))
        return
    cycles(told.url, 0, 1)
    for judges, way in WAYS.items():
        command = [sys.executable, "-m", "tests.bench.cycle", told.url, "--judges", str(judges)]
        print(f"  {way:<32} {subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()}")


def cycles(url: str, judges: int, count: int) -> list[float]:
    """Seconds of each, in this process and those it starts."""
    with tempfile.TemporaryDirectory() as folder, closing(open_store(url)) as store:
        catalog = load_catalog()
        settings = load_settings(config=None, data_dir=Path(folder), database_url=url).schedule
        with Judges(store, catalog, settings.model_copy(update={"judges": judges})) as several:
            several.begin(datetime.now(UTC))
            taken = []
            for number in range(count):
                begun = time.perf_counter()
                now = datetime.now(UTC)
                judge_and_record(store, catalog, as_of=now, run_id=f"bench-{now:%H%M%S}-{number}", judge=several.judged)
                taken.append(time.perf_counter() - begun)
            return taken


def _said(taken: list[float]) -> str:
    first, *others = taken
    return f"first {first:.2f} s, then {min(others):.2f} to {max(others):.2f} s"


if __name__ == "__main__":
    main()
