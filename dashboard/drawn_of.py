"""
What is made of one patient for their own page, kept while what is known of them stands: most refreshes find it so, and
of a reading of many only those have to be drawn who were read anew. Imports no streamlit.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from dashboard.bedside import Bedside

MOST: Final = 200  # things, of all patients together; a figure is the largest, some hundred kilobytes
UNASKED: Final = 180.0  # seconds; a page that is open asks twice a minute
Made = TypeVar("Made")
Key = tuple[int, Hashable]
_kept: OrderedDict[Key, tuple[weakref.ref[Bedside], Any, float]] = OrderedDict()  # and when it was last asked for
_lock = threading.Lock()


def drawn_of(side: Bedside, asked: Hashable, make: Callable[[], Made]) -> Made:
    """
    `asked`: all that `make` hangs on beside the patient as read. What nobody asked for longest is forgotten first, what
    no page asks for any more soon, and everything with the reading of the patient it was made of.
    """
    key = (id(side), asked)
    with _lock:
        whose, made, _ = _kept.get(key, (None, None, 0.0))
        if whose is not None and whose() is side:
            found: Made = made  # type: ignore[assignment]
            _keep(key, whose, found)
            return found
    told = make()
    with _lock:
        _keep(key, weakref.ref(side, lambda _: _kept.pop(key, None)), told)
    return told


def _keep(key: Key, whose: weakref.ref[Bedside], made: Any) -> None:
    """As asked for now; the longest unasked stand first."""
    now = time.monotonic()
    _kept[key] = (whose, made, now)
    _kept.move_to_end(key)
    while True:  # and no look through an iterator, which fails where another thread lets a reading go meanwhile
        first, thing = _kept.popitem(last=False)
        if len(_kept) < MOST and now - thing[2] <= UNASKED:
            _kept[first] = thing
            _kept.move_to_end(first, last=False)
            return


def kept() -> int:
    """How many things are kept."""
    return len(_kept)
