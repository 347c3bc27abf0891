"""
The ward read by a process of its own, beside that of the pages: what judges holds up whatever else runs in its
interpreter, and of a thousand patients it takes half a minute.

What it says comes back in pieces of some patients each. Each piece is unpacked at once, which nothing can interrupt;
between two of them the pages have their turn. Whoever has no such process, or lost it, reads the ward itself.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import datetime
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from typing import Any, Final

from dashboard.bedside import Bedside, Ward, Whole
from dashboard.watched import Shown, made_ready, watched
from monitoring.logs import without_values
from monitoring.memory import give_back_now, uncollected
from monitoring.parallel import belong_to_parent
from monitoring.terms import Catalog
from storage.engine import Store, open_store

PATIENTS: Final = 20  # a piece: a tenth of a second's unpacking at most
BREATH: Final = 0.005  # seconds, of the pages alone
YIELDS: Final = 10  # of nineteen: where processors are few, a page comes before the next reading
PATIENCE: Final = 600.0  # seconds after which it is taken to be stuck
log = logging.getLogger(__name__)


class Apart:
    """Started by the first reading, and kept. One reading at a time."""

    def __init__(self, store: Store, catalog: Catalog, shown: Shown) -> None:
        self._common = (store.url, catalog, shown)
        self._catalog = catalog
        self._pool: ProcessPoolExecutor | None = None
        self._children: set[BaseProcess] = set()

    def read(self, as_of: datetime) -> Ward | None:
        """The ward, made ready for every view; None where it has to be read here, which also tells what is wrong."""
        try:
            return _unpacked(self._asked(as_of).result(PATIENCE), self._catalog)
        except (OSError, BrokenProcessPool, TimeoutError) as error:
            log.warning("the process that reads the ward was lost: %s", type(error).__name__)
            self.close()
        except Exception as error:  # whatever it was, it is tried here, where it is told in words
            log.warning("the process that reads the ward failed: %s", without_values(error))
        return None

    def close(self) -> None:
        """It only reads: nothing is lost when it is ended at once."""
        pool, self._pool = self._pool, None
        for child in self._children:
            child.kill()
        self._children.clear()
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _asked(self, as_of: datetime) -> Future[list[bytes]]:
        if self._pool is not None:
            return self._pool.submit(_read, as_of)
        before = set(active_children())
        self._pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin, initargs=self._common)
        asked = self._pool.submit(_read, as_of)
        self._children = set(active_children()) - before
        return asked


_KEPT: dict[str, Any] = {}


def _begin(url: str, catalog: Catalog, shown: Shown) -> None:
    """In the new process, which ends when who started it does."""
    belong_to_parent()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(YIELDS)
    _KEPT.update(store=open_store(url), catalog=catalog, shown=shown)


def _read(as_of: datetime) -> list[bytes]:
    catalog = _KEPT["catalog"]
    try:
        with uncollected():
            return list(_packed(made_ready(watched(_KEPT["store"], catalog, as_of), catalog, _KEPT["shown"])))
    finally:
        give_back_now()


def _packed(ward: Ward) -> Iterator[bytes]:
    """The ward without its patients, then these."""
    yield pickle.dumps(replace(ward, sides=(), worked_out={}), pickle.HIGHEST_PROTOCOL)
    for first in range(0, len(ward.sides), PATIENTS):
        yield pickle.dumps(ward.sides[first : first + PATIENTS], pickle.HIGHEST_PROTOCOL)


def _unpacked(pieces: list[bytes], catalog: Catalog) -> Ward:
    ward: Ward = pickle.loads(pieces[0])
    said = replace(ward.state.assessment, catalog=catalog)
    sides: list[Bedside] = []
    for piece in pieces[1:]:
        sides.extend(pickle.loads(piece))
        time.sleep(BREATH)
    for side in sides:
        if isinstance(side.whole, Whole):
            side.whole.points = said.points
    return replace(ward, sides=tuple(sides), state=replace(ward.state, assessment=said))
