"""
What is killed: one job after the other, each in a process of its own, forked from one that has everything imported.

`python -m tests.stories.faulted` reads a job a line from stdin, answers with the number of the process that does it,
and then with how that ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from monitoring.catalog import load_catalog
from monitoring.commands.taking import Named
from monitoring.cycle import Site, run_by_hand, run_cycle
from monitoring.exporting import write_export
from monitoring.exports.wanted import Wanted
from monitoring.hl7.commits import Commits
from monitoring.hl7.listener import Listener
from monitoring.lease import the_right
from monitoring.raw_files import read_paths
from monitoring.runs import new_run_id
from monitoring.sentences import sentence
from monitoring.settings import Settings
from storage import schema
from storage.engine import open_store, upgrade
from tests.monitoring.mllp_fixture import END, START, oru
from tests.monitoring.small_ward import HandClock, drop

BEGAN = datetime(2026, 6, 3, 12, tzinfo=UTC)
STEP = timedelta(minutes=30)
NOBODY = 65534
MESSAGES = 8  # that a listener gets at a time
HEADER = "patient_id,analyte,value,unit,collected_at,source_id\n"


def moment(step: int) -> datetime:
    return BEGAN + step * STEP


def settings(folder: Path) -> Settings:
    lis = {"name": "lis", "kind": "hl7", "listen": "127.0.0.1:0"}
    told = {"data_dir": folder / "site", "ward": {"timezone": "Europe/Berlin"}}
    return Settings.model_validate(told | {"source": [drop("drop", folder / "inbox", after="move"), lis]})


def labs(name: str, step: int) -> tuple[str, list[str]]:
    """A file of three rows, and their names: twelve hours of getting worse, then well at once, for ever."""
    drawn, patient = moment(step) - timedelta(minutes=5), f"{name}{step % 3}"
    hours = step % 24 / 2
    level = 400 * 2 ** (hours / 1.5)
    rows = [
        f"{patient},ferritin,{level:.1f},ug/L,{drawn.isoformat()},{name}-F{step}",
        f"{patient},fibrinogen,{300 - 20 * hours:g},mg/dL,{drawn.isoformat()},{name}-G{step}",
        f"{patient},platelets,{200 - 14 * hours:g},10*9/L,{drawn.isoformat()},{name}-T{step}",
    ]
    ids = [f"{name}-{kind}{step}" for kind in "FGT"]
    return HEADER + "\n".join(rows) + "\n", ids


def ingest(told: dict[str, Any]) -> None:
    site = _site(told)
    run_by_hand(site, Named("ingest", read_paths([Path(told["path"])])), new_run_id(site.clock()))


def cycle(told: dict[str, Any]) -> None:
    site = _site(told)
    with the_right(site.store, site.settings.data_dir, clock=site.clock):
        ran = run_cycle(site.settings, site.store, site.catalog, clock=site.clock)
    assert "error" not in json.dumps(ran), ran


def listen(told: dict[str, Any]) -> None:
    """Messages to a listener one after the other; each that was answered with AA is noted."""
    asyncio.run(_sent(_site(told), told["first"], Path(told["answered"])))


def export(told: dict[str, Any]) -> None:
    site = _site(told)
    write_export(site.store, site.catalog, Wanted(site.clock(), key=b"k" * 32), Path(told["out"]), "csv")


def migrate(told: dict[str, Any]) -> None:
    upgrade(told["url"])


def cramped(told: dict[str, Any]) -> None:
    """An ingest on a disk that has no more room than this for any one file; what it says of that is noted."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (told["bytes"], told["bytes"]))
    _noting(ingest, told)


def locked_out(told: dict[str, Any]) -> None:
    """An ingest by somebody who may read the store and not write it."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setuid(NOBODY)
    _noting(ingest, told)


def _noting(job: Callable[[dict[str, Any]], None], told: dict[str, Any]) -> None:
    note = os.open(told["said"], os.O_WRONLY)
    try:
        job(told)
    except Exception as error:
        os.write(note, f"{type(error).__name__}: {sentence(error)}".encode())


async def _sent(site: Site, first: int, answered: Path) -> None:
    commits = Commits(site.store, "lis", clock=site.clock)
    source = next(one for one in site.settings.source if one.listen)
    port = await Listener(source, commits, refused=lambda *_: None).start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    note = os.open(answered, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for number in range(first, first + MESSAGES):
        writer.write(START + oru(number, patients=3) + END)
        answer = await reader.readuntil(END)
        assert b"MSA|AA|" in answer
        os.write(note, f"{number}\n".encode())
    writer.close()


def _site(told: dict[str, Any]) -> Site:
    folder = Path(told["folder"])
    return Site(settings(folder), open_store(told["url"]), _catalog(), HandClock(moment(told["step"])))


@cache
def _catalog() -> Any:
    return load_catalog()


JOBS = {job.__name__: job for job in (ingest, cycle, listen, export, migrate, cramped, locked_out)}


def _child(told: dict[str, Any]) -> None:
    try:
        JOBS[told["job"]](told)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _serve() -> None:
    _catalog()
    schema.head()  # read once, here: who is locked out may not read the program either
    print("ready", flush=True)
    for line in sys.stdin:
        number = os.fork()
        if number == 0:
            _child(json.loads(line))
        print(number, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)


if __name__ == "__main__":
    _serve()
