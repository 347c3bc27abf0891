"""A listener alone, to be killed, or that dies by itself: `python killed_listener.py STORE "after commit"`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from monitoring.hl7.commits import Commits
from monitoring.hl7.listener import Listener
from monitoring.settings import SourceSettings
from storage.deliveries import Sent
from storage.engine import open_store


class Dying(Commits):
    """When a message is stored and its sender not yet answered."""

    def _commit(self, sent: Sequence[Sent]) -> None:
        super()._commit(sent)
        os.kill(os.getpid(), signal.SIGKILL)


async def listen(url: str, when: str) -> None:
    told = SourceSettings(name="hl7", kind="hl7", listen="127.0.0.1:0")
    kept = Dying if when == "after commit" else Commits
    commits = kept(open_store(url), "hl7", clock=lambda: datetime.now(UTC))
    port = await Listener(told, commits, refused=lambda *_: None).start("127.0.0.1", 0)
    print(f"listens on 127.0.0.1:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(listen(*sys.argv[1:]))
