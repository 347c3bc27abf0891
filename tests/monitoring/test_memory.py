"""What becomes of freed memory: each way in a process of its own, since it holds for all of it. /proc tells it."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """
import os
from pathlib import Path
from monitoring import memory

def mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
"""
ARRAY = """
assert getattr(memory, {way!r})()
before = mib()
array = b"x" * (16 << 20)
del array
print(mib() - before)
"""
LOADING = """
import gc
with memory.loading():
    held = [[]]
    print(int(gc.isenabled()))
print(int(gc.isenabled()))
print(sum(one is held for one in gc.get_objects()))
"""
PIECES = """
before = mib()
pieces = [b"x" * 60_000 for _ in range(500)]
last = pieces[-1]
del pieces
print(mib() - before)
assert memory.give_back_now()
print(mib() - before)
"""
ARROW = """
import pyarrow as pa
memory.keep()
held = pa.array([""] * 1000)
print(int(pa.default_memory_pool().backend_name == "system"))
"""


def told(program: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", BEGIN + program], check=True, stdout=subprocess.PIPE, text=True)
    return [float(line) for line in done.stdout.split()]


@pytest.mark.parametrize(("way", "least", "most"), [("give_back", -1, 2), ("keep", 14, 18)])
def test_an_array_that_was_freed_goes_back_or_waits_for_the_next(way: str, least: float, most: float) -> None:
    [left] = told(ARRAY.format(way=way))
    assert least < left < most


def test_what_lies_free_between_what_is_held_goes_back_when_asked() -> None:
    free, left = told(PIECES)
    assert free > 20
    assert left < 5


def test_what_was_loaded_is_not_looked_through_then_or_later() -> None:
    while_loading, after, looked_through = told(LOADING)
    assert (while_loading, after, looked_through) == (0, 1, 0)


def test_who_keeps_has_one_heap_for_arrow_too() -> None:
    assert told(ARROW) == [1]
