"""
The ward read by a process of its own, beside that of the pages: what judges holds up whatever else runs in its
interpreter, and of a thousand patients it takes half a minute.

What it reads anew (read_anew.py) comes back in pieces of some patients each, and is joined here with what was read
before. Each piece is unpacked at once, which nothing can interrupt; between two of them the pages have their turn.
Whoever has no such process, or lost it, reads the ward itself.
"""

from __future__ import annotations

import logging
import pickle
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, Final

from dashboard.bedside import Bedside, Row, Ward
from dashboard.garbage import unsearched
from dashboard.joined import Watched, joined
from dashboard.packed import packed, packed_news
from dashboard.read_anew import Asked, Reader
from dashboard.since_rounds import Since
from dashboard.watched import Shown
from monitoring.logs import without_values
from monitoring.memory import give_back_now, uncollected
from monitoring.parallel import belong_to_parent, give_way
from monitoring.state import SAID
from monitoring.terms import Catalog
from storage.engine import Store, open_store

PATIENTS: Final = 20  # a piece: some hundredths of a second's unpacking
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

    def read(self, as_of: datetime, before: Ward | None = None, *, due_at: datetime | None = None) -> Ward | None:
        """
        The ward, made ready for every view; None where it has to be read here, which also tells what is wrong.

        With what it told `before`, those alone are read anew of whom there is news, and who was read before `due_at`;
        without that, only a few of whom there is news. Whoever of them has to wait is told by `waiting`.
        """
        try:
            told = self._asked(Asked(as_of, before.name if before else "", due_at)).result(PATIENCE)
            with unsearched():
                had = before if told.goes_on else None
                parts = [_unpacked(self._pieces(count), self._catalog) for count in told.pieces]
                if had is None and not parts:
                    return None
                return replace(joined(had, parts, told.now), name=told.name, waiting=told.waiting)
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

    def _pieces(self, many: int) -> Iterator[bytes]:
        """Each fetched by itself: a hundred megabytes at once would hold the pages up."""
        for _ in range(many):
            yield self._piece()
            time.sleep(BREATH)

    def _piece(self) -> bytes:
        if self._pool is None:  # closed meanwhile
            raise BrokenProcessPool
        return self._pool.submit(_next_piece).result(PATIENCE)

    def _asked(self, asked: Asked) -> Future[Told]:
        if self._pool is not None:
            return self._pool.submit(_read, asked)
        before = set(active_children())
        with _no_page():
            self._pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin, initargs=self._common)
            told = self._pool.submit(_read, asked)
        self._children = set(active_children()) - before
        return told


@contextmanager
def _no_page() -> Iterator[None]:
    """Streamlit puts the page that ran last in the place of the main program, which a new interpreter runs first."""
    page, nothing = sys.modules["__main__"], ModuleType("__main__")
    sys.modules["__main__"] = nothing
    try:
        yield
    finally:
        if sys.modules["__main__"] is nothing:  # else a page has begun meanwhile
            sys.modules["__main__"] = page


_KEPT: dict[str, Any] = {}


def _begin(url: str, catalog: Catalog, shown: Shown) -> None:
    """In the new process, which ends when who started it does."""
    belong_to_parent()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    give_way(YIELDS)
    _KEPT.update(reader=Reader(open_store(url), catalog, shown))


@dataclass(frozen=True)
class Told:
    """
    What there is to fetch: of each part how many pieces. `goes_on`: to be joined with the ward that was asked with;
    `name` and `waiting`: of the ward that comes of it.
    """

    name: str
    goes_on: bool
    waiting: bool
    now: Watched
    pieces: tuple[int, ...]


def _read(asked: Asked) -> Told:
    """Makes the reading, and keeps it until it is fetched."""
    reader: Reader = _KEPT["reader"]
    try:
        with uncollected():
            goes_on = reader.knows(asked)
            read, now, wards = reader.read(asked)
            parts = [list(_packed(ward)) for ward in wards]
    finally:
        give_back_now()
    reader.last, _KEPT["pieces"] = read, iter([piece for part in parts for piece in part])
    return Told(read.name, goes_on, bool(read.waiting), now, tuple(map(len, parts)))


def _next_piece() -> bytes:
    piece: bytes = next(_KEPT["pieces"])
    return piece


@dataclass(frozen=True)
class Piece:
    """Some patients, with what was worked out of each."""

    sides: tuple[Bedside, ...]
    beside: dict[Any, dict[str, Any]]
    scored: dict[str, list[Row]]
    since: dict[str, Since]


def _packed(ward: Ward) -> Iterator[bytes]:
    """The ward without its patients, then these."""
    yield pickle.dumps(_bare(ward), pickle.HIGHEST_PROTOCOL)
    for first in range(0, len(ward.sides), PATIENTS):
        yield pickle.dumps(_piece(ward, ward.sides[first : first + PATIENTS]), pickle.HIGHEST_PROTOCOL)


def _bare(ward: Ward) -> Ward:
    """Of the frames that patients were cut out of only what is asked of all at once."""
    said = replace(ward.state.assessment, points=ward.state.assessment.points.iloc[:0])
    state = replace(ward.state, assessment=said, flags=ward.state.flags.assign(**dict.fromkeys(SAID)))
    news = replace(ward.news, since={})
    return replace(ward, sides=(), worked_out={}, beside={}, scored={}, state=state, news=news)


def _piece(ward: Ward, some: Sequence[Bedside]) -> Piece:
    sides, scored, since = {side.id: packed(side) for side in some}, ward.scored or {}, ward.news.since
    return Piece(
        tuple(sides.values()),
        {
            key: {name: replace(kept[name], side=side) for name, side in sides.items() if name in kept}
            for key, kept in ward.beside.items()
        },
        {name: scored[name] for name in sides if name in scored},
        {name: packed_news(since[name]) for name in sides if name in since},
    )


def _unpacked(pieces: Iterator[bytes], catalog: Catalog) -> Ward:
    ward: Ward = pickle.loads(next(pieces))
    said = replace(ward.state.assessment, catalog=catalog)
    sides: list[Bedside] = []
    beside: dict[Any, dict[str, Any]] = defaultdict(dict)
    scored: dict[str, list[Row]] = {}
    since: dict[str, Since] = {}
    for told in pieces:
        piece: Piece = pickle.loads(told)
        sides.extend(piece.sides)
        scored.update(piece.scored)
        since.update(piece.since)
        for key, kept in piece.beside.items():
            beside[key].update(kept)
    state, news = replace(ward.state, assessment=said), replace(ward.news, since=since)
    return replace(ward, sides=tuple(sides), state=state, beside=dict(beside), scored=scored, news=news)
