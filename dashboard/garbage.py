"""
When Python looks for garbage in a process that keeps a reading of hundreds of thousands of objects.

A reading holds no circles, and goes by itself with its last reader. So it is left out of what is walked through, and
with it whatever else there is at that moment; what of that has become garbage is looked for now and then.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SEARCH_EVERY: Final = 600.0  # seconds
YOUNGEST: Final = 0
_searched = [time.monotonic()]


@contextmanager
def unsearched(*, search: bool = False) -> Iterator[None]:
    """
    While very many objects are made that all stay, no garbage is looked for. `search`: at the end among what was made
    meanwhile, where judging left some; of what is only unpacked it would take longer than a page may wait.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        if time.monotonic() - _searched[0] > SEARCH_EVERY:
            gc.unfreeze()
            gc.collect()
            _searched[0] = time.monotonic()
        elif search:
            gc.collect(YOUNGEST)
        gc.freeze()
