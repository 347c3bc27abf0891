"""
One process that judges a part of a ward beside this one, with a connection of its own and what it has read kept.

It is spoken to by a pipe and needs no thread here, so that several copies of a process can be made one after the other.
"""

from __future__ import annotations

import signal
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from monitoring.logs import without_values
from monitoring.memory import give_back_now, keep
from monitoring.parallel import belong_to_parent
from monitoring.state import Judged, judged
from monitoring.terms import Catalog
from storage.engine import Store, open_store
from storage.kept import Kept

STOPPED = "it has ended"
SILENT = "it did not answer in time"


class Lost(Exception):  # noqa: N818 - what became of it, and never why somebody stops
    """It can be asked nothing more. Says why, in words without any value."""


class Beside:
    """Judges one part after the other; whoever made it ends it."""

    def __init__(self, store: Store, catalog: Catalog, *, how: str, keeps: bool) -> None:
        """`how`: of multiprocessing; `keeps`: what it reads, for the next time. Raises OSError where no room is."""
        context: Any = get_context(how)
        self._pipe, theirs = context.Pipe()
        told = (theirs, store.url, catalog, keeps)
        self._process = context.Process(target=_judges, args=told, name="judges beside")
        self._told: Judged | None = None
        self._waited_for = False
        try:
            self._process.start()
        finally:
            theirs.close()  # else nobody would see that its end is closed

    def ask(self, as_of: datetime, run_id: str, part: list[str]) -> None:
        """For the judgement of nobody too: whether it is there. Raises Lost. Not before it is idle."""
        try:
            self._pipe.send((as_of, run_id, part))
            self._waited_for = True
        except OSError:
            raise Lost(STOPPED) from None

    def answer(self, *, within: float) -> Judged | None:
        """To what it was asked last; None where that was of nobody. Raises Lost."""
        if not self.idle(within=within):
            raise Lost(SILENT)
        return self._told

    def idle(self, *, within: float) -> bool:
        """Whether it has answered; waits so many seconds for it. Raises Lost."""
        if self._waited_for and wait([self._pipe, self._process.sentinel], within):
            self._told = self._heard()
            self._waited_for = False
        return not self._waited_for

    def end(self) -> None:
        """At once: it only reads."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _heard(self) -> Judged | None:
        try:
            told, error = self._pipe.recv() if self._pipe.poll() else (None, STOPPED)
        except (EOFError, OSError):
            raise Lost(STOPPED) from None
        if error:
            raise Lost(error)
        judged_there: Judged | None = told
        return judged_there


def _judges(pipe: Connection, url: str, catalog: Catalog, keeps: bool) -> None:
    """In the new process, which ends when who started it does."""
    belong_to_parent()
    keep()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a service's stop goes to all of it: the cycle is ended first
    try:
        store, kept = open_store(url), Kept() if keeps else None
        while True:
            as_of, run_id, part = pipe.recv()
            told = judged(store, catalog, as_of=as_of, run_id=run_id, patients=part, kept=kept) if part else None
            pipe.send((told, ""))
            del told
            give_back_now()
    except (EOFError, BrokenPipeError):  # whoever asks is gone
        return
    except Exception as error:  # it is tried again by who asked, where it is told in words
        pipe.send((None, without_values(error)))
