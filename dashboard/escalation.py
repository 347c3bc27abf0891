"""What escalates when: of each flag that waits, who is told of it next unless it is answered. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pandas as pd

from dashboard import wording
from dashboard.bedside import Row
from monitoring.analysis.unanswered import unanswered_since
from monitoring.settings import ChannelSettings

Flag = tuple[str, str, int]
SEVERITY_WORD = {"urgent": "flags that need a decision", "watch": "flags to watch and above", "info": "all flags"}


@dataclass(frozen=True)
class Escalation:
    """`rules`: what each channel does, in words; `told`: all messages by flag (patient, flag, seq)."""

    channels: tuple[ChannelSettings, ...] = ()
    told: Mapping[Flag, Sequence[Row]] = field(default_factory=dict)

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(_rule(channel) for channel in self.channels)

    def words(self, flag: Row, zone: tzinfo, *, now: datetime) -> str:
        """consultant is told at 14:42 CET unless this is answered · consultant was told at 14:42 CET · empty."""
        mine = self.told.get((flag["patient_id"], flag["flag"], int(flag["seq"])), ())
        since = unanswered_since(flag)
        if since is None:
            return ""
        parts = [_step(channel, mine, since, zone, now) for channel in self.channels if channel.escalate_minutes]
        return wording.joined(*parts)


def escalation(channels: Iterable[ChannelSettings], messages: pd.DataFrame) -> Escalation:
    """`messages`: of storage.outbox, whatever was owed to any channel."""
    told: dict[Flag, list[Row]] = {}
    rows: Iterable[Any] = messages.to_dict("records")
    for row in rows:
        told.setdefault((row["patient_id"], row["flag"], int(row["seq"])), []).append(row)
    return Escalation(tuple(channels), told)


def _rule(channel: ChannelSettings) -> str:
    quiet = f"quiet from {channel.quiet[0]} to {channel.quiet[1]} but for what is urgent" if channel.quiet else ""
    goes = ""
    if channel.escalate_minutes:
        goes = f"unanswered for {channel.escalate_minutes:g} min, it goes to {channel.escalate_to} too"
    return wording.joined(f"{channel.name}: {SEVERITY_WORD[channel.severity]}", quiet, goes, by="; ")


def _step(channel: ChannelSettings, mine: Sequence[Row], since: pd.Timestamp, zone: tzinfo, now: datetime) -> str:
    first = [row for row in mine if row["channel"] == channel.name and row["step"] == 0]
    if not first:
        return ""
    other = [row for row in mine if row["channel"] == channel.escalate_to and row["step"] == 1]
    if other and not pd.isna(other[0]["sent_at"]):
        return f"{channel.escalate_to} was told at {wording.clock(other[0]['sent_at'], zone, today=now)}"
    due = max(since, first[0]["due_at"]) + timedelta(minutes=channel.escalate_minutes or 0)
    if due <= now:
        return f"{channel.escalate_to} is told next"
    return f"{channel.escalate_to} is told at {wording.clock(due, zone, today=now)} unless this is answered"
