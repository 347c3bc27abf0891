"""What is drawn of a reading once for all its viewers, who mostly ask for the same. Imports no streamlit."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from dashboard.bedside import Ward
from dashboard.once import Once
from monitoring.logs import without_values

MOST: Final = 32  # ways of looking at one reading; half a megabyte each for a long ward
DRAWN: Final = "drawn"
LOOKED_AT: Final = 60.0  # seconds: every page that is open asks twice within it
AHEAD: Final = 8  # ways that are drawn of the next reading before anybody is given it
Drawn = TypeVar("Drawn")
Draw = Callable[[Ward], Any]
_asked: dict[Hashable, tuple[float, Draw]] = {}
_lock = threading.Lock()
log = logging.getLogger(__name__)


def drawn_once(ward: Ward, asked: Hashable, draw: Callable[[], Drawn]) -> Drawn:
    """`asked`: all that `draw` hangs on beside the reading itself. What was drawn first is forgotten first."""
    kept: Once = ward.worked_out.setdefault(DRAWN, Once(MOST))
    told: Drawn = kept.given(asked, draw)
    return told


def drawn_again(ward: Ward, asked: Hashable, draw: Callable[[Ward], Drawn]) -> Drawn:
    """The same, and of the next reading before it is given; so `draw` holds nothing of this one."""
    with _lock:
        _asked.pop(asked, None)
        _asked[asked] = (time.monotonic(), draw)
        while len(_asked) > AHEAD:
            del _asked[next(iter(_asked))]
    return drawn_once(ward, asked, lambda: draw(ward))


def draw_ahead(ward: Ward) -> None:
    """Everything of it that was looked at just now of the one before."""
    since = time.monotonic() - LOOKED_AT
    with _lock:
        lately = [(asked, draw) for asked, (at, draw) in _asked.items() if at > since]
    for asked, draw in lately:
        try:
            drawn_once(ward, asked, lambda draw=draw: draw(ward))  # type: ignore[misc]
        except Exception as error:  # whoever looks at it is told
            log.warning("a view could not be drawn ahead:\n%s", without_values(error))
