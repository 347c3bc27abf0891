"""
A month of a ward at high speed: whether what runs for years keeps growing. By hand:

    python -m tests.bench.soak --days 30 --silent 5 --before 42 [--judges 2] [--postgresql] [--traced]

Thirty beds with turnover, whose results arrive as files; a cycle of the scheduler every simulated twelve hours, and
after each one nine viewers of a dashboard, six of whom stay for the month. Before it comes a time without viewers: who
left is judged for thirty days more, and only after these and a stay do as many come as leave. Memory, open handles and
threads of both processes are told as the machine sees them (/proc), with the slope of the memory: in the month, its
first days apart, and in days of silence after the last. A copy of the store is taken amid it; at the end the store is
verified and that copy restored.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from monitoring.settings import Settings
from storage.engine import upgrade
from tests.bench import soaked
from tests.bench.soaked_ward import START, Drawn, feed, silence
from tests.servers import on_server, running_server

MIB, TRACED_EVERY = 2**20, 10
WARM_DAYS = 5  # what is kept of pages once drawn has come by then
SELDOM = 20  # marks between two cycles while nobody looks


@dataclass
class Sampled:
    """Of one process: days, bytes of memory, open handles and threads."""

    name: str
    process: int
    days: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def add(self, day: float) -> None:
        told = Path(f"/proc/{self.process}")
        self.days.append(day)
        self.memory.append(int((told / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        self.handles.append(len(os.listdir(told / "fd")))
        self.threads.append(len(os.listdir(told / "task")))

    def now(self) -> str:
        return f"{self.name} {self.memory[-1] / MIB:.0f} MiB, {self.handles[-1]} handles, {self.threads[-1]} threads"

    def told(self, what: str, since: float, until: float) -> str:
        seen = [place for place, day in enumerate(self.days) if since <= day <= until]
        if len(seen) < 3:
            return f"  {self.name:<10} {what}: too short to tell"
        memory = [self.memory[place] / MIB for place in seen]
        slope = float(np.polyfit([self.days[place] for place in seen], memory, 1)[0])
        counts = [f"{min(of[place] for place in seen)} to {max(of[place] for place in seen)}"
                  for of in (self.handles, self.threads)]  # fmt: skip
        return (
            f"  {self.name:<10} {what}: {memory[0]:.1f} to {memory[-1]:.1f} MiB, {slope:+.2f} MiB a day; "
            f"handles {counts[0]}, threads {counts[1]}"
        )


@dataclass
class Place:
    """The site that is soaked: its folder and its settings, which programs of their own read too."""

    folder: Path
    settings: Settings

    @classmethod
    def made(cls, folder: Path, url: str | None, judges: int) -> Place:
        (folder / "in").mkdir()
        source = {"name": "drop", "kind": "csv", "path": str(folder / "in"), "settle_seconds": 0, "after": "move"}
        schedule = {"judges": judges, "judges_from": 1}  # thirty beds would be judged by one process alone
        site = {"data_dir": str(folder), "source": [source], "ward": {"timezone": "UTC"}, "schedule": schedule}
        return cls(folder, Settings.model_validate(site | ({"database_url": url} if url else {})))

    def says(self, *words: str, url: str = "") -> str:
        """What the program says on its standard output. Raises CalledProcessError where it fails."""
        told = ["--data-dir", str(self.folder), "--database-url", url or self.settings.database_url]
        command = [sys.executable, "-m", "monitoring.cli", *told, *words]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def soak(place: Place, told: list[Drawn], before: int, traced: bool) -> list[Sampled]:
    """`told`: what the feed brings, and when. `before`: so many days pass before anybody looks."""
    clock = multiprocessing.get_context("spawn").Value("d", START.timestamp())
    scheduler, works = soaked.started(soaked.works, place.settings, clock, traced)
    began = START + timedelta(days=before)
    early = [drawn for drawn in told if drawn[0] < began]
    for left, (mark, files) in zip(range(len(early) - 1, -1, -1), early, strict=True):
        clock.value = mark.timestamp()
        _brought(place, mark, files)
        if left % SELDOM == 0:
            _asked(works, "cycle")
    port = soaked.free_port()
    dashboard, shows = soaked.started(soaked.serves, place.settings, clock, port, traced)
    assert scheduler.pid
    assert dashboard.pid
    both = [Sampled("scheduler", scheduler.pid), Sampled("dashboard", dashboard.pid)]
    both += [Sampled("judge", process) for process in _beside(scheduler.pid)]
    audience = soaked.Audience(port)
    for step, (mark, files) in enumerate(told[len(early) :]):
        clock.value = mark.timestamp()
        _brought(place, mark, files)
        _asked(works, "cycle")
        audience.looks(_newest(files))
        if step == (len(told) - len(early)) // 2:
            place.says("backup", str(place.folder / "amid.db"))
        day = (mark - began) / timedelta(days=1)
        for process in both:
            process.add(day)
        print(f"  day {day:5.1f}: {'; '.join(process.now() for process in both)}", flush=True)
        if traced and step % TRACED_EVERY == 0:
            for name, line in (("scheduler", works), ("dashboard", shows)):
                print(f"--- {name}\n{_asked(line, 'trace')}", flush=True)
    for line in (works, shows):
        line.send(None)
    print(f"  {len(audience.seen.opened)} pages opened, {len(audience.seen.refreshed)} times refreshed, "
          f"not drawn: {audience.seen.errors}")  # fmt: skip
    return both


def _beside(process: int) -> list[int]:
    """Those it has started to judge beside it; Python's own tracker of resources is none."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def _brought(place: Place, mark: datetime, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (place.folder / "in" / f"{mark:%Y%m%dT%H%M}-{name}").write_bytes(content)


def _asked(line: Connection, word: str) -> object:
    line.send(word)
    answer = line.recv()
    assert answer or word == "trace"
    return answer


def _newest(files: dict[str, bytes]) -> list[str]:
    """Two of those of whom something came."""
    found = [content.splitlines()[1].split(b",")[0].decode() for name, content in files.items() if "labs" in name]
    return sorted(set(found))[-2:]


def looked_over(place: Place, last: str, other: str) -> None:
    """The whole store after it, and the copy taken amid it, put into an empty one."""
    began = time.perf_counter()
    for found in json.loads(place.says("verify", "--all", "--as-of", last, "--format", "json")):
        print("  verify:", " ".join(str(told) for told in found.values()))
    print(f"  verified in {time.perf_counter() - began:.0f} s")
    copy = str(place.folder / "amid.db")
    place.says("restore", copy, url=other)
    place.says("backup", str(place.folder / "again.db"), url=other)
    same = [place.says("backup", "verify", str(file), "--format", "json") for file in (copy, place.folder / "again.db")]
    print("  the copy taken amid it, restored, holds", "the same" if same[0] == same[1] else f"OTHER ROWS: {same}")


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--days", type=int, default=30)
    told.add_argument("--silent", type=int, default=5, help="days of cycles after that, with nothing new")
    told.add_argument("--before", type=int, default=42, help="days before these on which nobody looks")
    told.add_argument("--judges", type=int, default=1, help="processes that judge together")
    told.add_argument("--postgresql", action="store_true")
    told.add_argument("--traced", action="store_true", help="say which lines hold more than before; much slower")
    asked = told.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_server() if asked.postgresql else nullcontext() as server:
        url, other = None, f"sqlite:///{folder}/other.db"
        if server is not None:
            on_server(server.url, "CREATE DATABASE soak", "CREATE DATABASE other")
            url, other = (server.url.format(database=name) for name in ("soak", "other"))
            upgrade(url)
        place = Place.made(Path(folder), url, asked.judges)
        days = asked.before + asked.days
        told_by_feed = [*feed(place.folder / "drawn", days, asked.before), *silence(days, asked.silent)]
        for process in soak(place, told_by_feed, asked.before, asked.traced):
            print(process.told("with the feed, the board full", WARM_DAYS, asked.days))
            print(process.told("with nothing new", asked.days + 1, asked.days + asked.silent))
        looked_over(place, told_by_feed[-1][0].isoformat(), other)


if __name__ == "__main__":
    main()
