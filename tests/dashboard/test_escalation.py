"""What escalates when: said of each flag that waits, by the clock of its channel."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from dashboard.escalation import Escalation, escalation
from monitoring.settings import ChannelSettings
from tests.dashboard.ward_fixture import NOW, ZONE

DUTY = ChannelSettings(name="duty", url="json://a", quiet=("22:00", "07:00"), escalate_minutes=30, escalate_to="boss")
BOSS = ChannelSettings(name="boss", url="json://b")
NEVER = pd.NaT


def flag(**more: Any) -> dict[str, Any]:
    """Raised ten minutes before Sat 14:12 CET and answered by nobody."""
    plain = {"patient_id": "P-7", "flag": "relapse", "seq": 1, "state": "active", "severity": "urgent"}
    open_one: dict[str, Any] = {
        "changed_at": NOW - timedelta(minutes=10),
        "acknowledged": None,
        "snoozed": None,
        "answers_ended": [],
    }
    return plain | open_one | more


def sent(channel: str, step: int, minutes_ago: float, sent_at: Any = NEVER) -> dict[str, Any]:
    due_at = pd.Timestamp(NOW - timedelta(minutes=minutes_ago))
    return {"channel": channel, "patient_id": "P-7", "flag": "relapse", "seq": 1, "step": step, "due_at": due_at,
            "sent_at": sent_at}  # fmt: skip


def words(*messages: dict[str, Any], of: dict[str, Any] | None = None, now: datetime = NOW) -> str:
    return told(*messages).words(of or flag(), ZONE, now=now)


def told(*messages: dict[str, Any]) -> Escalation:
    return escalation([DUTY, BOSS], pd.DataFrame(list(messages)))


def test_a_flag_that_waits_says_who_is_told_next_and_when() -> None:
    assert words(sent("duty", 0, 10)) == "boss is told at 14:32 CET unless this is answered"  # owed 14:02, and 30 min


def test_once_it_is_due_and_not_sent_it_is_next() -> None:
    assert words(sent("duty", 0, 30)) == "boss is told at 14:32 CET unless this is answered"  # it waits since 14:02
    assert words(sent("duty", 0, 30), now=NOW + timedelta(minutes=20)) == "boss is told next"


def test_what_was_sent_is_told_with_its_time() -> None:
    second = sent("boss", 1, 5, pd.Timestamp(NOW - timedelta(minutes=4)))
    assert words(sent("duty", 0, 40), second) == "boss was told at 14:08 CET"


def test_an_answered_flag_escalates_to_nobody() -> None:
    assert words(sent("duty", 0, 40), of=flag(acknowledged={"by": "Dr Weber"})) == ""


def test_what_a_channel_was_never_owed_escalates_to_nobody() -> None:
    assert words(sent("boss", 0, 40)) == ""


def test_the_rules_of_the_channels_are_told_in_words() -> None:
    assert told().rules == (
        "duty: flags that need a decision; quiet from 22:00 to 07:00 but for what is urgent; "
        "unanswered for 30 min, it goes to boss too",
        "boss: flags that need a decision",
    )
    assert Escalation().rules == ()
