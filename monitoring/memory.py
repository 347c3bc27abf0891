"""
What becomes of memory that a process has freed, where the GNU library's allocator runs; elsewhere nothing is changed.

That allocator keeps what was freed, for every thread in a store of its own, and gives it back for large pieces alone,
of which it takes larger ones the larger those were that it gave back. Who serves or waits for years gives back; who
makes the same arrays again and again until it ends keeps.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # as malloc.h numbers them
KIB, MIB = 1 << 10, 1 << 20
GIVING_BACK: Final = {ARENA_MAX: 2, MMAP_THRESHOLD: 256 * KIB, TRIM_THRESHOLD: 256 * KIB}
SELDOM: Final = (50_000, 10, 10)  # objects of the youngest, and how often the younger before the older
KEEPING: Final = {MMAP_THRESHOLD: 32 * MIB, TRIM_THRESHOLD: 24 * MIB}


def give_back() -> bool:
    """
    From now on, for a server that draws each page in a thread of its own: with fifty viewers two hundred megabytes that
    nobody uses. Whether this machine's library has such settings.
    """
    return _choose(GIVING_BACK)


def keep() -> bool:
    """
    From now on, for a process that fills arrays of the same size: each would come back to be cleared again. Arrow's
    are taken from the same heap, where it is loaded by then: what one let go the other can use.
    """
    if arrow := sys.modules.get("pyarrow"):
        arrow.set_memory_pool(arrow.system_memory_pool())
    return _choose(KEEPING)


def give_back_now() -> bool:
    """All that is free, once, when much was made and let go; takes milliseconds. Whether it can be done here."""
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    trim = getattr(_library(), "malloc_trim", None)
    return trim is not None and trim(0) >= 0  # 0: nothing was free


def begin_lightly() -> None:
    """
    Of a command, before it imports anything large, and of all processes that it will start.

    The linear algebra of numpy and scipy, which nothing here calls, starts a thread a core that turns idly for a while;
    and what is imported stays, so that looking it through for garbage every 700 objects finds none.
    """
    os.putenv("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(*SELDOM)


@contextmanager
def uncollected() -> Iterator[None]:
    """
    Without Python's search for what only holds itself, for a second or two in which very many rows are made and none of
    them is that: a tenth of the time. Whatever is left over is found afterwards.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


@contextmanager
def loading() -> Iterator[None]:
    """The same while modules are loaded that stay as long as the process, which are then never looked through."""
    with uncollected():
        yield
        gc.freeze()


def _choose(settings: dict[int, int]) -> bool:
    choose = getattr(_library(), "mallopt", None)
    return choose is not None and {choose(option, value) for option, value in settings.items()} == {1}


def _library() -> Any:
    import ctypes  # which a command that only says what there is has no need of

    return ctypes.CDLL(None) if sys.platform == "linux" else None
