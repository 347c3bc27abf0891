"""
In which order tests are dealt to several workers.

Each worker is given an equal stretch of all tests and takes from the end of another's when it has none left, so what
stands first in a stretch is begun at once and what stands last is shared out. Whole journeys and the browser's tests
are long and mostly wait: begun last, they would keep one worker busy while the others have nothing to do, and behind
one another in one stretch they would be what is left at the end. So each of these rooms leads a stretch of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Test = TypeVar("Test")


def dealt(tests: Sequence[Test], workers: int, *, room: Callable[[Test], str], leading: Sequence[str]) -> list[Test]:
    """`tests` with each room of `leading` first in the stretch of one of the workers; all others as they were."""
    rest = [test for test in tests if room(test) not in leading]
    groups = [[test for test in tests if room(test) == name] for name in leading]
    stretches: list[list[Test]] = [[] for _ in range(max(workers, 1))]
    for number, group in enumerate(groups):
        stretches[number % len(stretches)] += group
    sizes = lengths(len(tests), len(stretches))
    for stretch, size in zip(stretches, sizes, strict=True):
        taken = max(size - len(stretch), 0)
        stretch += rest[:taken]
        del rest[:taken]
    return [test for stretch in stretches for test in stretch] + rest


def lengths(count: int, workers: int) -> list[int]:
    """How many tests each worker is given at first, as pytest-xdist deals them with `--dist worksteal`."""
    given: list[int] = []
    for left in range(workers, 0, -1):
        given.append((count - sum(given)) // left)
    return given
