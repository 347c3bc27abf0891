"""
The ward judged ahead of its viewers, so that no page waits for it: in the server, in a thread of its own.

Without it a reading is made when somebody looks and the last one is too old; with two hundred patients that is seconds.
One from before the store's newest change is given while the next is being made, marked as `behind`, and one that has
grown old meanwhile as `late`, so that the page says so and asks again soon. One older than OLDEST is never given.

A reading of a thousand patients takes long, and all pages share one interpreter with it: for the clock's sake alone,
with nothing new in the store, it is renewed so seldom that most of the time is left for them. Who reads a part of the
patients at a time is asked again at once while some wait; a ward is as old as the patient in it who was read first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from dashboard.bedside import Ward
from dashboard.joined import oldest_at
from monitoring.errors import MaswatchError
from storage.errors import StoreError

FRESH: Final = timedelta(seconds=90)
RENEWED_AFTER: Final = timedelta(seconds=50)  # with room for a judgement that takes its time
REST: Final = 4  # for the clock's sake alone, a reading is renewed after so many times as long as it took to make
RESTS_MOST: Final = timedelta(minutes=2)
OLDEST: Final = timedelta(minutes=5)
ENOUGH: Final = 50  # patients: how long all of them take is told by so many
ALONE: Final = 20.0  # seconds at most that are left to the pages after a reading that took as long
LOOKS_EVERY: Final = 2.0  # seconds; what changed in the store is judged that soon
PATIENCE: Final = 0.2  # seconds that a page waits for the next reading; that of a small ward is there by then
SOON: Final = timedelta(seconds=2)  # of a ward that takes longer no page waits for the next at all
LET_GO: Final = 50
BREATH: Final = 0.002  # seconds, of the pages alone
FIRST: Final = 3.0  # seconds that a page waits where there is no reading yet, before it says what it waits for
WANTED_FOR: Final = timedelta(minutes=5)  # after the last viewer's page, which asks every 30 s, nothing is judged ahead
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """
    `mark`: the store's newest change that the reading knows of, see queries.mark; none while patients wait. `took`: to
    read everybody. `resting`: what comes next is for the news alone, and of a few.
    """

    mark: str
    ward: Ward
    took: timedelta = timedelta(0)
    resting: bool = False

    @property
    def renewed_after(self) -> timedelta:
        return max(RENEWED_AFTER, min(REST * self.took, RESTS_MOST))

    @property
    def fresh(self) -> timedelta:
        """For as long it is given without a word: until the next can be expected, which takes about as long."""
        return max(FRESH, min(self.renewed_after + 2 * self.took, OLDEST))

    @cached_property
    def oldest_at(self) -> datetime:
        return oldest_at(self.ward)

    def young(self, now: datetime, age: timedelta) -> bool:
        """Who began to wait before it was made is given it too: it is then a little ahead of their clock."""
        return abs(now - self.oldest_at) < age

    def fits(self, mark: str, now: datetime, age: timedelta) -> bool:
        return mark == self.mark and self.young(now, age)


class BeingReadError(MaswatchError):
    """There is no reading yet, and making it takes longer than a page may be silent."""

    def __init__(self) -> None:
        super().__init__("The ward is being read.")


class Keeper:
    """
    `mark` and `judged` are how the store is asked, `judged` with the reading before, where that may be gone on from;
    `clock` is the wall's; `patience` in seconds. `dropped` is called with a reading that has taken the place of the
    one before, for what else holds that.
    """

    def __init__(
        self,
        mark: Callable[[], str],
        judged: Callable[[str, datetime, Kept | None], Ward],
        clock: Callable[[], datetime],
        *,
        patience: float = PATIENCE,
        dropped: Callable[[Ward], None] = lambda _: None,
    ) -> None:
        self.mark, self.judged, self.clock, self.patience, self.dropped = mark, judged, clock, patience, dropped
        self.kept: Kept | None = None
        self.judging = threading.Lock()
        self.made = threading.Condition()
        self.asked_at = clock()
        self.wanted = threading.Event()
        self.running, self.tries, self.known = False, 0, ""

    def given(self, mark: str, now: datetime, *, waits: bool = True) -> Ward:
        """
        The reading made last, while it is young enough; one that does not know of `mark` is then `behind`, one that
        is no longer fresh is `late`, and the next is being made. With none that is young enough one is made now, once
        for all who wait for it; who does not wait (`waits`) is told BeingReadError. Raises what judging raises.
        """
        self.asked_at, kept = now, self.kept
        if kept and kept.young(now, OLDEST) and not kept.fits(mark, now, kept.fresh):
            kept = self._next(mark, now)
        if self.running and not waits and not (kept and kept.young(now, OLDEST)):
            kept = self._first()
        if kept and kept.young(now, OLDEST):
            late = not kept.young(now, kept.fresh)
            return replace(kept.ward, behind=kept.mark != mark, late=late) if late or kept.mark != mark else kept.ward
        return self._judged(mark, now, FRESH)

    def _next(self, mark: str, now: datetime) -> Kept | None:
        """The next reading, where it comes in time, else the one before; without any (None), judging has failed."""
        self.wanted.set()
        if self.kept and self.kept.took < SOON:
            with self.made:
                self.made.wait_for(lambda: not self.kept or self.kept.fits(mark, now, self.kept.fresh), self.patience)
        return self.kept

    def _first(self) -> Kept | None:
        """What is made meanwhile; None where that failed."""
        tries = self.tries
        self.wanted.set()
        with self.made:
            if not self.made.wait_for(lambda: self.tries != tries, FIRST):
                raise BeingReadError
        return self.kept

    def look(self, *, resting: bool = False) -> None:
        """
        One look at the store: judged anew when it has changed, or when the last reading grows old. `resting`: when it
        has changed since it was last judged, and where a few can be read by themselves (apart.py).
        """
        try:
            mark, now = self.mark(), self.clock()
            age = self.kept.renewed_after if self.kept else RENEWED_AFTER
            if resting and not (self.kept and self.kept.ward.name and mark != self.known):
                return
            if self.kept is None or not self.kept.fits(mark, now, age):
                self._judged(mark, now, age, resting=resting)
        except StoreError:
            self._keep(None)  # every page says so by itself
        except Exception as error:
            self._keep(None)
            log.error("the ward could not be judged ahead: %s", type(error).__name__)

    def _judged(self, mark: str, now: datetime, age: timedelta, *, resting: bool = False) -> Ward:
        before = self.kept
        with self.judging:
            kept = self.kept
            meanwhile = kept is not before and kept is not None and kept.mark == mark  # made while this one waited
            del before  # nothing here holds the one before: it goes as soon as the next is there
            if kept is None or not (meanwhile or kept.fits(mark, now, age)):
                parts, had, kept = parts_of(kept.ward) if kept else [], kept, None
                # a page's clock may be from before the change that `mark` tells of, which would then be left out
                begun = max(now, self.clock())
                had = replace(had, resting=resting) if had and had.young(begun, OLDEST) else None
                self.known = mark
                ward = self.judged(mark, begun, had)
                took = _of_all(max(self.clock() - begun, timedelta(0)), ward, had)
                kept, had = Kept("" if ward.waiting else mark, ward, took), None
                self._keep(kept)
                self.dropped(ward)
                let_go(parts)
            return kept.ward

    def _keep(self, kept: Kept | None) -> None:
        with self.made:
            self.kept, self.tries = kept, self.tries + 1
            self.made.notify_all()

    def run(self) -> None:
        while True:
            self.wanted.wait(LOOKS_EVERY)
            self.wanted.clear()
            if self.clock() - self.asked_at < WANTED_FOR:
                began = time.monotonic()
                self.look()
                self._rest(min(time.monotonic() - began, ALONE))

    def _rest(self, seconds: float) -> None:
        """While results pour in, half of the time is the viewers' alone; news of a few does not wait for its end."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, LOOKS_EVERY))
            if left > LOOKS_EVERY:
                self.look(resting=True)

    def start(self) -> None:
        self.running = True
        threading.Thread(target=self.run, name="keeper", daemon=True).start()


def _of_all(took: timedelta, ward: Ward, before: Kept | None) -> timedelta:
    """How long reading everybody takes, where a reading of some took so long."""
    read = sum(side.as_of == ward.as_of for side in ward.sides)
    if before is None or read == len(ward.sides):
        return took
    return took * len(ward.sides) / read if read >= ENOUGH else before.took


def let_go(parts: list[object]) -> None:
    """A reading nobody holds any more, some of its parts at a time: all at once it would hold the pages up."""
    while parts:
        del parts[-LET_GO:]
        time.sleep(BREATH)


def parts_of(ward: Ward) -> list[object]:
    """What of a reading is many."""
    kept = (part for rows in ward.beside.values() for part in rows.values())
    since = ward.news.since.values() if ward.news else ()
    return [*ward.sides, *kept, *(ward.scored or {}).values(), *since]
