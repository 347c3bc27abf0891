"""
The ward judged ahead of its viewers, so that no page waits for it: in the server, in a thread of its own.

Without it a reading is made when somebody looks and the last one is too old; with two hundred patients that is seconds.
Nothing here decides what is shown: a reading older than FRESH, or from before the store's newest change, is not given.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dashboard.bedside import Ward
from storage.errors import StoreError

FRESH: Final = timedelta(seconds=90)
RENEWED_AFTER: Final = timedelta(seconds=50)  # with room for a judgement that takes its time
LOOKS_EVERY: Final = 2.0  # seconds; what changed in the store is judged that soon
WANTED_FOR: Final = timedelta(minutes=5)  # after the last viewer's page, which asks every 30 s, nothing is judged ahead
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """`mark`: the store's newest change that the reading knows of, see queries.mark."""

    mark: str
    ward: Ward

    def younger(self, mark: str, now: datetime, age: timedelta) -> bool:
        """Who began to wait before it was made is given it too: it is then a little ahead of their clock."""
        return mark == self.mark and abs(now - self.ward.as_of) < age


class Keeper:
    """`mark` and `judged` are how the store is asked; `clock` is the wall's."""

    def __init__(
        self, mark: Callable[[], str], judged: Callable[[datetime], Ward], clock: Callable[[], datetime]
    ) -> None:
        self.mark, self.judged, self.clock = mark, judged, clock
        self.kept: Kept | None = None
        self.judging = threading.Lock()
        self.asked_at = clock()
        self.ended = threading.Event()

    def fresh(self, mark: str, now: datetime) -> Ward | None:
        """The reading made last, while it knows of `mark` and is young enough."""
        kept, self.asked_at = self.kept, now
        return kept.ward if kept and kept.younger(mark, now, FRESH) else None

    def given(self, mark: str, now: datetime) -> Ward:
        """That reading, or one made now, once for all who wait for it. Raises what judging raises."""
        self.asked_at = now
        return self.fresh(mark, now) or self._judged(mark, now, FRESH)

    def look(self) -> None:
        """One look at the store: judged anew when it has changed, or when the last reading grows old."""
        try:
            mark, now = self.mark(), self.clock()
            if self.kept is None or not self.kept.younger(mark, now, RENEWED_AFTER):
                self._judged(mark, now, RENEWED_AFTER)
        except StoreError:
            self.kept = None  # every page says so by itself
        except Exception as error:
            self.kept = None
            log.error("the ward could not be judged ahead: %s", type(error).__name__)

    def _judged(self, mark: str, now: datetime, age: timedelta) -> Ward:
        with self.judging:
            kept = self.kept
            if kept is None or not kept.younger(mark, now, age):  # another may have made it meanwhile
                kept = self.kept = Kept(mark, self.judged(now))
            return kept.ward

    def run(self) -> None:
        while not self.ended.wait(LOOKS_EVERY):
            if self.clock() - self.asked_at < WANTED_FOR:
                self.look()

    def start(self) -> None:
        threading.Thread(target=self.run, name="keeper", daemon=True).start()
