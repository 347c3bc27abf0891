"""What is drawn of a reading once for all its viewers, who mostly ask for the same. Imports no streamlit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from dashboard.bedside import Ward

MOST: Final = 32  # ways of looking at one reading; half a megabyte each for a long ward
DRAWN: Final = "drawn"
Drawn = TypeVar("Drawn")
_lock = threading.Lock()


def drawn_once(ward: Ward, asked: Hashable, draw: Callable[[], Drawn]) -> Drawn:
    """`asked`: all that `draw` hangs on beside the reading itself. What was drawn first is forgotten first."""
    kept: dict[Hashable, Any] = ward.worked_out.setdefault(DRAWN, {})
    with _lock:
        if asked in kept:
            found: Drawn = kept[asked]
            return found
    told = draw()
    with _lock:
        kept[asked] = told
        while len(kept) > MOST:
            del kept[next(iter(kept))]
    return told
