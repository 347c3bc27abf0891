"""What is told to which channel, when, and in which words. Noon is 14:00 in Berlin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from monitoring.messages import OWED, due, quiet, sendable, text
from monitoring.settings import Settings
from storage.frames import MESSAGES, shaped

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
MAIL = {"name": "mail", "url": "json://127.0.0.1", "severity": "watch"}
PAGER = {"name": "pager", "url": "json://127.0.0.1"}
NOTHING = shaped(pd.DataFrame(), MESSAGES)


def site(*channels: dict[str, Any], **told: Any) -> Settings:
    return Settings.model_validate({"ward": {"timezone": "Europe/Berlin"}, "channel": channels, **told})


def flags(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """(flag, severity, minutes waited at noon) of P1 on ICU A."""
    frame = pd.DataFrame(
        [
            {"patient_id": "P1", "flag": flag, "seq": 0, "severity": severity, "ward": "ICU A",
             "since": NOON - timedelta(minutes=waited)}
            for flag, severity, waited in rows
        ]
    )  # fmt: skip
    return frame.astype({"since": "datetime64[us, UTC]"})


def told(owed: pd.DataFrame, **more: Any) -> pd.DataFrame:
    return shaped(owed.assign(**more), MESSAGES)


def named(owed: pd.DataFrame) -> list[tuple[str, str, int]]:
    return sorted(owed[["channel", "flag", "step"]].itertuples(index=False, name=None))


BOTH = flags(("rise", "urgent", 0), ("fall", "watch", 0), ("method", "info", 0))


def test_a_channel_is_owed_what_is_as_severe_as_it_asks_for() -> None:
    owed = due(BOTH, NOTHING, site(MAIL, PAGER), now=NOON)
    assert list(owed.columns) == OWED
    assert named(owed) == [("mail", "fall", 0), ("mail", "rise", 0), ("pager", "rise", 0)]


def test_a_change_is_owed_once_and_a_worsening_anew() -> None:
    before = told(due(BOTH, NOTHING, site(MAIL), now=NOON))
    assert due(BOTH, before, site(MAIL), now=NOON + timedelta(hours=12)).empty
    worse = BOTH.assign(seq=[1, 0, 0])
    assert named(due(worse, before, site(MAIL), now=NOON)) == [("mail", "rise", 0)]


NIGHT = {**MAIL, "quiet": ["22:00", "07:00"]}


@pytest.mark.parametrize(
    ("hour", "minute", "is_quiet"),
    [(19, 59, False), (20, 0, True), (23, 0, True), (4, 59, True), (5, 0, False)],  # UTC; two hours later in Berlin
)
def test_quiet_hours_are_the_wards_and_go_over_midnight(hour: int, minute: int, is_quiet: bool) -> None:
    settings, at = site(NIGHT), NOON.replace(hour=hour, minute=minute)
    assert quiet(settings.channel[0], settings, now=at) is is_quiet
    assert quiet(site(MAIL).channel[0], settings, now=at) is False


def test_in_quiet_hours_only_what_is_urgent_passes_and_the_rest_is_owed_afterwards() -> None:
    night = NOON.replace(hour=21)
    owed = due(BOTH, NOTHING, site(NIGHT), now=night)
    assert named(owed) == [("mail", "rise", 0)]
    assert named(due(BOTH, told(owed), site(NIGHT), now=night + timedelta(hours=8))) == [("mail", "fall", 0)]


def test_what_nobody_answered_is_told_to_the_other_channel_at_the_minute_and_once() -> None:
    settings = site({**MAIL, "severity": "urgent", "escalate_minutes": 30, "escalate_to": "pager"}, PAGER)
    rise = flags(("rise", "urgent", 10))
    owed = due(rise, NOTHING, settings, now=NOON)
    assert named(owed) == [("mail", "rise", 0), ("pager", "rise", 0)]
    sent = told(owed, sent_at=NOON)
    assert due(rise, sent, settings, now=NOON + timedelta(minutes=29)).empty  # counted from when it was first owed
    later = NOON + timedelta(minutes=30)
    again = due(rise, sent, settings, now=later)
    assert named(again) == [("pager", "rise", 1)]
    assert due(rise, pd.concat([sent, told(again)]), settings, now=later + timedelta(hours=9)).empty


def test_a_failed_try_waits_as_long_as_the_cycle_does_and_then_as_long_as_the_last_wait() -> None:
    rise = flags(("rise", "urgent", 0))
    for tries, minutes in ((0, 0), (1, 2), (2, 7), (3, 22), (4, 37), (5, 52)):  # 2, then 5, then 15 for ever
        owed = told(due(rise, NOTHING, site(PAGER), now=NOON), tries=tries)
        assert len(sendable(rise, owed, (2, 5, 15), now=NOON + timedelta(minutes=minutes))) == 1
        assert len(sendable(rise, owed, (2, 5, 15), now=NOON + timedelta(minutes=minutes - 1))) == 0


def test_what_was_sent_or_is_no_longer_so_is_not_sent() -> None:
    rise = flags(("rise", "urgent", 0))
    owed = told(due(rise, NOTHING, site(PAGER), now=NOON))
    assert sendable(rise, owed.assign(sent_at=pd.Timestamp(NOON)), (2,), now=NOON).empty
    assert sendable(rise.iloc[:0], owed, (2,), now=NOON).empty
    assert sendable(rise.assign(seq=1), owed, (2,), now=NOON).empty


def of_steps(*rows: tuple[str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["severity", "ward", "step"])


def test_the_words_count_and_name_the_ward_and_nobody() -> None:
    two = of_steps(("urgent", "ICU A", 0), ("urgent", "ICU A", 0))
    assert text(two, site()) == "maswatch: 2 flags need a decision on ward ICU A."
    mixed = of_steps(("watch", "ICU B", 0), ("urgent", "ICU A", 0), ("info", "ICU A", 0))
    assert text(mixed, site()) == (
        "maswatch: 1 flag needs a decision, 1 flag to watch and 1 note on wards ICU A and ICU B."
    )
    waited = of_steps(("urgent", "", 1), ("urgent", "", 0))
    assert text(waited, site(ward={"name": "ICU 2"}), minutes=45) == (
        "maswatch: 1 flag needs a decision and 1 flag has gone unanswered for 45 min on ward ICU 2."
    )
    assert text(of_steps(("watch", "", 0)), site()) == "maswatch: 1 flag to watch."


def test_a_link_leads_to_the_inbox_where_the_site_says_where_that_is() -> None:
    settings = site(dashboard={"url": "https://maswatch.example.org/"})
    assert text(of_steps(("urgent", "ICU A", 0)), settings).endswith(
        "on ward ICU A. https://maswatch.example.org/inbox"
    )
