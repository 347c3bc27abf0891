"""
Many viewers of the ward at once, each refreshing as a browser does, while a cycle runs. By hand:

    python -m tests.bench.viewers --viewers 50 --seconds 180 [--patients 1000 --days 90] [--postgresql]

With `--store FOLDER` the ward is kept there, and looked at again the next time; `--url` is where its rows lie, else in
a file beside. The older it is the more labs are overdue, as in a ward whose feed has been silent.

A viewer speaks to the server as Streamlit's own page does, without drawing anything: what is timed is from asking until
the server says that the page, or the part of it that refreshes, is drawn. Most look at the ward, some at a patient, a
few at the inbox and the rounds list. A page that is told to ask again soon does so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

from tests.bench import full_ward
from tests.servers import on_server, running_server
from tests.stories.served import Served

PATIENCE, LARGEST = 120.0, 64 * 2**20
PATIENT = "patient=SIM-{:04d}"
MIX = (
    *[("", "")] * 7,
    *[("patient", PATIENT)] * 2,
    ("inbox", ""),
    *[("", "")] * 7,
    *[("patient", PATIENT)] * 2,
    ("rounds", ""),
)
WELL = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass
class Seen:
    """
    Seconds of first pages and of refreshes, what went wrong, and of what was shown the age in seconds, and how often it
    was said to be behind.
    """

    opened: list[float] = field(default_factory=list)
    refreshed: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    behind: int = 0


class Viewer:
    """One open page. `refreshes`: of each part that draws itself anew, its name and how often in seconds."""

    def __init__(self, stream: Any, seen: Seen, page: str = "", query: str = "") -> None:
        self.stream, self.seen, self.page, self.query = stream, seen, page, query
        self.refreshes: dict[str, float] = {}
        self.again = 0.0
        self.being_read = False

    async def watch(self, until: float) -> None:
        began = time.perf_counter()
        await self.run()
        while self.being_read:  # there is no ward to be seen yet
            await asyncio.sleep(1)
            await self.run()
        self.seen.opened.append(time.perf_counter() - began)
        next_at = {name: time.monotonic() + every for name, every in self.refreshes.items()}
        while next_at and min(next_at.values()) < until:
            name = min(next_at, key=next_at.__getitem__)
            await asyncio.sleep(max(next_at[name] - time.monotonic(), 0))
            next_at[name] = time.monotonic() + self.refreshes[name]
            self.seen.refreshed.append(await self.run(name))
            if self.again:
                next_at[name] = time.monotonic() + self.again

    async def run(self, part: str = "") -> float:
        """Seconds until the server has drawn the page, or the part of it that refreshes."""
        self.being_read = False
        asked = BackMsg()
        asked.rerun_script.query_string, asked.rerun_script.page_name = self.query, self.page
        asked.rerun_script.fragment_id, asked.rerun_script.is_auto_rerun = part, bool(part)
        began = time.perf_counter()
        await self.stream.send(asked.SerializeToString())
        while True:
            said = ForwardMsg.FromString(await asyncio.wait_for(self.stream.recv(), PATIENCE))
            self.note(said)
            if said.WhichOneof("type") == "script_finished":
                return time.perf_counter() - began

    def note(self, said: ForwardMsg) -> None:
        kind = said.WhichOneof("type")
        if kind == "auto_rerun":
            self.refreshes[said.auto_rerun.fragment_id] = said.auto_rerun.interval
        elif kind == "delta" and said.delta.new_element.WhichOneof("type") == "exception":
            self.seen.errors.append(said.delta.new_element.exception.type)
        elif kind == "delta" and said.delta.new_element.WhichOneof("type") == "bidi_component":
            self.note_sheet(json.loads(said.delta.new_element.bidi_component.json))
        elif kind == "script_finished" and said.script_finished not in WELL:
            self.seen.errors.append(f"finished with {said.script_finished}")

    def note_sheet(self, told: dict[str, Any]) -> None:
        if told["looked"]:
            self.seen.ages.append(time.time() - told["looked"] / 1000)
        self.being_read |= told["sheet"] == "being-read"
        if told["sheet"] == "behind":
            self.again = told["again"]
            self.seen.behind += bool(self.again)


async def viewer(address: str, seen: Seen, wait: float, until: float, number: int = 0) -> None:
    """Begins after `wait` seconds, so that not all ask in the same moment. `number`: what it looks at."""
    await asyncio.sleep(wait)
    page, query = MIX[number % len(MIX)]
    url = f"ws{address.removeprefix('http')}/_stcore/stream"
    try:
        async with connect(url, subprotocols=["streamlit"], max_size=LARGEST, ping_interval=None) as stream:  # type: ignore[list-item]
            await Viewer(stream, seen, page, query.format(number + 1)).watch(until)
    except Exception as error:  # one that fails is counted, the others go on
        seen.errors.append(type(error).__name__)


async def watched(address: str, viewers: int, seconds: float, cycle: list[str]) -> tuple[Seen, str]:
    """One first, for whom everything is loaded, then all of them and a cycle amid it; what that says at its end."""
    seen = Seen()
    await viewer(address, seen, 0, 0)
    until = time.monotonic() + seconds
    spread = min(seconds / 4, 30) / viewers
    all_of_them = [asyncio.create_task(viewer(address, seen, n * spread, until, n)) for n in range(viewers)]
    await asyncio.sleep(seconds / 2)
    began = time.monotonic()
    running = await asyncio.create_subprocess_exec(*cycle, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, complaint = await running.communicate()
    told = f"{time.monotonic() - began:.1f} s, code {running.returncode} {complaint.decode()[-200:].strip()}"
    await asyncio.gather(*all_of_them)
    return seen, told


@contextmanager
def place(asked: argparse.Namespace) -> Iterator[tuple[Path, str]]:
    """A folder and, where the rows lie elsewhere, the address of that store."""
    if asked.store:
        yield asked.store.absolute(), asked.url
        return
    with tempfile.TemporaryDirectory() as folder, running_server() if asked.postgresql else nullcontext() as server:
        if server is not None:
            on_server(server.url, "CREATE DATABASE ward")
        yield Path(folder), server.url.format(database="ward") if server is not None else ""


def report(asked: argparse.Namespace) -> None:
    with place(asked) as (folder, url):
        command = full_ward.ward(folder, patients=asked.patients, days=asked.days, url=url)
        full_ward.news(folder, asked.patients)
        served = Served(folder, "--no-schedule")
        try:
            address, process = served.address, served.children("dashboard")[-1]
            before = memory(process), cpu(process)
            cycle = [*command, "schedule", "--once"]
            seen, said = asyncio.run(watched(address, asked.viewers, asked.seconds, cycle))
            after = memory(process), cpu(process)
            told(asked, seen, said, before, after)
            print(f"pages not drawn: {drawn_badly(address):g}")
        finally:
            served.end()


def told(
    asked: argparse.Namespace, seen: Seen, said: str, before: tuple[float, float], after: tuple[float, float]
) -> None:
    print(f"{asked.viewers} viewers, {asked.patients} patients of {asked.days} d, {asked.seconds:g} s, "
          f"{'PostgreSQL' if asked.postgresql or asked.url else 'SQLite'}")  # fmt: skip
    print(f"the very first page after the start: {share(seen.opened[:1], 1):.0f} ms")
    every = seen.opened[1:] + seen.refreshed
    for name, times in (("opening", seen.opened[1:]), ("refresh", seen.refreshed), ("every run", every)):
        print(f"{name}: {len(times)} runs, median {share(times, 0.5):.0f} ms, 95 % {share(times, 0.95):.0f} ms, "
              f"longest {share(times, 1):.0f} ms")  # fmt: skip
    old, oldest = (share(seen.ages, part) / 1000 for part in (0.5, 1))
    print(f"age of what was shown: median {old:.0f} s, most {oldest:.0f} s; said to be behind {seen.behind} times")
    print(f"errors: {len(seen.errors)} {sorted(set(seen.errors))}; cycle: {said}")
    print(f"dashboard: {before[0]:.0f} MB before, {after[0]:.0f} MB after, {after[1] - before[1]:.0f} s of CPU; "
          f"load of the machine {os.getloadavg()[0]:.1f}")  # fmt: skip


def share(seconds: list[float], part: float) -> float:
    """The value below which `part` of them lie, in ms."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(int(part * len(ordered)), len(ordered) - 1)] if ordered else float("nan")


def memory(process: int) -> float:
    told = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in told.splitlines() if line.startswith("VmRSS"))


def cpu(process: int) -> float:
    parts = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def drawn_badly(address: str) -> float:
    with urllib.request.urlopen(f"{address}/metrics", timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("maswatch_page_failures_total{"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, default in (("viewers", 50), ("seconds", 180), ("patients", 200), ("days", 30)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--url", default="")
    report(parser.parse_args())
