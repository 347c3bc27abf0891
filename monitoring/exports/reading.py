"""
Processes that read laboratory values for an export, in order, and a few parts ahead of what is written.

What they made goes through files in a folder of its own: a pipe would copy it three times more.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa  # type: ignore[import-untyped]

from monitoring import memory
from monitoring.errors import ExportError
from monitoring.exports.coded import as_table
from monitoring.exports.counting import Drawn, Part, Plan
from monitoring.exports.crew import LEFT, crew, size
from monitoring.exports.flow import values, wanted_columns
from monitoring.exports.lines import Lines, csv_lines
from storage import facts
from storage.facts import Door, Reader

LINES, ARROW = "lines", "arrow"
AHEAD = 4  # parts a reader, in files: enough for both to go on while the next group of patients is looked up
Answer = tuple[Any, Drawn]
Group = TypeVar("Group")
_own: dict[str, Any] = {}  # of a reading process: its way into the store, and names for its files


@dataclass(frozen=True)
class Order:
    """What is read for an export: where, what, and whether as LINES or ARROW."""

    place: Door
    plan: Plan
    form: str


class Readers:
    """`told`: a part -> its answer, now or when it comes."""

    def __init__(self, told: Callable[[Part], Future[Answer]], ahead: int) -> None:
        self._told, self._ahead = told, ahead

    def answers(self, asked: Iterable[tuple[Group, Part]]) -> Iterator[tuple[Group, Answer]]:
        """Of each part its group beside it: nobody waits between two groups."""
        waiting: deque[tuple[Group, Future[Answer]]] = deque()
        for group, part in asked:
            waiting.append((group, self._told(part)))
            if len(waiting) > self._ahead:
                yield _answered(waiting)
        while waiting:
            yield _answered(waiting)


@contextmanager
def readers(order: Order, started: ProcessPoolExecutor | None, *, alone: bool) -> Iterator[Readers]:
    """
    `started`: a crew that is not ended here, else one is where it is needed.
    `alone`: few patients, for whom starting processes would take longer than reading.
    """
    if alone and started is None:
        with facts.reading(order.place, alone=False) as reader:
            yield Readers(lambda part: _done(read(reader, part, order)), 0)
        return
    with (
        tempfile.TemporaryDirectory(prefix="maswatch-export-") as folder,
        nullcontext(started) if started else crew() as pool,
    ):
        try:
            yield Readers(lambda part: pool.submit(_read, order, Path(folder), part), AHEAD * size())
        except BrokenProcessPool:  # whichever came first, what it was asked next or what it was to answer
            raise ExportError("A reading process was ended from outside; start the export again.") from None


def read(reader: Reader, part: Part, order: Order) -> Answer:
    plan = order.plan
    columns, drawn = values(reader.facts(part.names, plan.as_of, wanted_columns(plan.columns, plan.key)), part, plan)
    return csv_lines(columns) if order.form == LINES else as_table(columns), drawn


def _done(answer: Answer) -> Future[Answer]:
    future: Future[Answer] = Future()
    future.set_result(answer)
    return future


def _answered(waiting: deque[tuple[Group, Future[Answer]]]) -> tuple[Group, Answer]:
    group, future = waiting.popleft()
    told, drawn = future.result()
    return group, (_fetched(told) if isinstance(told, _Left) else told, drawn)


@dataclass(frozen=True)
class _Left:
    """A file with so many lines, or with an Arrow table."""

    path: Path
    count: int
    form: str


def _left(told: Any, folder: Path, form: str) -> _Left:
    """In a file of this process and of nobody else."""
    path = folder / f"{os.getpid()}-{next(_own['names'])}"
    if form == LINES:
        with path.open("wb") as out:
            out.writelines(told.pieces)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, told.schema) as written:
            written.write_table(told)
    return _Left(path, len(told), form)


def _fetched(left: _Left) -> Any:
    """What lies there, written on from where it lies; as a file it is there no more."""
    if not left.count and left.form == LINES:  # nothing can be mapped there
        return Lines((), 0)
    with pa.memory_map(str(left.path)) as file:
        told = Lines((file.read_buffer(),), left.count) if left.form == LINES else pa.ipc.open_file(file).read_all()
    with suppress(PermissionError):  # of systems that keep a mapped file; it goes with its folder
        left.path.unlink()
    return told


def get_ready() -> None:
    """Of a reading process: how it uses memory and the cores."""
    memory.keep()  # the next part uses what the last one took, the driver too
    pa.set_cpu_count(1)
    _own["names"] = count()


def _read(order: Order, folder: Path, part: Part) -> Answer:
    LEFT.add(folder)
    told, drawn = read(_reader(order.place), part, order)
    return _left(told, folder, order.form), drawn


def _reader(place: Door) -> Reader:
    """One for the life of the process, which reads for one export alone."""
    if "reader" not in _own:
        _own["opened"] = facts.reading(place, alone=True)
        _own["reader"] = _own["opened"].__enter__()
    reader: Reader = _own["reader"]
    return reader
