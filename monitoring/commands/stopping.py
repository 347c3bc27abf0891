"""A command that is asked to stop, by a service manager or a closed terminal, ends as by Ctrl-C: it tidies up."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ASKED = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
BY_SIGNAL = 128  # what a shell adds to the signal's number


@contextmanager
def stopped() -> Iterator[None]:
    """Within: the signal raises SystemExit in this process; one that was told to ignore it goes on doing so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    here = os.getpid()

    def leave(number: int, _: Any) -> None:
        if os.getpid() != here:  # a copy of this process has nothing to tidy up
            os._exit(BY_SIGNAL + number)
        raise SystemExit(BY_SIGNAL + number)

    before = {number: signal.getsignal(number) for number in ASKED}
    for number, told in before.items():
        if told is not signal.SIG_IGN:
            signal.signal(number, leave)
    try:
        yield
    finally:
        for number, told in before.items():
            signal.signal(number, told)
