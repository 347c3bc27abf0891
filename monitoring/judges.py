"""
Processes that judge parts of a ward beside this one, so that a cycle of a large ward uses more than one core.

They only read: what is new comes back here and is written at once, as if one process had judged. Each patient is read
by one of them alone, at the moment that all are told, so that they say what one process would have said; a part that
one of them fails on is judged here. Who judges in cycle after cycle keeps what was read (storage.kept); a patient stays
with the process that has its rows, as long as the parts are about even.

Who has no other thread yet (a command, a scheduler that starts) has copies of itself made, which cost a few
milliseconds and can judge at once. A copy would never see a lock opened again that another thread held when it was
made: where there are threads, new interpreters are started beside a cycle, which never waits for them, and are kept.
The threads of numpy's and Arrow's libraries are no danger: these libraries stop or renew them at a fork.
"""

from __future__ import annotations

import atexit
import logging
import warnings
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import pandas as pd

from monitoring.beside import Beside, Lost
from monitoring.memory import keep
from monitoring.parallel import alone, cores
from monitoring.settings_parts import Schedule
from monitoring.state import Judged, judged
from monitoring.terms import Catalog
from storage import merges, queries
from storage.engine import Store
from storage.kept import Kept

MOST_BY_ITSELF = 4  # each part has its own beginning and end: more save little and take their memory
WARMED_ON = 20  # patients: whatever is made at its first use only is made then
PATIENCE_SECONDS = 120.0
COPIED_SECONDS = 15.0  # a copy that has said nothing by then is stuck
UNEVEN = 1.05  # so much larger than their mean a part may be before patients go from one process to another
log = logging.getLogger(__name__)


class Judges:
    """
    `judged` is monitoring.state.judged, by several where `settings` say so. To be closed by who made it.

    `kept`: for the cycles to come too, so that new interpreters are worth their start, and rows their memory.
    """

    def __init__(self, store: Store, catalog: Catalog, settings: Schedule, *, kept: bool = True) -> None:
        self.beside = (settings.judges or min(cores(), MOST_BY_ITSELF)) - 1
        self._store, self._catalog, self._from = store, catalog, settings.judges_from
        self._kept, self._rows = kept, Kept() if kept else None
        self._others: list[Beside] = []
        self._edges: list[str] = []

    def __enter__(self) -> Judges:
        return self

    def __exit__(self, *_: object) -> None:
        self.beside = 0  # from now on this process alone
        self.close()

    def begin(self, as_of: datetime) -> None:
        """Before the first cycle, and best before there is any other thread: nothing where the ward is small."""
        whom = self._whom(as_of, None) if not self._others else []
        if not whom:
            return
        keep()  # before there are copies: each cycle fills arrays of the size of the last one's
        if alone():
            self._copy(as_of)
        elif self._kept:
            self._start(as_of, whom[:WARMED_ON])

    def judged(
        self, store: Store, catalog: Catalog, *, as_of: datetime, run_id: str, patients: list[str] | None = None
    ) -> Judged:
        if store is not self._store or catalog is not self._catalog:
            return judged(store, catalog, as_of=as_of, run_id=run_id, patients=patients)
        whom = self._whom(as_of, patients)
        if not whom or not self._ready(as_of, whom):
            return self._here(as_of, run_id, patients)
        mine, *theirs = self._parts(whom)
        asked = [self._asked(other, as_of, run_id, part) for other, part in zip(self._others, theirs, strict=True)]
        told = [self._here(as_of, run_id, mine)]
        for other, part in zip(asked, theirs, strict=True):
            found = self._answer(other)
            told.append(found or judged(store, catalog, as_of=as_of, run_id=run_id, patients=part))
        return _together(told)

    def ready(self, *, within: float) -> bool:
        """Whether those who were started can judge; waits so many seconds for them."""
        try:
            return bool(self._others) and all(other.idle(within=within) for other in self._others)
        except Lost as error:
            self._lost(str(error))
            return False

    def close(self) -> None:
        """They only read: nothing is lost when they are ended at once."""
        for other in self._others:
            other.end()
        self._others = []
        atexit.unregister(self.close)

    def _here(self, as_of: datetime, run_id: str, patients: list[str] | None) -> Judged:
        """A few who have news are read by themselves: in their favour what was read of a ward would be let go."""
        few = patients is not None and len(patients) < self._from // (self.beside + 1)
        rows = None if few else self._rows
        return judged(self._store, self._catalog, as_of=as_of, run_id=run_id, patients=patients, kept=rows)

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

    def _parts(self, whom: Sequence[str]) -> list[list[str]]:
        """One a process, in order; cut at the same names as the last time where that is about even."""
        count = self.beside + 1
        parts = _cut(whom, self._edges)
        if len(parts) != count or max(map(len, parts)) * count > UNEVEN * len(whom):
            self._edges = [whom[len(whom) * place // count] for place in range(1, count)]
            parts = _cut(whom, self._edges)
        return parts

    def _ready(self, as_of: datetime, whom: Sequence[str]) -> bool:
        if not self._others:
            if self._kept:
                self._start(as_of, whom[:WARMED_ON])
            return False
        return self.ready(within=0)

    def _copy(self, as_of: datetime) -> None:
        self._store.close()  # no connection may be in two processes; the next is made when it is asked for
        with warnings.catch_warnings():  # Python 3.12 and later count the libraries' threads too, see above
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            self._start(as_of, [], how="fork")
        if not self.ready(within=COPIED_SECONDS):
            self.close()

    def _start(self, as_of: datetime, few: Sequence[str], how: str = "spawn") -> None:
        """`few`: whom each judges first, for nothing; a copy has no time for that."""
        atexit.register(self.close)  # who is not ended would be waited for
        try:
            for _ in range(self.beside):
                self._others.append(Beside(self._store, self._catalog, how=how, keeps=self._kept))
            for other in self._others:
                other.ask(as_of, "", list(few))
        except (OSError, Lost) as error:  # no room for another process
            self._lost(type(error).__name__)

    def _asked(self, other: Beside, as_of: datetime, run_id: str, part: list[str]) -> Beside | None:
        """None where it is lost."""
        if other not in self._others:  # with one of them all are given up, and it is said already
            return None
        try:
            other.ask(as_of, run_id, part)
            return other
        except Lost as error:
            self._lost(str(error))
            return None

    def _answer(self, other: Beside | None) -> Judged | None:
        """None where there is none: that part is tried here, where what is wrong is told in words."""
        if other is None or other not in self._others:
            return None
        try:
            return other.answer(within=PATIENCE_SECONDS)
        except Lost as error:
            self._lost(str(error))
            return None

    def _lost(self, why: str) -> None:
        """The next cycle starts others."""
        log.warning("a process that judges beside this one failed; this one judges its part: %s", why)
        self.close()


def _cut(names: Sequence[str], edges: Sequence[str]) -> list[list[str]]:
    places = [0, *(bisect_left(names, edge) for edge in edges), len(names)]
    return [list(names[since:until]) for since, until in pairwise(places)]


def _together(told: Sequence[Judged]) -> Judged:
    news = [one.changes for one in told if len(one.changes)] or [told[0].changes]
    return Judged(sum(one.count for one in told), pd.concat(news, ignore_index=True))
