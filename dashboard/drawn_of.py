"""
What is made of one patient for their own page, kept while what is known of them stands: most refreshes find it so, and
of a reading of many only those have to be drawn who were read anew. Imports no streamlit.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from dashboard.bedside import Bedside

MOST: Final = 200  # things, of all patients together; a figure is the largest, some hundred kilobytes
Made = TypeVar("Made")
Key = tuple[int, Hashable]
_kept: OrderedDict[Key, tuple[weakref.ref[Bedside], Any]] = OrderedDict()
_lock = threading.Lock()


def drawn_of(side: Bedside, asked: Hashable, make: Callable[[], Made]) -> Made:
    """
    `asked`: all that `make` hangs on beside the patient as read. What nobody asked for longest is forgotten first, and
    everything with the reading of the patient it was made of.
    """
    key = (id(side), asked)
    with _lock:
        whose, made = _kept.get(key, (None, None))
        if whose is not None and whose() is side:
            _kept.move_to_end(key)
            found: Made = made  # type: ignore[assignment]
            return found
    told = make()
    with _lock:
        _kept[key] = (weakref.ref(side, lambda _: _kept.pop(key, None)), told)
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return told


def kept() -> int:
    """How many things are kept."""
    return len(_kept)
