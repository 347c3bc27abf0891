"""
What is to be told to which channel, and in which words. Pure: frames and settings in, frames and texts out.

A change of a flag is told to a channel once (step 0); when nobody has answered it after so many minutes it is told to
another channel (step 1). What was answered or has ended is told to nobody. No words name or place a patient: a bed, a
value, a sentence of a flag stay on the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final

import pandas as pd

from monitoring.settings import ChannelSettings, Settings
from monitoring.wall_times import time_of_day

FLAG: Final = ["patient_id", "flag", "seq"]
OWED: Final = ["channel", *FLAG, "step", "due_at"]
RANK: Final = {"urgent": 0, "watch": 1, "info": 2}
WORDS: Final = {
    "urgent": ("flag needs a decision", "flags need a decision"),
    "watch": ("flag to watch", "flags to watch"),
    "info": ("note", "notes"),
}


def due(flags: pd.DataFrame, told: pd.DataFrame, settings: Settings, *, now: datetime) -> pd.DataFrame:
    """
    What is owed from now on and was not before (OWED). `flags`: those that hold and nobody has answered, with FLAG,
    severity and `since`, when their waiting began; `told`: all messages about them (MESSAGES).
    """
    parts = [_first(flags, told, channel, settings=settings, now=now) for channel in settings.channel]
    known = pd.concat([told[OWED], *parts], ignore_index=True) if len(told) else pd.concat(parts, ignore_index=True)
    parts += [_second(flags, known, channel, settings=settings, now=now) for channel in settings.channel]
    return pd.concat(parts, ignore_index=True).drop_duplicates(OWED[:-1], ignore_index=True)


def sendable(flags: pd.DataFrame, told: pd.DataFrame, waits: Sequence[float], *, now: datetime) -> pd.DataFrame:
    """
    Of `told` what was not sent, is still so, and may be tried now: its row with those of its flag. After a failure the
    next try waits as many minutes as `waits` says, the last for ever after.
    """
    open_ones = told[told["sent_at"].isna()].merge(flags, on=FLAG)
    so_far = list(accumulate(waits, initial=0.0))
    over = [so_far[min(tries, len(waits))] + max(tries - len(waits), 0) * waits[-1] for tries in open_ones["tries"]]
    next_at = open_ones["due_at"] + pd.to_timedelta(pd.Series(over, index=open_ones.index, dtype="float64"), unit="min")
    return open_ones[next_at <= pd.Timestamp(now)].reset_index(drop=True)


def text(flags: pd.DataFrame, settings: Settings, *, minutes: float = 0) -> str:
    """One message for all of `flags` (severity, ward, step); `minutes`: how long step 1 went unanswered at least."""
    first, second = flags[flags["step"].eq(0)], flags[flags["step"].eq(1)]
    counted = first["severity"].value_counts()
    parts = [f"{counted[name]} {WORDS[name][int(counted[name] > 1)]}" for name in RANK if name in counted.index]
    if len(second):
        verb = "has" if len(second) == 1 else "have"
        parts.append(f"{len(second)} flag{'s' * (len(second) > 1)} {verb} gone unanswered for {minutes:g} min")
    link = f" {settings.dashboard.url.rstrip('/')}/inbox" if settings.dashboard.url else ""
    return f"maswatch: {_listed(parts)}{_wards(flags, settings)}.{link}"


def quiet(channel: ChannelSettings, settings: Settings, *, now: datetime) -> bool:
    """Whether only what is urgent may be told now; the beginning counts, the end does not."""
    if not channel.quiet:
        return False
    start, end = (time_of_day(text) for text in channel.quiet)
    local = now.astimezone(settings.zone).time()
    return start <= local < end if start < end else local >= start or local < end


def _wanted(flags: pd.DataFrame, channel: ChannelSettings, *, settings: Settings, now: datetime) -> pd.DataFrame:
    least = "urgent" if quiet(channel, settings, now=now) else channel.severity
    return flags[flags["severity"].map(RANK) <= RANK[least]]


def _first(
    flags: pd.DataFrame, told: pd.DataFrame, channel: ChannelSettings, *, settings: Settings, now: datetime
) -> pd.DataFrame:
    wanted = _wanted(flags, channel, settings=settings, now=now)
    known = told[told["channel"].eq(channel.name) & told["step"].eq(0)]
    return _owed(_without(wanted, known), channel.name, step=0, now=now)


def _second(
    flags: pd.DataFrame, known: pd.DataFrame, channel: ChannelSettings, *, settings: Settings, now: datetime
) -> pd.DataFrame:
    """What this channel was owed long enough ago, for the channel it escalates to."""
    if channel.escalate_minutes is None:
        return _owed(flags.iloc[:0], channel.name, step=1, now=now)
    other = next(one for one in settings.channel if one.name == channel.escalate_to)
    mine = known[known["channel"].eq(channel.name) & known["step"].eq(0)]
    both = flags.merge(mine[[*FLAG, "due_at"]], on=FLAG)
    began = both["since"].where(both["since"] >= both["due_at"], both["due_at"])
    late = both[began <= pd.Timestamp(now - timedelta(minutes=channel.escalate_minutes))]
    if quiet(other, settings, now=now):
        late = late[late["severity"].eq("urgent")]
    before = known[known["channel"].eq(other.name) & known["step"].eq(1)]
    return _owed(_without(late, before), other.name, step=1, now=now)


def _without(flags: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    there = pd.MultiIndex.from_frame(known[FLAG])
    return flags[~pd.MultiIndex.from_frame(flags[FLAG]).isin(there)]


def _owed(flags: pd.DataFrame, channel: str, *, step: int, now: datetime) -> pd.DataFrame:
    at = pd.Timestamp(now).as_unit("us")
    return flags[FLAG].assign(channel=channel, step=step, due_at=at)[OWED]


def _wards(flags: pd.DataFrame, settings: Settings) -> str:
    names = sorted(set(flags["ward"]) - {""}) or [settings.ward.name]
    named = [name for name in names if name]
    return f" on ward{'s' * (len(named) > 1)} {_listed(named)}" if named else ""


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)
