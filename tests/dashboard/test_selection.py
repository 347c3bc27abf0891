from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from dashboard.research_choice import asked
from dashboard.selection import (
    RoundsAsked,
    WardAsked,
    address,
    asked_patient,
    moment_asked,
    rounds_asked,
    ward_asked,
)
from tests.dashboard.ward_fixture import ZONE


def test_an_address_holds_what_is_asked_for_and_nothing_empty() -> None:
    assert address("/", show="watch", ward="") == "/?show=watch"
    assert address("/") == "/"
    assert address("/patient", patient="A&B 7") == "/patient?patient=A%26B+7"


def test_an_address_is_read_back() -> None:
    assert ward_asked({"show": "watch", "ward": "ICU 2"}) == WardAsked("watch", "ICU 2")
    assert ward_asked({}) == WardAsked()
    assert asked_patient({"patient": "P-0007"}) == "P-0007"
    assert rounds_asked({"ward": "ICU 2", "as_of": "x"}) == RoundsAsked("", "ICU 2", "x")
    assert RoundsAsked(ward="ICU 2").address(patient="P-7") == "/rounds?patient=P-7&ward=ICU+2"


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-21", "2026-11-21T14:12:00"])
def test_a_moment_needs_its_zone_to_be_looked_back_at(text: str) -> None:
    assert moment_asked({"as_of": text}) is None


def test_a_moment_with_its_zone_is_looked_back_at() -> None:
    assert moment_asked({"as_of": "2026-11-21T14:12:00+01:00"}) == datetime(2026, 11, 21, 13, 12, tzinfo=UTC)


def test_days_are_whole_days_of_the_wards_clock() -> None:
    told = asked(["P-0007"], ["ferritin"], date(2026, 10, 25), date(2026, 10, 25), identified=False, zone=ZONE)
    assert told.start == datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in summer time
    assert told.end == datetime(2026, 10, 25, 22, 59, 59, 999999, tzinfo=UTC)  # 25 hours later, in winter time
    assert (told.patients, told.analytes) == (("P-0007",), ("ferritin",))


def test_nothing_chosen_means_all() -> None:
    told = asked([], [], None, None, identified=True, zone=ZONE)
    assert (told.patients, told.analytes, told.start, told.end, told.identified) == ((), (), None, None, True)
