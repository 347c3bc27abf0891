"""
Tables of very many patients, made some at a time: here, or by processes beside this one, in order and a few parts ahead
of what is written. They only read. Each patient is told by one of them alone, and as one process would have told it.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from monitoring import memory
from monitoring.analysis.course import Course
from monitoring.errors import ExportError, ParallelError
from monitoring.exports.crew import LEFT, leave_nothing
from monitoring.exports.making import UNTOLD, Order, Part, asks_no_judgement, formed
from monitoring.exports.reading import get_ready
from monitoring.exports.sizing import JUDGED, together
from monitoring.exports.tables import Frames, tables
from monitoring.measured import measured
from monitoring.parallel import each
from monitoring.whole_course import told
from storage.engine import Store, open_store

AT_ONCE, VALUES = JUDGED  # patients judged together: memory stays the same however many there are
MOST = 2  # processes: each holds what it judges, a hundred megabytes and more
AHEAD = 1  # parts that are judged, or made already, beyond one a process
_own: dict[str, Store] = {}  # of a process beside this one: its way into the store


def parts(
    store: Store, order: Order, chosen: Sequence[str], *, workers: int, first: int = 0, leads: bool = True
) -> Iterator[Frames]:
    """
    The tables of `first` patients (0: of as many as of all others), then of as many at a time as go together; at least
    one part, so that every table has its columns.

    `workers`: so many processes beside this one, where there is more than a part for each; 1: none. `first` are told
    by this one before others are begun. `leads`: nobody stands before them.
    """
    size = together(store, chosen, most=AT_ONCE, values=VALUES)
    edges = [0, *range(min(first or size, size, len(chosen)), len(chosen), size), len(chosen)]
    asked = [Part(list(chosen[since:until]), leads=leads and not since) for since, until in pairwise(edges)]
    if first:
        yield _made(store, order, asked.pop(0))
    if min(workers, len(asked)) <= 1:
        for part in asked:
            yield _made(store, order, part)
        return
    if not asks_no_judgement(order):
        _load()
    store.close()  # no connection may be in two processes; the next is made when it is asked for
    many = min(workers, MOST)
    with tempfile.TemporaryDirectory(prefix="maswatch-export-") as folder:
        common = (store.url, order, Path(folder))
        try:
            for left in each(_made_beside, common, asked, workers=many, ahead=many + AHEAD, then=leave_nothing):
                yield _fetched(left)
        except ParallelError:
            raise ExportError("A process that judged was ended from outside; start the export again.") from None


def _load() -> None:
    """What judges, before copies are made: they share it, and none of them has to load it."""
    with memory.loading():
        import monitoring.state  # noqa: F401


def _made_beside(common: tuple[str, Order, Path], part: Part) -> Path:
    """In a process that was started for this; what it made lies in a file."""
    url, order, folder = common
    LEFT.add(folder)
    if url not in _own:
        get_ready()
        _own[url] = open_store(url)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as out:
        pickle.dump(_made(_own[url], order, part), out, protocol=pickle.HIGHEST_PROTOCOL)
    return Path(out.name)


def _fetched(left: Path) -> Frames:
    """From where only this process and those it started can write."""
    with left.open("rb") as file:
        frames: Frames = pickle.load(file)
    left.unlink()
    return frames


@memory.uncollected()
def _made(store: Store, order: Order, part: Part) -> Frames:
    """A function of its own, so that nothing of a part is held while the next one is judged."""
    return formed(_tables(store, order, part.patients), order, part)


def _tables(store: Store, order: Order, patients: list[str]) -> Frames:
    """No more is judged than the tables need, and nothing is put in words that nobody may read."""
    wanted, only = order.wanted, order.only
    ward, every = (_measured if asks_no_judgement(order) else _judged)(store, order, patients)
    return tables(ward, every if wanted.versions else None, wanted, only)


def _measured(store: Store, order: Order, patients: list[str]) -> tuple[Any, Course]:
    every = told(store, as_of=order.wanted.as_of, patients=patients, without=UNTOLD)
    return measured(every, order.catalog, as_of=order.wanted.as_of), every


def _judged(store: Store, order: Order, patients: list[str]) -> tuple[Any, Course | None]:
    """What is told with each flag stands in identified exports alone."""
    from monitoring.state import state  # brings all that judges

    catalog, wanted, names = order.catalog, order.wanted, order.wanted.key is None
    every = told(store, as_of=wanted.as_of, patients=patients) if wanted.versions else None
    return state(store, catalog, as_of=wanted.as_of, patients=patients, in_words=names, without=UNTOLD), every
