"""
A month of a ward at high speed: whether what runs for years keeps growing. By hand:

    python -m tests.bench.soak --days 30 --silent 5 [--postgresql]

Fifty patients, ten of them others every two days, whose results arrive as files; a cycle of the scheduler every
simulated twelve hours, and after each one the ward as a dashboard of another process reads it. Memory and open handles
of both are told (from /proc), with the slope of the memory: after the first third, when what is loaded once has been
loaded, and in days of silence after the last, when nothing new is there to be held.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import multiprocessing
import os
import re
import tempfile
from collections import defaultdict
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from monitoring.catalog import load_catalog
from monitoring.cycle import Site
from monitoring.schedule import Rota
from monitoring.settings import Settings, SourceSettings
from monitoring.simulate import simulate, slices
from storage import queries
from storage.engine import open_store, upgrade
from tests.monitoring.small_ward import HandClock
from tests.servers import on_server, running_server

GROUP, EVERY_DAYS, STAY_DAYS, STEP_HOURS = 10, 2, 10, 12
START = datetime(2026, 1, 5, 6, tzinfo=UTC)
NAMES = re.compile(rb"(?<![\w])(SIM-|[LTF](?=\d{7}))")
MIB = 2**20
Drawn = tuple[datetime, dict[str, bytes]]


@dataclass
class Sampled:
    """Of one process: days, bytes of memory and open handles."""

    name: str
    days: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)

    def add(self, day: float, process: int) -> None:
        pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
        self.days.append(day)
        self.memory.append(int(pages) * os.sysconf("SC_PAGE_SIZE"))
        self.handles.append(len(os.listdir(f"/proc/{process}/fd")))

    def told(self, what: str, since: float, until: float) -> str:
        seen = [place for place, day in enumerate(self.days) if since <= day <= until]
        if len(seen) < 3:
            return f"  {self.name:<10} {what}: too short to tell"
        memory, handles = [self.memory[place] / MIB for place in seen], [self.handles[place] for place in seen]
        slope = float(np.polyfit([self.days[place] for place in seen], memory, 1)[0])
        return (
            f"  {self.name:<10} {what}: {memory[0]:.1f} to {memory[-1]:.1f} MiB, {slope:+.2f} MiB a day; "
            f"handles {min(handles)} to {max(handles)}"
        )


def feed(folder: Path, days: int) -> list[Drawn]:
    """(mark, file name -> content): every two days ten come, and stay for ten days."""
    found: dict[datetime, dict[str, bytes]] = defaultdict(dict)
    last = START + timedelta(days=days)
    for group, day in enumerate(range(0, days, EVERY_DAYS)):
        drawn, start = folder / f"{group}", START + timedelta(days=day)
        end = start + timedelta(days=STAY_DAYS)
        simulate(drawn, patients=GROUP, days=STAY_DAYS, seed=group, start=start)
        for mark, files in slices(drawn, every_hours=STEP_HOURS, anchor=end):
            found[mark] |= {f"{group:02}-{name}": _own(group, content) for name, content in files.items()}
        people = (drawn / "patients.csv").read_bytes()
        gone = re.sub(rb",$", f",{end.isoformat()}".encode(), people, flags=re.MULTILINE)
        found[end] |= {f"{group:02}-gone.csv": _own(group, gone)}
    return [(mark, found[mark]) for mark in sorted(found) if mark <= last]


def silence(days: int, silent: int) -> list[Drawn]:
    """Marks at which nothing comes: whoever is growing then grows without a reason."""
    steps = range(1, silent * 24 // STEP_HOURS + 1)
    return [(START + timedelta(days=days, hours=STEP_HOURS * step), {}) for step in steps]


def _own(group: int, content: bytes) -> bytes:
    """Patients and results of one group are named otherwise than those of another."""
    return NAMES.sub(f"{group:02}".encode() + rb"\1", content)


def reads(asked: Connection, settings: Settings) -> None:
    """The dashboard's process: the ward and what is new of everybody, at each moment that is asked for."""
    from dashboard import reading

    reading.use(settings)
    while (now := asked.recv()) is not None:
        ward = reading.ward(None, now=now)
        reading.news(ward, now=now)
        settled()
        asked.send(len(ward.sides))


def settled() -> None:
    """What is free is given back, so that what is measured is what is held."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def soak(folder: Path, told: list[Drawn], url: str | None) -> list[Sampled]:
    """`told`: what the feed brings, and when."""
    (folder / "in").mkdir()
    source = SourceSettings(name="drop", kind="csv", path=folder / "in", settle_seconds=0, after="move")
    site = {"data_dir": folder, "source": [source], "ward": {"timezone": "UTC"}}
    settings = Settings.model_validate(site | ({"database_url": url} if url else {}))
    clock, (asking, asked) = HandClock(START), multiprocessing.Pipe()
    reader = multiprocessing.get_context("spawn").Process(target=reads, args=(asked, settings), daemon=True)
    reader.start()
    asked.close()  # on this side: it is heard when the other one is gone
    assert reader.pid
    works, shows = Sampled("scheduler"), Sampled("dashboard")
    with closing(open_store(settings.database_url)) as store:
        rota = Rota(Site(settings, store, load_catalog(), clock))
        rota.scheduler.start(paused=True)
        for clock.now, files in told:
            for name, content in files.items():
                (folder / "in" / f"{clock.now:%Y%m%dT%H%M}-{name}").write_bytes(content)
            assert rota.cycle()
            settled()
            asking.send(clock.now)
            seen, day = asking.recv(), (clock.now - START) / timedelta(days=1)
            works.add(day, os.getpid())
            shows.add(day, reader.pid)
            sizes = " and ".join(f"{process.memory[-1] / MIB:.0f}" for process in (works, shows))
            print(f"  day {day:5.1f}: {seen} patients, {sizes} MiB", flush=True)
        rota.scheduler.shutdown()
        ran, held = queries.runs(store, limit=10_000), queries.counts(store)
        assert ran["outcome"].eq("ok").all()
        print(f"  {ran['kind'].eq('cycle').sum()} cycles; the store holds {held['observation']} values")
    asking.send(None)
    reader.join()
    return [works, shows]


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--days", type=int, default=30)
    told.add_argument("--silent", type=int, default=5, help="days of cycles after that, with nothing new")
    told.add_argument("--postgresql", action="store_true")
    asked = told.parse_args()
    with tempfile.TemporaryDirectory() as place, running_server() if asked.postgresql else nullcontext() as server:
        url = None
        if server is not None:
            on_server(server.url, "CREATE DATABASE soak")
            url = server.url.format(database="soak")
            upgrade(url)
        told_by_feed = [*feed(Path(place) / "drawn", asked.days), *silence(asked.days, asked.silent)]
        for process in soak(Path(place), told_by_feed, url):
            print(process.told("with the feed, after a third", asked.days / 3, asked.days))
            print(process.told("with nothing new", asked.days + 1, asked.days + asked.silent))


if __name__ == "__main__":
    main()
