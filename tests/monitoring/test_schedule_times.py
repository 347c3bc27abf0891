"""Times of day on the ward's clock, through both changes of the clock, and what counts as overdue."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.wall_times import last_due, missed, next_run, overdue, period, time_of_day

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
TWICE_A_DAY = ["06:00", "18:00"]
# (zone, the night before the change): clocks forward in spring, back in autumn
CHANGES = [
    (BERLIN, date(2026, 3, 28)), (BERLIN, date(2026, 10, 24)), (BERLIN, date(2027, 3, 27)),
    (BERLIN, date(2027, 10, 30)), (NEW_YORK, date(2026, 3, 7)), (NEW_YORK, date(2026, 10, 31)),
    (NEW_YORK, date(2027, 3, 13)), (NEW_YORK, date(2027, 11, 6)),
]  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def walk(at: list[str], zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Every run from `start` to before `end`, each found from the one before it, as the scheduler does."""
    runs, run = [], next_run(at, zone, start - timedelta(microseconds=1))
    while run < end:
        runs.append(run)
        run = next_run(at, zone, run)
    return runs


def midnight(zone: ZoneInfo, day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(("zone", "day_before"), CHANGES)
@pytest.mark.parametrize("at", [["06:00", "18:00"], ["02:30"], ["02:00"], ["03:00"], ["01:30", "13:30"], ["00:00"]])
def test_every_scheduled_time_runs_once_a_day_across_a_change_of_the_clock(
    zone: ZoneInfo, day_before: date, at: list[str]
) -> None:
    days = [day_before + timedelta(days=step) for step in range(4)]
    runs = walk(at, zone, midnight(zone, days[0]), midnight(zone, days[-1] + timedelta(days=1)))
    assert Counter(run.astimezone(zone).date() for run in runs) == dict.fromkeys(days, len(at))


def test_a_time_skipped_in_spring_runs_once_at_the_same_moment_as_without_the_change() -> None:
    runs = walk(["02:30"], BERLIN, utc("2026-03-28 12:00"), utc("2026-03-30 12:00"))
    assert runs == [utc("2026-03-29 01:30"), utc("2026-03-30 00:30")]
    runs = walk(["02:30"], NEW_YORK, utc("2027-03-13 12:00"), utc("2027-03-15 12:00"))
    assert runs == [utc("2027-03-14 07:30"), utc("2027-03-15 06:30")]


def test_a_time_shown_twice_in_autumn_runs_at_its_first_showing_only() -> None:
    runs = walk(["02:30"], BERLIN, utc("2026-10-24 12:00"), utc("2026-10-26 12:00"))
    assert runs == [utc("2026-10-25 00:30"), utc("2026-10-26 01:30")]
    runs = walk(["01:30"], NEW_YORK, utc("2026-10-31 12:00"), utc("2026-11-02 12:00"))
    assert runs == [utc("2026-11-01 05:30"), utc("2026-11-02 06:30")]


def test_six_and_eighteen_oclock_stay_on_the_wall_clock_through_both_changes() -> None:
    spring = walk(TWICE_A_DAY, BERLIN, utc("2026-03-28 12:00"), utc("2026-03-29 12:00"))
    assert spring == [utc("2026-03-28 17:00"), utc("2026-03-29 04:00")]
    autumn = walk(TWICE_A_DAY, NEW_YORK, utc("2026-10-31 12:00"), utc("2026-11-01 12:00"))
    assert autumn == [utc("2026-10-31 22:00"), utc("2026-11-01 11:00")]


@given(
    st.sampled_from([BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]),
    st.lists(st.times().map(lambda at: f"{at:%H:%M}"), min_size=1, max_size=4, unique=True),
    st.integers(0, 725 * 24 * 60).map(lambda minutes: utc("2026-01-01") + timedelta(minutes=minutes)),
)
def test_the_next_run_lies_ahead_and_is_then_the_last_that_was_due(
    zone: ZoneInfo, at: list[str], now: datetime
) -> None:
    following = next_run(at, zone, now)
    assert now < following <= now + timedelta(hours=25)
    assert last_due(at, zone, following) == following
    assert last_due(at, zone, now) <= now


def test_a_moment_that_is_itself_scheduled_is_due_and_its_successor_comes_next() -> None:
    six = utc("2026-06-01 04:00")
    assert last_due(TWICE_A_DAY, BERLIN, six) == six
    assert last_due(TWICE_A_DAY, BERLIN, six - timedelta(minutes=1)) == utc("2026-05-31 16:00")
    assert next_run(TWICE_A_DAY, BERLIN, six) == utc("2026-06-01 16:00")


def test_a_run_is_overdue_from_a_quarter_of_an_hour_after_its_time_until_it_succeeds() -> None:
    evening_before = utc("2026-05-31 16:02")
    assert not overdue(evening_before, TWICE_A_DAY, BERLIN, utc("2026-06-01 04:14"))
    assert overdue(evening_before, TWICE_A_DAY, BERLIN, utc("2026-06-01 04:15"))
    assert not overdue(utc("2026-06-01 04:20"), TWICE_A_DAY, BERLIN, utc("2026-06-01 04:21"))
    assert overdue(None, TWICE_A_DAY, BERLIN, utc("2026-06-01 12:00"))


def test_at_start_a_missed_time_or_a_success_older_than_the_period_is_made_up_for() -> None:
    assert missed(None, TWICE_A_DAY, BERLIN, utc("2026-06-01 12:00"))
    assert missed(utc("2026-06-01 03:59"), TWICE_A_DAY, BERLIN, utc("2026-06-01 04:00"))
    assert not missed(utc("2026-06-01 04:01"), TWICE_A_DAY, BERLIN, utc("2026-06-01 15:59"))
    # The night summer time ends lasts 13 hours from 18:00 to 06:00: no time was missed, yet 12 hours went by.
    assert not missed(utc("2026-10-24 16:05"), TWICE_A_DAY, BERLIN, utc("2026-10-25 04:05"))
    assert missed(utc("2026-10-24 16:05"), TWICE_A_DAY, BERLIN, utc("2026-10-25 04:06"))


def test_the_period_is_the_mean_distance_of_scheduled_times() -> None:
    assert period(TWICE_A_DAY) == timedelta(hours=12)
    assert period(["06:00"]) == timedelta(hours=24)


@pytest.mark.parametrize("text", ["", "6", "25:00", "06:60", "06:5", "six", "06:00:00", "-1:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence for the reader is made in settings.py
        time_of_day(text)
