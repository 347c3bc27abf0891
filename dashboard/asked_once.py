"""A run of a page: the ward asks whether anything was committed, and what is read after it goes by that answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from storage import newest
from storage.engine import Store

_run = threading.local()


@contextmanager
def one_run() -> Iterator[None]:
    """Within, in this thread, an answer stands until it is asked for anew."""
    _run.asked, _run.on = None, True
    try:
        yield
    finally:
        _run.asked, _run.on = None, False


def asked(store: Store, *, anew: bool = False) -> newest.Asked:
    known: newest.Asked | None = None if anew else getattr(_run, "asked", None)
    if known is None:
        known = newest.asked(store)
        if getattr(_run, "on", False):
            _run.asked = known
    return known
