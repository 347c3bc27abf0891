"""
How a server for many viewers keeps its memory: what it no longer needs goes back to the machine.

The GNU library's allocator keeps a store of freed memory for every thread, and Streamlit draws each page in a thread of
its own: with fifty viewers two hundred megabytes that nobody uses.
"""

from __future__ import annotations

import ctypes
from typing import Final

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # as malloc.h numbers them
CHOSEN: Final = {ARENA_MAX: 2, MMAP_THRESHOLD: 256 * 1024, TRIM_THRESHOLD: 256 * 1024}


def give_back() -> bool:
    """Whether this machine's library has such settings; elsewhere nothing is changed."""
    try:
        choose = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    for option, value in CHOSEN.items():
        choose(option, value)
    return True
