"""
The right to run the cycle, so that two schedulers never run together.

Machines that share a store agree through a lease in it, renewed while the work lasts. Processes that share a data
folder agree through a lock on a file as well: the operating system frees it the moment its holder dies, and since
both go by one name in the store, a scheduler that was killed and started again goes on at once.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from monitoring.errors import CycleBusy
from storage.engine import Store
from storage.errors import StoreError
from storage.leases import release_lease, take_lease

try:
    import fcntl
except ImportError:  # Windows has no such lock; there the lease alone decides, and is waited for after a crash
    fcntl = None  # type: ignore[assignment]

NAME = "cycle"
SECONDS = 90.0
RENEWED_EVERY = 30.0
BUSY = "Another process is running the cycle now; what is waiting will have been taken in when it is done."
log = logging.getLogger(__name__)


@contextmanager
def the_right(store: Store, folder: Path, *, clock: Callable[[], datetime]) -> Iterator[None]:
    """Held inside the block. Raises CycleBusy when another process has it."""
    holder = _name(folder)
    with ExitStack() as stack:
        stack.enter_context(_alone_in(folder))
        if not take_lease(store, NAME, holder, now=clock(), seconds=SECONDS):
            raise CycleBusy(BUSY)
        stack.callback(release_lease, store, NAME, holder)
        stack.enter_context(_renewed(store, holder, clock))
        yield


def _name(folder: Path) -> str:
    """One name for all processes that `_alone_in` keeps apart, and for no other."""
    own = "" if fcntl else f" {os.getpid()}"
    return f"{socket.gethostname()} {folder}{own}"


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "cycle.lock").open("a", encoding="utf-8") as file:
        _lock(file)
        yield


def _lock(file: IO[str]) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CycleBusy(BUSY) from None


@contextmanager
def _renewed(store: Store, holder: str, clock: Callable[[], datetime]) -> Iterator[None]:
    done = threading.Event()
    keeper = threading.Thread(target=_renew, args=(store, holder, clock, done), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _renew(store: Store, holder: str, clock: Callable[[], datetime], done: threading.Event) -> None:
    while not done.wait(RENEWED_EVERY):
        try:
            if not take_lease(store, NAME, holder, now=clock(), seconds=SECONDS):
                log.warning("the lease of the cycle was lost to another machine while this one was at work")
        except StoreError as error:
            log.warning("the lease of the cycle could not be renewed: %s", error)
