"""
When the cycle is due: times of day on the ward's clock, as moments in UTC. Pure; no scheduler, no wall clock.

APScheduler's own cron trigger runs a time that the clock shows twice (02:30 in the night summer time ends) twice.
Here every time of day has exactly one moment on every date: one that is shown twice means the first showing, one
that is skipped means the same moment as if the clock had not been put forward yet (02:30 is then 03:30 on the wall).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

GRACE = timedelta(minutes=15)
# Longer than any stretch without a scheduled time: at least one is due a day, and no zone ever skipped more than one.
HORIZON_DAYS = 3


def time_of_day(text: str) -> time:
    """`HH:MM` (or `H:MM`) as a time. Raises ValueError."""
    hour, minute = text.strip().split(":")
    if not (hour.isdecimal() and minute.isdecimal() and len(minute) == 2):
        raise ValueError(text)
    return time(int(hour), int(minute))


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The one moment at which `at` is due on `day`, in UTC."""
    return datetime.combine(day, at.replace(fold=0), tzinfo=zone).astimezone(UTC)


def next_run(at: Sequence[str], zone: ZoneInfo, after: datetime) -> datetime:
    """The first scheduled moment later than `after`."""
    return min(due for due in _around(at, zone, after) if due > after)


def last_due(at: Sequence[str], zone: ZoneInfo, now: datetime) -> datetime:
    """The newest scheduled moment that has come by `now`."""
    return max(due for due in _around(at, zone, now) if due <= now)


def overdue(
    last_success: datetime | None, at: Sequence[str], zone: ZoneInfo, now: datetime, *, grace: timedelta = GRACE
) -> bool:
    """Whether a scheduled time passed more than `grace` ago and no cycle has succeeded since it."""
    if last_success is None:
        return True
    return last_success < last_due(at, zone, now - grace)


def missed(last_success: datetime | None, at: Sequence[str], zone: ZoneInfo, now: datetime) -> bool:
    """Whether a scheduler that starts now has a cycle to make up for: none yet, a time passed, or too long ago."""
    if last_success is None:
        return True
    return last_success < last_due(at, zone, now) or now - last_success > period(at)


def period(at: Sequence[str]) -> timedelta:
    """The mean time between two scheduled runs."""
    return timedelta(days=1) / len(set(at))


def _around(at: Sequence[str], zone: ZoneInfo, now: datetime) -> Iterable[datetime]:
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=step) for step in range(-HORIZON_DAYS, HORIZON_DAYS + 1))
    return [moment(day, time_of_day(text), zone) for day in days for text in at]
