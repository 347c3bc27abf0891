"""
Many connections, one commit. What arrives while a transaction is under way is kept by the next one, all of it at
once, so that a flush to the disk is shared by everybody who waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from storage.deliveries import Sent, keep
from storage.engine import Store
from storage.marks import set_marks

HEARD_EVERY = timedelta(seconds=5)
log = logging.getLogger(__name__)


class Commits:
    """Of one source. `kept` counts the messages that are safe."""

    def __init__(self, store: Store, source: str, *, clock: Callable[[], datetime]) -> None:
        self.store, self.source, self.clock = store, source, clock
        self.kept = 0
        self._heard: datetime | None = None
        self._waiting: list[tuple[Sent, asyncio.Future[None]]] = []
        self._some = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"keeping {source}")

    async def keep(self, sent: Sent) -> None:
        """Returns once it is stored for good. Raises what the store raises."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((sent, done))
        self._some.set()
        await done

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            told, self._waiting = self._waiting, []
            if told:
                await self._together(told)

    def close(self) -> None:
        self._thread.shutdown()

    async def _together(self, told: Sequence[tuple[Sent, asyncio.Future[None]]]) -> None:
        loop = asyncio.get_running_loop()
        failed: Exception | None = None
        try:
            await loop.run_in_executor(self._thread, self._commit, [sent for sent, _ in told])
        except Exception as error:  # whatever it is, those who wait are answered
            failed = error
        for _, done in told:
            _settled(done, failed)
        if failed is None:
            await loop.run_in_executor(self._thread, self._note)

    def _commit(self, sent: Sequence[Sent]) -> None:
        keep(self.store, self.source, sent, at=self.clock())
        self.kept += len(sent)

    def _note(self) -> None:
        """When it was last heard of, now and then: it costs a transaction of its own, and senders do not need it."""
        now = self.clock()
        if self._heard is not None and now - self._heard < HEARD_EVERY:
            return
        self._heard = now
        try:
            set_marks(self.store, self.source, {"heard": now.isoformat()}, at=now)
        except Exception as error:
            log.warning("source %s: when it was heard of could not be noted: %s", self.source, type(error).__name__)


def _settled(done: asyncio.Future[None], failed: Exception | None) -> None:
    if done.done():
        return  # the connection is gone; the message is safe all the same
    if failed is None:
        done.set_result(None)
    else:
        done.set_exception(failed)
