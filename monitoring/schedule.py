"""
The 12-hour job. The only file that imports APScheduler.

Three jobs on one thread, so that no two of them ever run together: the cycle at the ward's times of day, a retry
with growing waits while something fails, and between them a look every few minutes at what has arrived by itself.
A sign of life has a thread of its own, so that a long cycle does not pass for a dead one.
Which moments are due is worked out in wall_times.py; APScheduler only waits for them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import wraps
from threading import Event, Lock
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from monitoring.cycle import Site, look, run_cycle
from monitoring.errors import CycleBusy
from monitoring.heartbeat import EVERY_SECONDS, beat
from monitoring.lease import the_right
from monitoring.memory import give_back_now
from monitoring.notify import notify
from monitoring.runs import in_words
from monitoring.settings import Settings
from monitoring.wall_times import missed, next_run
from storage.queries import last_success

BUSY_SECONDS = 5.0
log = logging.getLogger(__name__)


class WallTimes(BaseTrigger):
    """The ward's times of day, each once a day through both changes of the clock."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return next_run(self.settings.schedule.at, self.settings.zone, previous_fire_time or now)


def _in_turn(work: Callable[..., Any]) -> Callable[..., Any]:
    """A job that whoever stops waits for, and that does not begin any more then."""

    @wraps(work)
    def turn(rota: Rota, *told: Any) -> Any:
        with rota.working:
            return None if rota.stopping.is_set() else work(rota, *told)

    return turn


class Rota:
    """What is due when. `run` goes on until `stop` is set; `cycle` and `arrivals` are the jobs themselves."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.failures = 0
        self.working, self.stopping = Lock(), Event()
        self.scheduler = BackgroundScheduler(
            timezone=site.settings.zone,
            executors={"default": ThreadPoolExecutor(1), "alive": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def run(self, stop: Event) -> None:
        self._plan()
        self.scheduler.start()
        log.info("the cycle runs at %s (%s)", ", ".join(self._settings.schedule.at), self._settings.ward.timezone)
        stop.wait()
        self.stopping.set()
        # waiting itself it holds the lock that a cycle needs to look its retry up: neither would ever end
        self.scheduler.shutdown(wait=False)
        with self.working:
            return

    @_in_turn
    def cycle(self, only: Collection[str] | None = None) -> dict[str, Any] | None:
        """One cycle, unless another scheduler has run the one that was due; None when there was nothing to do."""
        try:
            with self._right():
                if only is None and not self.missed():
                    return None
                told = self._cycle(only)
                self._tell()
        except CycleBusy:
            self._again(None, BUSY_SECONDS)
            return None
        except Exception as error:  # a job that raises would only be logged; it has to be tried again
            log.error("the cycle failed: %s", in_words(error))
            self._after_failure(only)
            return None
        finally:
            give_back_now()
        self._judge(told)
        return told

    def _cycle(self, only: Collection[str] | None) -> dict[str, Any]:
        site = self.site
        return run_cycle(site.settings, site.store, site.catalog, clock=site.clock, only=only, judge=site.judge)

    @_in_turn
    def arrivals(self) -> None:
        """What has arrived by itself is taken in, and everybody judged again: windows close and labs become overdue."""
        try:
            with self._right():
                look(self.site)
                self._tell()
        except CycleBusy:
            return
        except Exception as error:
            log.error("looking for new files failed: %s", in_words(error))
        finally:
            give_back_now()

    def alive(self) -> None:
        """A sign of life for the pages. A store that cannot be written now says so by the sign's absence."""
        try:
            beat(self.site.store, at=self.site.clock())
        except Exception as error:
            log.warning("no sign of life could be given: %s", in_words(error))

    def _tell(self) -> None:
        """Messages out. Whatever goes wrong with them, what was taken in and judged stands."""
        try:
            notify(self.site)
        except Exception as error:
            log.error("messages could not be sent: %s", in_words(error))

    def missed(self) -> bool:
        settings, now = self._settings, self.site.clock()
        return missed(last_success(self.site.store), settings.schedule.at, settings.zone, now)

    @property
    def _settings(self) -> Settings:
        return self.site.settings

    def _right(self) -> Any:
        return the_right(self.site.store, self._settings.data_dir, clock=self.site.clock)

    def _plan(self) -> None:
        self.scheduler.add_job(self.cycle, WallTimes(self._settings), id="cycle", replace_existing=True)
        now = self.site.clock()
        if self.missed():
            self.scheduler.add_job(self.cycle, DateTrigger(now), id="at start", replace_existing=True)
        every = IntervalTrigger(minutes=self._settings.schedule.tick_minutes)
        self.scheduler.add_job(self.arrivals, every, id="arrivals", replace_existing=True, next_run_time=now)
        self._plan_signs(now)

    def _plan_signs(self, now: datetime) -> None:
        often = IntervalTrigger(seconds=EVERY_SECONDS)
        self.scheduler.add_job(
            self.alive, often, id="alive", executor="alive", replace_existing=True, next_run_time=now
        )

    def _judge(self, told: dict[str, Any]) -> None:
        """What failed is tried again: the sources that did, or nothing but the judging."""
        failed = [name for name, part in told.items() if isinstance(part, dict) and "error" in part]
        if failed or "error" in told:
            self._after_failure(failed)
            return
        self.failures = 0
        if self.scheduler.get_job("retry"):
            self.scheduler.remove_job("retry")

    def _after_failure(self, only: Collection[str] | None) -> None:
        waits = self._settings.schedule.retry_minutes
        minutes = waits[min(self.failures, len(waits) - 1)]
        log.info("trying again in %g minutes", minutes)
        self._again(only, minutes * 60)
        self.failures += 1

    def _again(self, only: Collection[str] | None, seconds: float) -> None:
        at = self.site.clock() + timedelta(seconds=seconds)
        self.scheduler.add_job(self.cycle, DateTrigger(at), args=[only], id="retry", replace_existing=True)
