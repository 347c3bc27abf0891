"""
The ward judged ahead of its viewers, so that no page waits for it: in the server, in a thread of its own.

Without it a reading is made when somebody looks and the last one is too old; with two hundred patients that is seconds.
A reading older than FRESH is never given. One from before the store's newest change is given while the next is being
made, marked as `behind`, so that the page says so and asks again soon.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dashboard.bedside import Ward
from storage.errors import StoreError

FRESH: Final = timedelta(seconds=90)
RENEWED_AFTER: Final = timedelta(seconds=50)  # with room for a judgement that takes its time
LOOKS_EVERY: Final = 2.0  # seconds; what changed in the store is judged that soon
PATIENCE: Final = 0.2  # seconds that a page waits for the next reading; that of a small ward is there by then
WANTED_FOR: Final = timedelta(minutes=5)  # after the last viewer's page, which asks every 30 s, nothing is judged ahead
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """`mark`: the store's newest change that the reading knows of, see queries.mark."""

    mark: str
    ward: Ward

    def young(self, now: datetime, age: timedelta) -> bool:
        """Who began to wait before it was made is given it too: it is then a little ahead of their clock."""
        return abs(now - self.ward.as_of) < age

    def fits(self, mark: str, now: datetime, age: timedelta) -> bool:
        return mark == self.mark and self.young(now, age)


class Keeper:
    """
    `mark` and `judged` are how the store is asked; `clock` is the wall's; `patience` in seconds. Whatever `around`
    gives stands around the making of a reading and the dropping of the one before.
    """

    def __init__(
        self,
        mark: Callable[[], str],
        judged: Callable[[str, datetime], Ward],
        clock: Callable[[], datetime],
        *,
        patience: float = PATIENCE,
        around: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.mark, self.judged, self.clock, self.patience, self.around = mark, judged, clock, patience, around
        self.kept: Kept | None = None
        self.judging = threading.Lock()
        self.made = threading.Condition()
        self.asked_at = clock()
        self.wanted = threading.Event()

    def given(self, mark: str, now: datetime) -> Ward:
        """
        The reading made last, while it is young enough; one that does not know of `mark` is then `behind`, and the
        next is being made. With none that is young enough one is made now, once for all who wait for it. Raises what
        judging raises.
        """
        self.asked_at, kept = now, self.kept
        if kept and kept.young(now, FRESH) and kept.mark != mark:
            kept = self._next(kept, mark)
        if kept and kept.young(now, FRESH):
            return kept.ward if kept.mark == mark else replace(kept.ward, behind=True)
        return self._judged(mark, now, FRESH)

    def _next(self, before: Kept, mark: str) -> Kept | None:
        """The reading after `before`, where it comes in time; without one (None), judging has failed."""
        self.wanted.set()
        with self.made:
            self.made.wait_for(lambda: self.kept is None or self.kept.mark == mark, self.patience)
        return self.kept

    def look(self) -> None:
        """One look at the store: judged anew when it has changed, or when the last reading grows old."""
        try:
            mark, now = self.mark(), self.clock()
            if self.kept is None or not self.kept.fits(mark, now, RENEWED_AFTER):
                self._judged(mark, now, RENEWED_AFTER)
        except StoreError:
            self._keep(None)  # every page says so by itself
        except Exception as error:
            self._keep(None)
            log.error("the ward could not be judged ahead: %s", type(error).__name__)

    def _judged(self, mark: str, now: datetime, age: timedelta) -> Ward:
        with self.judging:
            kept = self.kept
            if kept is None or not kept.fits(mark, now, age):  # another may have made it meanwhile
                with self.around():
                    # a page's clock may be from before the change that `mark` tells of, which would then be left out
                    kept = Kept(mark, self.judged(mark, max(now, self.clock())))
                    self._keep(kept)
            return kept.ward

    def _keep(self, kept: Kept | None) -> None:
        with self.made:
            self.kept = kept
            self.made.notify_all()

    def run(self) -> None:
        while True:
            self.wanted.wait(LOOKS_EVERY)
            self.wanted.clear()
            if self.clock() - self.asked_at < WANTED_FOR:
                began = time.monotonic()
                self.look()
                time.sleep(time.monotonic() - began)  # while results pour in, half of the time is the viewers' alone

    def start(self) -> None:
        threading.Thread(target=self.run, name="keeper", daemon=True).start()


@contextmanager
def uncollected() -> Iterator[None]:
    """
    Garbage is collected once at the end, instead of several times while half a million objects are made that all stay;
    from then on they are left out of what is walked through, so that no collection in between is long.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
        gc.collect()
        gc.freeze()
