"""A listener of this process, its loop in a thread of its own, and what it kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from monitoring.hl7.commits import Commits
from monitoring.hl7.listener import Listener
from monitoring.hl7.tls import context_of
from monitoring.settings import SourceSettings
from storage import deliveries
from storage.engine import Store
from tests.monitoring.mllp_fixture import SECONDS

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


class Here:
    """A listener, its loop in a thread of its own."""

    def __init__(self, store: Store, **told: object) -> None:
        self.settings = SourceSettings(name="lis", kind="hl7", listen="127.0.0.1:0", **told)  # type: ignore[arg-type]
        self.too_large: list[str] = []
        self.listener = Listener(
            self.settings, Commits(store, "lis", clock=lambda: NOW),
            refused=lambda head, sentence: self.too_large.append(head.name),
        )  # fmt: skip
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.port = self._run(self.listener.start("127.0.0.1", 0, tls=context_of(self.settings)))

    def stop(self) -> None:
        self._run(self.listener.stop(5))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _run(self, work):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(SECONDS)


@contextmanager
def listening(store: Store, **told: object) -> Iterator[Here]:
    here = Here(store, **told)
    try:
        yield here
    finally:
        here.stop()


def names(store: Store) -> list[str]:
    return sorted(one.name for one in deliveries.unread(store, "lis", megabytes=100))
