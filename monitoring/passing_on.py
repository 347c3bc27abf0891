"""
What a copy of this process makes beside it comes here through memory that both see and that has no name: nothing of it
is left behind, however either of them ends.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from monitoring import memory
from monitoring.errors import IntakeError, ParallelError
from monitoring.parallel import alone, begun, cores

AHEAD = 2  # answers that are made before they are asked for
LOST = (
    "A process that read the file was ended from outside, perhaps for want of memory; nothing of the file was kept: "
    "take it in again."
)
Answer = TypeVar("Answer")
Make = Callable[[Any, int], Answer]


def beside() -> bool:
    """Whether there is a core for another process, and a copy of this one can be made."""
    return alone() and cores() > 1


@contextmanager
def passed_on(make: Make[Answer], common: Any, numbers: Sequence[int]) -> Iterator[Iterator[Answer]]:
    """
    `make(common, number)` of each, in order; within, the first are being made already.

    Raises IntakeError where the copy is ended, and OSError where there is no room for one.
    """
    with ExitStack() as held:
        slots = [os.memfd_create("maswatch") for _ in range(AHEAD + 1)]
        for slot in slots:
            held.callback(os.close, slot)
        try:
            with begun(_leave, (make, common, slots), numbers, workers=1, ahead=AHEAD) as left:
                yield (_fetched(slot) for slot in left)
        except ParallelError:
            raise IntakeError(LOST) from None


@memory.uncollected()
def _leave(told: tuple[Make[Any], Any, list[int]], number: int) -> int:
    """In the copy: which of the slots the answer lies in. The one before it there has been fetched by now."""
    make, common, slots = told
    slot = slots[number % len(slots)]
    with open(slot, "wb", closefd=False) as out:
        out.seek(0)
        pickle.dump(make(common, number), out, protocol=pickle.HIGHEST_PROTOCOL)
    return slot


def _fetched(slot: int) -> Any:
    """From where only this process and its copy can write."""
    with open(slot, "rb", closefd=False) as file:
        file.seek(0)
        made = pickle.load(file)
    os.ftruncate(slot, 0)
    return made
