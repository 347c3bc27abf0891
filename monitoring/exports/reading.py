"""Processes that read laboratory values for an export, in order, and never more parts ahead than there are readers."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from multiprocessing import get_context
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

from monitoring.errors import ExportError
from monitoring.exports.flow import Drawn, Part, Plan, values, wanted_columns
from monitoring.exports.lines import csv_lines
from storage import facts
from storage.facts import Door, Reader

LINES, ARROW = "lines", "arrow"
MOST = 4  # readers; what they bring must be written by one
Answer = tuple[Any, Drawn]
_own: dict[str, Any] = {}  # of a reading process: its way into the store, and what is asked of it


class Readers:
    """`told`: a part -> its answer, now or when it comes."""

    def __init__(self, told: Callable[[Part], Future[Answer]], ahead: int) -> None:
        self._told, self._ahead = told, ahead

    def answers(self, parts: Iterable[Part]) -> Iterator[Answer]:
        waiting: deque[Future[Answer]] = deque()
        for part in parts:
            waiting.append(self._told(part))
            if len(waiting) > self._ahead:
                yield _answer(waiting.popleft())
        while waiting:
            yield _answer(waiting.popleft())


@contextmanager
def readers(place: Door, plan: Plan, form: str, *, alone: bool) -> Iterator[Readers]:
    """`alone`: few patients, for whom starting processes would take longer than reading."""
    if alone:
        with facts.reading(place, alone=False) as reader:
            yield Readers(lambda part: _done(read(reader, part, plan, form)), 0)
        return
    count = min(os.cpu_count() or 1, MOST)
    with ProcessPoolExecutor(count, get_context("spawn"), _open, (place, plan, form)) as pool:
        try:
            yield Readers(lambda part: pool.submit(_read, part), count)
        finally:
            pool.shutdown(cancel_futures=True)


def read(reader: Reader, part: Part, plan: Plan, form: str) -> Answer:
    table, drawn = values(reader.table(part.names, plan.as_of, wanted_columns(plan)), part, plan)
    return csv_lines(table) if form == LINES else table, drawn


def _done(answer: Answer) -> Future[Answer]:
    future: Future[Answer] = Future()
    future.set_result(answer)
    return future


def _answer(future: Future[Answer]) -> Answer:
    try:
        return future.result()
    except BrokenProcessPool:
        raise ExportError("A reading process was ended from outside; start the export again.") from None


class _WithoutPandas(MetaPathFinder):
    """pyarrow looks for pandas, which nothing here needs, and which takes as much memory as all the rest."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def _open(place: Door, plan: Plan, form: str) -> None:
    sys.meta_path.insert(0, _WithoutPandas())
    pa.set_memory_pool(pa.system_memory_pool())  # gives back what a part took
    opened = facts.reading(place, alone=True)
    _own.update(reader=opened.__enter__(), opened=opened, plan=plan, form=form)
    pa.set_cpu_count(1)


def _read(part: Part) -> Answer:
    return read(_own["reader"], part, _own["plan"], _own["form"])
