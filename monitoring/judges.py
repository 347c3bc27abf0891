"""
Processes that judge parts of a ward beside this one, so that a cycle of a large ward uses more than one core.

They only read: what is new comes back here and is written at once, as if one process had judged. Each patient is read
by one of them alone, at the moment that all are told, so that they say what one process would have said; a part that
one of them fails on is judged here.

Who has no other thread yet (a command, a scheduler that starts) has copies of itself made, which cost a few
milliseconds and can judge at once. A copy would never see a lock opened again that another thread held when it was
made: where there are threads, new interpreters are started beside a cycle, which never waits for them, and are kept.
The threads of numpy's and Arrow's libraries are no danger: these libraries stop or renew them at a fork.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from itertools import pairwise
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from typing import Any

import pandas as pd

from monitoring.logs import without_values
from monitoring.memory import give_back_now
from monitoring.parallel import belong_to_parent, cores
from monitoring.settings_parts import Schedule
from monitoring.state import Judged, judged
from monitoring.terms import Catalog
from storage import merges, queries
from storage.engine import Store, open_store

MOST_BY_ITSELF = 4  # each part has its own beginning and end: more save little and take their memory
WARMED_ON = 20  # patients: whatever is made at its first use only is made then
PATIENCE_SECONDS = 120.0
COPIED_SECONDS = 15.0  # a copy that has said nothing by then is stuck
log = logging.getLogger(__name__)


class Judges:
    """
    `judged` is monitoring.state.judged, by several where `settings` say so. To be closed by who made it.

    `kept`: for the cycles to come too, so that new interpreters are worth their start.
    """

    def __init__(self, store: Store, catalog: Catalog, settings: Schedule, *, kept: bool = True) -> None:
        self.beside, self._kept = (settings.judges or min(cores(), MOST_BY_ITSELF)) - 1, kept
        self._store, self._catalog, self._from = store, catalog, settings.judges_from
        self._pool: ProcessPoolExecutor | None = None
        self._children: set[BaseProcess] = set()
        self._warming: list[Future[Any]] = []

    def __enter__(self) -> Judges:
        return self

    def __exit__(self, *_: object) -> None:
        self.beside = 0  # from now on this process alone
        self.close()

    def begin(self, as_of: datetime) -> None:
        """Before the first cycle, and best before there is any other thread: nothing where the ward is small."""
        whom = self._whom(as_of, None) if self._pool is None else []
        if not whom:
            return
        if _alone():
            self._copy(as_of)
        elif self._kept:
            self._start(as_of, whom[:WARMED_ON])

    def judged(
        self, store: Store, catalog: Catalog, *, as_of: datetime, run_id: str, patients: list[str] | None = None
    ) -> Judged:
        whom = self._whom(as_of, patients)
        if not whom or store is not self._store or catalog is not self._catalog or not self._ready(as_of, whom):
            return judged(store, catalog, as_of=as_of, run_id=run_id, patients=patients)
        mine, *theirs = _parts(whom, self.beside + 1)
        asked = [self._asked(as_of, run_id, part) for part in theirs]
        told = [judged(store, catalog, as_of=as_of, run_id=run_id, patients=mine)]
        for answer, part in zip(asked, theirs, strict=True):
            found = self._answer(answer)
            told.append(found or judged(store, catalog, as_of=as_of, run_id=run_id, patients=part))
        return _together(told)

    def ready(self, *, within: float) -> bool:
        """Whether those who were started can judge; waits so many seconds for them."""
        try:
            return bool(self._warming) and all(one.result(within) is None for one in self._warming)
        except Exception as error:
            self._lost(error)
            return False

    def close(self) -> None:
        """They only read: nothing is lost when they are ended at once."""
        for child in self._children:
            child.kill()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._pool, self._children, self._warming = None, set(), []

    def _whom(self, as_of: datetime, patients: list[str] | None) -> list[str]:
        """Under the names they are read under, where there are enough of them; nobody where there are not."""
        if self.beside < 1 or (patients is not None and len(patients) < self._from):
            return []
        if patients is None:
            names = queries.patients(self._store, as_of=as_of)["patient_id"].tolist()
        else:
            into = merges.merged(self._store, as_of=as_of).into
            names = sorted({str(into.get(name, name)) for name in patients})
        return names if len(names) >= self._from else []

    def _ready(self, as_of: datetime, whom: Sequence[str]) -> bool:
        if self._pool is None:
            if self._kept:
                self._start(as_of, whom[:WARMED_ON])
            return False
        return all(one.done() for one in self._warming) and self.ready(within=0)

    def _copy(self, as_of: datetime) -> None:
        self._store.close()  # no connection may be in two processes; the next is made when it is asked for
        with warnings.catch_warnings():  # Python 3.12 and later count the libraries' threads too, see above
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            self._start(as_of, [], how="fork")
        if not self.ready(within=COPIED_SECONDS):
            self.close()

    def _start(self, as_of: datetime, few: Sequence[str], how: str = "spawn") -> None:
        """`few`: whom each judges first, for nothing; a copy has no time for that."""
        before = set(active_children())
        try:
            common = (self._store.url, self._catalog)
            self._pool = ProcessPoolExecutor(self.beside, get_context(how), initializer=_begin, initargs=common)
            self._warming = [self._pool.submit(_warm, as_of, list(few)) for _ in range(self.beside)]
        except (OSError, BrokenProcessPool) as error:  # no room for another process
            self._lost(error)
        self._children = set(active_children()) - before

    def _asked(self, as_of: datetime, run_id: str, part: list[str]) -> Future[Judged] | None:
        try:
            return self._pool.submit(_judged, as_of, run_id, part) if self._pool else None
        except BrokenProcessPool as error:
            self._lost(error)
            return None

    def _answer(self, asked: Future[Judged] | None) -> Judged | None:
        try:
            return asked.result(PATIENCE_SECONDS) if asked else None
        except Exception as error:  # whatever it was, it is tried here, where it is told in words
            if self._pool is not None:  # else it is said already: with one of them the others' answers are lost too
                self._lost(error)
            return None

    def _lost(self, error: BaseException) -> None:
        """The next cycle starts others."""
        why = type(error).__name__ if isinstance(error, BrokenProcessPool | TimeoutError) else without_values(error)
        log.warning("a process that judges beside this one failed; this one judges its part: %s", why)
        self.close()


def _alone() -> bool:
    """Whether a copy of this process can be made: elsewhere than on Linux the system's own libraries do not bear it."""
    return sys.platform == "linux" and threading.active_count() == 1


def _parts(names: Sequence[str], count: int) -> list[list[str]]:
    edges = [len(names) * place // count for place in range(count + 1)]
    return [list(names[since:until]) for since, until in pairwise(edges)]


def _together(told: Sequence[Judged]) -> Judged:
    news = [one.changes for one in told if len(one.changes)] or [told[0].changes]
    return Judged(sum(one.count for one in told), pd.concat(news, ignore_index=True))


_KEPT: dict[str, Any] = {}


def _begin(url: str, catalog: Catalog) -> None:
    """In the new process, which has a connection of its own and ends when who started it does."""
    belong_to_parent()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a service's stop goes to all of it: the cycle is ended first
    _KEPT.update(store=open_store(url), catalog=catalog)


def _warm(as_of: datetime, few: list[str]) -> None:
    if few:
        judged(_KEPT["store"], _KEPT["catalog"], as_of=as_of, run_id="", patients=few)


def _judged(as_of: datetime, run_id: str, part: list[str]) -> Judged:
    try:
        return judged(_KEPT["store"], _KEPT["catalog"], as_of=as_of, run_id=run_id, patients=part)
    finally:
        give_back_now()
