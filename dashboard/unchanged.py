"""
What pages read for themselves beside the ward, read again only when something was committed: a page that finds nothing
new asks the store one question. Imports no streamlit.

What somebody says is there as soon as it is committed, whoever said it. Said by a clock that is ahead of this one, it
counts from its own moment on, which no commit tells of: what was read within some seconds of a commit is read again,
and everything after some minutes.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

SETTLED: Final = 5.0  # seconds after which no clock of another machine is so far ahead
LONGEST: Final = 300.0  # seconds
MOST: Final = 300
Read = TypeVar("Read")


@dataclass(frozen=True)
class Kept:
    read: Any
    at: float
    settled: bool


class Unchanged:
    """`clock` tells seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._state: Any = None
        self._since = 0.0
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()

    def given(self, key: Hashable, state: Any, read: Callable[[], Read]) -> Read:
        """`state`: of the store, asked before, see newest.asked; None where it cannot be told, and nothing is kept."""
        if state is None:
            return read()
        began = self._clock()
        with self._lock:
            if self._state != state:
                self._state, self._since = state, began
                self._kept.clear()
            kept = self._kept.get(key)
        if kept and kept.settled and began - kept.at < LONGEST:
            found: Read = kept.read
            return found
        told = read()
        with self._lock:
            if self._state == state:
                self._kept[key] = Kept(told, began, began - self._since >= SETTLED)
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
        return told
