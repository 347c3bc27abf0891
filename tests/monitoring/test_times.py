from __future__ import annotations

from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from monitoring import times
from monitoring.times import calendar_date, moments

BERLIN = ZoneInfo("Europe/Berlin")


def one(text: str, *, midnight: bool = False) -> tuple[str, str]:
    """(the moment in UTC, or "", and what is wrong with it)."""
    read = moments([text], BERLIN, midnight=midnight)
    at = read.at.iloc[0]
    return "" if pd.isna(at) else at.isoformat(), read.fault[0]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-06T06:00:00+01:00",
        "2026-01-06T05:00:00Z",
        "2026-01-06t05:00z",
        "2026-01-06 06:00 +01:00",
        "2026-01-06T06:00:00+0100",
        "2026-01-06T06:00+01",
        "2026-01-05T23:30:00-05:30",
        "2026-01-06T06:00:00.000000000+01:00",
        "20260106T0600+0100",
        "2026-01-06T06:00:00",
        " 2026-01-06 06:00 ",
        "06.01.2026 06:00",
        "6.1.2026 6:00:00",
    ],
)
def test_one_moment_written_in_many_ways_is_one_moment(text: str) -> None:
    assert one(text) == ("2026-01-06T05:00:00+00:00", "")


def test_parts_of_a_second_are_kept_to_the_microsecond() -> None:
    assert one("2026-01-06T06:00:00,123456789+01:00") == ("2026-01-06T05:00:00.123456+00:00", "")


def test_without_an_offset_summer_and_winter_follow_the_ward() -> None:
    assert one("2026-07-06T06:00")[0] == "2026-07-06T04:00:00+00:00"
    assert one("2026-01-06T06:00")[0] == "2026-01-06T05:00:00+00:00"


def test_a_wall_time_that_was_skipped_in_spring_is_no_time() -> None:
    assert one("2026-03-29T01:59")[0] == "2026-03-29T00:59:00+00:00"
    assert one("2026-03-29T02:00") == ("", times.SKIPPED)
    assert one("2026-03-29T02:59") == ("", times.SKIPPED)
    assert one("2026-03-29T03:00")[0] == "2026-03-29T01:00:00+00:00"


def test_a_wall_time_that_was_shown_twice_in_autumn_is_the_first_showing() -> None:
    assert one("2026-10-25T02:30")[0] == "2026-10-25T00:30:00+00:00"
    assert one("2026-10-25T02:30+01:00")[0] == "2026-10-25T01:30:00+00:00"
    assert one("2026-10-25T03:00")[0] == "2026-10-25T02:00:00+00:00"


@pytest.mark.parametrize("text", ["2026-01-06", "06.01.2026", "20260106"])
def test_a_date_alone_is_no_time_unless_its_beginning_is_meant(text: str) -> None:
    assert one(text) == ("", times.DATE_ONLY)
    assert one(text, midnight=True) == ("2026-01-05T23:00:00+00:00", "")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", times.BLANK),
        ("  ", times.BLANK),
        ("03/04/2026 10:00", times.SLASHED),
        ("2026/04/03", times.SLASHED),
        ("yesterday", times.UNREADABLE),
        ("2026-02-30T10:00", times.UNREADABLE),
        ("2026-01-06T25:00", times.UNREADABLE),
        ("2026-01-06T06", times.UNREADABLE),
        ("2026-01-06T06:0", times.UNREADABLE),
        ("2026-01-06T06:00:00+99:00", times.UNREADABLE),
        ("06.01.26 06:00", times.UNREADABLE),
        ("0026-01-06T06:00", times.UNREADABLE),
        ("1767675600", times.UNREADABLE),
    ],
)
def test_what_is_no_time_says_why(text: str, fault: str) -> None:
    assert one(text) == ("", fault)


def test_all_times_of_a_column_are_read_whatever_stands_beside_them() -> None:
    read = moments(["garbage", "2026-01-06T06:00", "", "2026-01-06T06:00Z", "2026-03-29T02:30"], BERLIN)
    assert read.at.notna().tolist() == [False, True, False, True, False]
    assert read.fault.tolist() == [times.UNREADABLE, "", times.BLANK, "", times.SKIPPED]


def test_no_times_at_all_are_no_trouble() -> None:
    read = moments([], BERLIN)
    assert len(read.at) == 0
    assert str(read.at.dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    ("text", "date", "fault"),
    [
        ("2014-03-09", "2014-03-09", ""),
        ("9.3.2014", "2014-03-09", ""),
        ("2014-03-09T00:00:00+01:00", "2014-03-09", ""),
        ("", "", times.BLANK),
        ("03/09/2014", "", times.SLASHED),
        ("2014", "2014", ""),
        ("2014-03", "2014-03", ""),
        ("2014-13", "", times.NO_DATE),
        ("201403", "", times.NO_DATE),
        ("14", "", times.NO_DATE),
        ("2014-02-30", "", times.NO_DATE),
    ],
)
def test_a_birth_date_is_a_date_as_far_as_it_is_told(text: str, date: str, fault: str) -> None:
    assert calendar_date(text) == (date, fault)
