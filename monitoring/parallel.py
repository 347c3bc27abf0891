"""
The same work on many parts of a thing, answered in the order of the parts: here, on this machine's cores, or on a
cluster of Dask.

Dask and not Spark: its workers are the same Python with the same frames, so that the very functions of one process
run there unchanged and no Java is needed.
"""

from __future__ import annotations

import copyreg
import logging
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from types import MappingProxyType
from typing import Any, TypeVar

from monitoring.errors import ParallelError

Part = TypeVar("Part")
Answer = TypeVar("Answer")
Work = Callable[[Any, Part], Answer]  # what all parts have in common, and one of them
NO_DASK = 'Dask is not installed here; install it with `pip install "maswatch[cluster]"`, or leave --engine out.'
NO_SCHEDULER = (
    "No Dask scheduler answers at {}; start one there, or leave --scheduler out for one of this machine's own."
)
LOST = "A process that judged has died, perhaps for want of memory; take fewer with --workers."
ANSWERS_WITHIN = "30s"
KINDNESS = 5  # of nineteen
ENDING = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}
# no page about the cluster, and no port that a second one could not have
OWN_CLUSTER: dict[str, Any] = {
    "threads_per_worker": 1, "memory_limit": 0, "silence_logs": logging.ERROR, "dashboard_address": "127.0.0.1:0",
    "scheduler_kwargs": {"dashboard": False},
}  # fmt: skip


def _read_only(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


def _as_dict(table: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return _read_only, (dict(table),)


# the catalog's tables are read-only, which another interpreter cannot be sent as they are
copyreg.pickle(MappingProxyType, _as_dict)


def cores() -> int:
    """How many this process may use, where the system says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def give_way(by: int = KINDNESS) -> None:
    """
    From now on: where processors are few, whoever answers senders and draws pages comes before this process and those
    it starts. Said again, or by one of these, it is no more.
    """
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(by, os.getpriority(os.PRIO_PROCESS, 0)))


def each(
    work: Work[Part, Answer], common: Any, parts: Sequence[Part], *, workers: int, ahead: int | None = None,
    then: Callable[[], None] | None = None,
) -> Iterator[Answer]:  # fmt: skip
    """
    On so many processes; in this one where one is enough. `ahead`: so many parts are asked for before their turn, where
    what becomes of them is large; None: all. `then`: see belong_to_parent. Raises ParallelError where a process dies.

    Whoever is ended while a long answer goes through the pipe would be waited for: such answers go through files.
    """
    many = min(workers, len(parts))
    if many <= 1:
        yield from (work(common, part) for part in parts)
        return
    with begun(work, common, parts, workers=many, ahead=len(parts) if ahead is None else ahead, then=then) as answers:
        yield from answers


@contextmanager
def begun(
    work: Work[Part, Answer], common: Any, parts: Sequence[Part], *, workers: int, ahead: int,
    then: Callable[[], None] | None = None,
) -> Iterator[Iterator[Answer]]:  # fmt: skip
    """The answers of `each`, never made in this process; within, the first are being made already."""
    with _pool(workers, (work, common, then)) as pool:
        try:
            yield _in_turn(pool, iter(parts), ahead)
        except BrokenProcessPool:
            raise ParallelError(LOST) from None


def _in_turn(pool: ProcessPoolExecutor, parts: Iterator[Any], ahead: int) -> Iterator[Any]:
    return _answers(pool, deque(pool.submit(_answer, part) for part in islice(parts, ahead + 1)), parts)


def _answers(pool: ProcessPoolExecutor, waiting: deque[Future[Any]], parts: Iterator[Any]) -> Iterator[Any]:
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(pool.submit(_answer, part) for part in islice(parts, 1))


def alone() -> bool:
    """Whether a copy of this process can be made: elsewhere than on Linux the system's own libraries do not bear it."""
    return sys.platform == "linux" and threading.active_count() == 1


@contextmanager
def _pool(workers: int, told: tuple[Any, ...]) -> Iterator[ProcessPoolExecutor]:
    """
    Copies of a command that has no thread yet, which begin at once; else new interpreters, which take two seconds: a
    copy of a process with threads is unsafe.
    """
    before, how = set(active_children()), "fork" if alone() else "spawn"
    pool = ProcessPoolExecutor(workers, get_context(how), initializer=_begin, initargs=told)
    try:
        with warnings.catch_warnings():  # Python 3.12 and later count the libraries' threads too: see judges.py
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            with _unheard():
                pool.submit(os.getpid)  # all copies are made now
            yield pool
        pool.shutdown()
    except BaseException:  # Ctrl-C above all: nobody waits for what is half done
        for child in set(active_children()) - before:
            child.terminate()
        pool.shutdown(cancel_futures=True)  # whose thread closes a pipe that Python, at its end, would yet write to
        raise


@contextmanager
def _unheard() -> Iterator[None]:
    """What ends a command waits: Python swallows an exception that comes up while a copy of the process is made."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_KEPT: dict[str, Any] = {}


def _begin(work: Work[Any, Any], common: Any, then: Callable[[], None] | None) -> None:
    """In the new process: what all parts have in common is sent once."""
    belong_to_parent(*([then] if then else []))
    if hasattr(signal, "pthread_sigmask"):  # it was started by one that did not hear
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    _KEPT.update(work=work, common=common)


def belong_to_parent(then: Callable[[], None] = lambda: None) -> None:
    """
    In a new process: who started it hears Ctrl-C and ends it, and with that one it ends, however that one ended.

    `then`: what it does before it ends in that way.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, args=(then,), daemon=True).start()


def _end_with_parent(then: Callable[[], None]) -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        try:
            then()
        finally:
            os._exit(1)


def _answer(part: Any) -> Any:
    return _KEPT["work"](_KEPT["common"], part)


def each_on_dask(
    work: Work[Part, Answer], common: Any, parts: Sequence[Part], *, scheduler: str = "", workers: int = 1
) -> Iterator[Answer]:
    """
    On the workers of the scheduler at that address, else on so many of this machine's own.

    What parts name must be readable there: a cluster of several machines needs its temporary folder on a shared disk.
    """
    with _client(scheduler, workers) as client:
        sent = client.scatter(common, broadcast=True)
        asked = [client.submit(_tried, work, sent, part, pure=False) for part in parts]
        for place, one in enumerate(asked):
            answer, error = one.result()
            if error is not None:
                raise error
            yield answer
            asked[place] = None  # the cluster may forget it


def _tried(work: Work[Any, Any], common: Any, part: Any) -> tuple[Any, Exception | None]:
    """What went wrong goes back as an answer: the cluster would write the part itself into its log, with its values."""
    try:
        return work(common, part), None
    except Exception as error:
        return None, error


@contextmanager
def _client(scheduler: str, workers: int) -> Iterator[Any]:
    try:
        import distributed
    except ImportError:
        raise ParallelError(NO_DASK) from None
    logging.getLogger("distributed").propagate = False  # its comings and goings are no news of ours
    if not scheduler:
        with distributed.LocalCluster(workers, **OWN_CLUSTER) as cluster, distributed.Client(cluster) as client:
            yield client
        return
    try:
        client = distributed.Client(scheduler, timeout=ANSWERS_WITHIN)
    except (OSError, TimeoutError, ValueError):
        raise ParallelError(NO_SCHEDULER.format(scheduler)) from None
    with client:
        yield client
