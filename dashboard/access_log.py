"""
Who saw what of whom, on its way to the store: in a server that was told to `keep_writing`, written down within a
second by a thread of its own, so that no page waits for it. What the store does not take at once is kept and tried
again. Imports no streamlit.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from dashboard import reading
from monitoring.sentences import sentence
from storage import accesses
from storage.accesses import Seen

AT_ONCE_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 5.0
log = logging.getLogger(__name__)
_waiting: list[tuple[str, Seen]] = []
_lock = threading.Lock()
_writing = threading.Lock()
_timers: list[threading.Timer] = []
_kept = threading.Event()


def keep_writing() -> None:
    """From now on nothing waits long, and what waits at the end of this process is written before it."""
    if not _kept.is_set():
        _kept.set()
        atexit.register(write_now)


def note(at: datetime, who: str, what: str, patients: Iterable[str] = ("",)) -> None:
    """`patients`: "*" for a list or everybody, "" for what shows nobody."""
    store = reading.settings().database_url
    with _lock:
        _waiting.extend((store, Seen(at, who, what, patient)) for patient in patients)
        if _kept.is_set() and not _timers:
            _later(AT_ONCE_SECONDS)


def waiting() -> int:
    """How many are not in the store yet."""
    with _lock:
        return len(_waiting)


def write_now() -> bool:
    """Whether all that waits for the store in use is in it."""
    with _writing:
        with _lock:
            told = [one for one in _waiting if one[0] == reading.settings().database_url]
        if not told:
            return True
        try:
            accesses.note(reading.store(), [seen for _, seen in told])
        except Exception as error:  # whatever it is, they wait: nothing that was seen goes unwritten
            why = sentence(error) or type(error).__name__
            log.warning("%d entries of the access log wait for the store: %s", len(told), why)
            return False
        with _lock:
            written = set(map(id, told))
            _waiting[:] = [one for one in _waiting if id(one) not in written]
    return True


def _written() -> None:
    with _lock:
        _timers.clear()
    if not write_now():
        with _lock:
            if not _timers:
                _later(AGAIN_SECONDS)


def _later(seconds: float) -> None:
    timer = threading.Timer(seconds, _written)
    timer.daemon = True
    _timers.append(timer)
    timer.start()
