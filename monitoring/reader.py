"""
Reads what the listeners keep, in a process of its own: reading is work for a processor, and whoever answers senders
must not wait for it.

What was kept and not read when it starts comes first. Patients of whom anything new was told are judged every few
seconds; one row among the runs stands for a minute of messages.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from threading import Event

from monitoring.backlog import Backlog, Read
from monitoring.cycle import Site
from monitoring.runs import Told, in_words, new_run_id
from monitoring.state import judge_and_record
from storage.errors import StoreError
from storage.marks import set_marks
from storage.writes import record_run

LOOKS_EVERY = 0.5
JUDGES_EVERY = 10.0
RUN_SECONDS = 60.0
AFTER_FAILURE = 5.0
log = logging.getLogger(__name__)


class Feed:
    """One source's messages as they are read: the run they count for, and whether reading fails."""

    def __init__(self, site: Site, source: str) -> None:
        self.site, self.source = site, source
        self.backlog = Backlog(site.store, site.catalog, site.settings, source, self._run_id, site.clock)
        self.told: Told | None = None
        self.failed = ""

    def readings(self) -> Iterator[Read]:
        """Everything that waits. What stops it is written down in words, and tried again by the next call."""
        try:
            for read in self.backlog.read():
                self._run().add(read.counts.as_dict())
                yield read
        except Exception as error:
            self._note(in_words(error))
            return
        self._note("")

    def close_run(self) -> None:
        """The row of the minute that is over, if anything was read in it."""
        if self.told is None:
            return
        told = self.told
        told.error = self.failed
        told.seconds = (self.site.clock() - told.started_at).total_seconds()
        record_run(self.site.store, told.row(self.site.clock()))
        log.info("%s: %s", self.source, ", ".join(f"{count} {name}" for name, count in told.counts.items()))
        self.told = None

    @property
    def over(self) -> bool:
        return self.told is not None and (self.site.clock() - self.told.started_at).total_seconds() >= RUN_SECONDS

    def _run(self) -> Told:
        if self.told is None:
            now = self.site.clock()
            self.told = Told(new_run_id(now), self.source, "arrival", now)
            record_run(self.site.store, self.told.row(None))
        return self.told

    def _run_id(self) -> str:
        return self._run().run_id

    def _note(self, failed: str) -> None:
        """Said when it changes."""
        if failed == self.failed:
            return
        self.failed = failed
        if failed:
            log.warning("source %s cannot be read: %s", self.source, failed)
        with suppress(StoreError):
            set_marks(self.site.store, self.source, {"failed": failed}, at=self.site.clock())


class Reader:
    """All sources that listen, one after the other. `clock` counts seconds."""

    def __init__(self, site: Site, sources: Sequence[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self.site, self.clock = site, clock
        self.feeds = [Feed(site, source) for source in sources]
        self.touched: set[str] = set()
        self._judged = clock()

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            self.turn(stop)
            stop.wait(AFTER_FAILURE if any(feed.failed for feed in self.feeds) else LOOKS_EVERY)
        self.finish()

    def turn(self, stop: Event | None = None) -> None:
        """Reads everything that waits, and between two readings judges whom it is time to judge."""
        for feed in self.feeds:
            for read in feed.readings():
                self.touched |= read.patients
                self._judge_when_due()
                if stop is not None and stop.is_set():
                    break  # what waits is read at the next start
            if feed.over:
                self._safely(feed.close_run)
        self._judge_when_due()

    def finish(self) -> None:
        """Nobody who was told of is left unjudged."""
        self._judge()
        for feed in self.feeds:
            self._safely(feed.close_run)

    def _judge_when_due(self) -> None:
        if self.clock() - self._judged >= JUDGES_EVERY:
            self._judge()
            self._judged = self.clock()

    def _judge(self) -> None:
        if self.touched:
            self._safely(self._judge_touched)

    def _judge_touched(self) -> None:
        site, patients = self.site, sorted(self.touched)
        now = site.clock()
        judge_and_record(site.store, site.catalog, as_of=now, run_id=new_run_id(now), patients=patients)
        self.touched.clear()

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # tried again when it is due again
            log.warning("%s", in_words(error))
