"""
Processes that read laboratory values for an export, in order, and a few parts ahead of what is written.

What they made goes through files in a folder of its own: a pipe would copy it three times more.
"""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa  # type: ignore[import-untyped]

from monitoring.errors import ExportError
from monitoring.exports.coded import as_table
from monitoring.exports.counting import Drawn, Part, Plan
from monitoring.exports.flow import values, wanted_columns
from monitoring.exports.lines import Lines, csv_lines
from storage import facts
from storage.facts import Door, Reader

LINES, ARROW = "lines", "arrow"
MOST = 4  # readers; what they bring must be written by one
AHEAD = 4  # parts a reader, in files: enough for both to go on while the next group of patients is looked up
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # as malloc.h numbers them
LARGEST_ARRAY, KEPT = 32 << 20, 24 << 20  # bytes
Answer = tuple[Any, Drawn]
Group = TypeVar("Group")
_own: dict[str, Any] = {}  # of a reading process: its way into the store, what is asked of it, and names for its files


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
def readers(place: Door, plan: Plan, form: str, *, alone: bool) -> Iterator[Readers]:
    """`alone`: few patients, for whom starting processes would take longer than reading."""
    if alone:
        with facts.reading(place, alone=False) as reader:
            yield Readers(lambda part: _done(read(reader, part, plan, form)), 0)
        return
    many = min(os.cpu_count() or 1, MOST)
    with (
        tempfile.TemporaryDirectory(prefix="maswatch-export-") as folder,
        ProcessPoolExecutor(many, get_context("spawn"), _open, (place, plan, form, Path(folder))) as pool,
    ):
        for _ in range(many):
            pool.submit(os.getpid)  # so that all start while the first patients are looked up
        try:
            yield Readers(lambda part: pool.submit(_read, part), AHEAD * many)
        finally:
            pool.shutdown(cancel_futures=True)


def read(reader: Reader, part: Part, plan: Plan, form: str) -> Answer:
    columns, drawn = values(reader.facts(part.names, plan.as_of, wanted_columns(plan)), part, plan)
    return csv_lines(columns) if form == LINES else as_table(columns), drawn


def _done(answer: Answer) -> Future[Answer]:
    future: Future[Answer] = Future()
    future.set_result(answer)
    return future


def _answered(waiting: deque[tuple[Group, Future[Answer]]]) -> tuple[Group, Answer]:
    group, future = waiting.popleft()
    try:
        told, drawn = future.result()
        return group, (_fetched(told) if isinstance(told, _Left) else told, drawn)
    except BrokenProcessPool:
        raise ExportError("A reading process was ended from outside; start the export again.") from None


class _WithoutPandas(MetaPathFinder):
    """pyarrow looks for pandas, which nothing here needs, and which takes as much memory as all the rest."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


@dataclass(frozen=True)
class _Left:
    """A file with so many lines, or with an Arrow table."""

    path: Path
    count: int
    form: str


def _left(told: Any, form: str) -> _Left:
    """In a file of this process and of nobody else."""
    path = _own["folder"] / f"{os.getpid()}-{next(_own['names'])}"
    if form == LINES:
        path.write_bytes(told.text)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, told.schema) as written:
            written.write_table(told)
    return _Left(path, len(told), form)


def _fetched(left: _Left) -> Any:
    """What lies there, written on from where it lies; as a file it is there no more."""
    if not left.count and left.form == LINES:  # nothing can be mapped there
        return Lines(b"", 0)
    with pa.memory_map(str(left.path)) as file:
        told = Lines(file.read_buffer(), left.count) if left.form == LINES else pa.ipc.open_file(file).read_all()
    with suppress(PermissionError):  # of systems that keep a mapped file; it goes with its folder
        left.path.unlink()
    return told


def _open(place: Door, plan: Plan, form: str, folder: Path) -> None:
    sys.meta_path.insert(0, _WithoutPandas())
    pa.set_memory_pool(pa.system_memory_pool())  # the driver's too: one heap for both
    _keep_memory()
    opened = facts.reading(place, alone=True)
    _own.update(reader=opened.__enter__(), opened=opened, plan=plan, form=form, folder=folder, names=count())
    pa.set_cpu_count(1)


def _keep_memory() -> None:
    """The next part uses what the last one took: GNU's allocator would give back each array, to be cleared again."""
    library: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(library, "mallopt"):
        library.mallopt(MMAP_THRESHOLD, LARGEST_ARRAY)
        library.mallopt(TRIM_THRESHOLD, KEPT)


def _read(part: Part) -> Answer:
    told, drawn = read(_own["reader"], part, _own["plan"], _own["form"])
    return _left(told, _own["form"]), drawn
