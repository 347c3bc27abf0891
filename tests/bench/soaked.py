"""What is soaked: a scheduler and a dashboard, each in a process of its own under a clock moved by hand; viewers."""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import socket
import threading
import tracemalloc
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from websockets.asyncio.client import connect

from monitoring.settings import Settings
from tests.bench.viewers import LARGEST, Seen, Viewer
from tests.stories.served import until

STAYING = (("ward", ""), ("ward", "line=first"), ("ward", "kiosk=1"), ("inbox", ""), ("rounds", ""), ("feed", ""))
# seconds: the month goes by in the time of one search of ten minutes, half a day in four seconds
SEARCHED_EVERY = 20.0
Clock = Any  # multiprocessing's Value("d"): seconds since 1970


def read(clock: Clock) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(clock.value, UTC)


def works(settings: Settings, clock: Clock, asked: Connection, traced: bool) -> None:
    """The scheduler: a cycle each time it is asked; answers with the number of patients judged."""
    from monitoring.catalog import load_catalog
    from monitoring.cycle import Site
    from monitoring.judges import Judges
    from monitoring.schedule import Rota
    from storage.engine import open_store

    store, catalog = open_store(settings.database_url), load_catalog()
    with Judges(store, catalog, settings.schedule) as judges:
        rota = Rota(Site(settings, store, catalog, read(clock), judges.judged))
        rota.scheduler.start(paused=True)
        tracing = _Traced(traced)
        while (word := asked.recv()) is not None:
            asked.send(tracing.told() if word == "trace" else bool(rota.cycle()))


def serves(settings: Settings, clock: Clock, asked: Connection, port: int, traced: bool) -> None:
    """The dashboard as `serve` starts it, but for its clock."""
    import uvicorn

    import dashboard.views.now as wall
    from dashboard import garbage

    wall.now = read(clock)  # before any view has taken it from there
    garbage.SEARCH_EVERY = SEARCHED_EVERY  # type: ignore[misc]
    from dashboard import server, ways_in

    by_hand = type("ByHand", (datetime,), {"now": staticmethod(lambda _: read(clock)())})
    for module in (server, ways_in):
        setattr(module, "datetime", by_hand)  # noqa: B010 - a name that mypy knows as a class
    logging.disable(logging.WARNING)
    tracing = _Traced(traced)

    def answers() -> None:
        with suppress(EOFError):  # who asks is gone
            while asked.recv() is not None:
                asked.send(tracing.told())
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=answers, daemon=True).start()
    uvicorn.run(server.application(settings), host="127.0.0.1", port=port, log_config=None, access_log=False)


class _Traced:
    """What was allocated since it was last asked, by line; nothing where that is not wanted: it makes all slow."""

    def __init__(self, wanted: bool) -> None:
        self.before: tracemalloc.Snapshot | None = None
        if wanted:
            tracemalloc.start(12)

    def told(self) -> str:
        if not tracemalloc.is_tracing():
            return ""
        gc.collect()
        now = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, tracemalloc.__file__)])
        before, self.before = self.before or now, now
        return "\n".join(str(line) for line in now.compare_to(before, "lineno")[:15])


def started(target: Callable[..., None], *told: Any) -> tuple[SpawnProcess, Connection]:
    asking, asked = multiprocessing.Pipe()
    settings, clock, *rest = told
    process = multiprocessing.get_context("spawn").Process(target=target, args=(settings, clock, asked, *rest))
    process.start()
    asked.close()  # on this side: it is heard when the other one is gone
    return process, asking


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


class Audience:
    """Six pages that stay open, and three that somebody opens and leaves again at each look."""

    def __init__(self, port: int) -> None:
        self.address, self.seen = f"ws://127.0.0.1:{port}/_stcore/stream", Seen()
        self.staying: list[Viewer] = []
        self.loop = asyncio.new_event_loop()
        # a browser answers a server's pings whatever else happens
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        until(lambda: answers(port), seconds=600)

    def looks(self, patients: list[str]) -> None:
        """`patients`: whose sheets are opened."""
        asyncio.run_coroutine_threadsafe(self._looks(patients), self.loop).result()

    async def _looks(self, patients: list[str]) -> None:
        if not self.staying:
            self.staying = [await self._opened(*page) for page in STAYING]
        await asyncio.gather(*(self._refreshed(viewer) for viewer in self.staying))
        for page, query in [("ward", ""), *(("patient", f"patient={name}") for name in patients)]:
            passing = await self._opened(page, query)
            await self._refreshed(passing)
            await passing.stream.close()

    async def _opened(self, page: str, query: str) -> Viewer:
        stream = await connect(self.address, subprotocols=["streamlit"], max_size=LARGEST, ping_interval=None)  # type: ignore[list-item]
        viewer = Viewer(stream, self.seen, "" if page == "ward" else page, query)
        self.seen.opened.append(await viewer.run())
        return viewer

    async def _refreshed(self, viewer: Viewer) -> None:
        for name in list(viewer.refreshes):
            self.seen.refreshed.append(await viewer.run(name))
