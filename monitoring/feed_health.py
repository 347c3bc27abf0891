"""
How each feed stands, from what the store knows of it: well, late, silent, failing or never heard of. Pure.

A feed's rhythm is its usual gap: the gap that half of the time falls into or beyond. A plain median would say
seconds of a listener that gets forty results at once every morning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from monitoring.settings import Settings, SourceSettings

State = Literal["well", "late", "silent", "failing", "never heard", "by hand"]
TROUBLE: Final[tuple[State, ...]] = ("failing", "silent")
NOT_A_SOURCE: Final = frozenset(("cycle", "judging", "set-aside"))
DAY: Final = timedelta(days=1)
COUNTED: Final = ("new", "corrected", "set_aside")

NEVER = "Nothing has been heard of it yet."
ANSWERS = "It answers, and has sent nothing yet."
NEVER_SINCE = "Nothing has ever come from it in the {} since it was set up; check that it is connected."
ANSWERS_ONLY = "It answers and has sent nothing in the {} since it was set up; check what it is asked for."
ASKED: Final = "fhir"
CONFIGURED: Final = "configured"  # the mark of when a source was first seen among the settings


@dataclass(frozen=True)
class FeedSeen:
    """
    What the store knows. Frames in the shapes RUNS (of the last days), MARKS, ARRIVALS (the same days).

    `newest`: source -> when anything new last came. `waiting`: source -> deliveries nobody has read yet.
    `lag`: source -> median hours from result to here, where it was asked for.
    """

    runs: pd.DataFrame
    marks: pd.DataFrame
    arrivals: pd.DataFrame
    newest: Mapping[str, datetime] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    lag: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceHealth:
    """
    One source. Hours: `usual` between arrivals (None: no rhythm known yet), `silent_after`, `lag`.
    `configured_at`: when it was first seen among the settings.

    `new`, `corrected`, `set_aside`: of the last 24 h. `sentence`: what is wrong, or what to know; "" where all is well.
    """

    source: str
    kind: str
    state: State
    sentence: str
    last_success_at: datetime | None
    last_heard_at: datetime | None
    newest_at: datetime | None
    usual: float | None
    silent_after: float
    lag: float | None
    new: int
    corrected: int
    set_aside: int
    unread: int
    error: str
    configured_at: datetime | None = None

    @property
    def in_trouble(self) -> bool:
        return self.state in TROUBLE


def feed_health(
    seen: FeedSeen, settings: Settings, numbers: Mapping[str, Any], *, as_of: datetime
) -> list[SourceHealth]:
    """
    One row a source: those configured in their order, then what else told something, by hand or before.

    `numbers`: the catalog's settings.
    """
    configured = {source.name: source for source in settings.source}
    told = {*seen.runs["source"], *seen.newest, *seen.waiting} - NOT_A_SOURCE - configured.keys()
    return [_stands(seen, name, configured.get(name), numbers, as_of) for name in (*configured, *sorted(told))]


def usual_hours(moments: pd.Series, least: float) -> float | None:
    """The usual gap between `moments`, in hours; None where there are fewer than `least` of them."""
    if len(moments) < least:
        return None
    gaps = np.sort(np.diff(pd.DatetimeIndex(moments.sort_values()).as_unit("us").asi8) / 3.6e9)
    sums = np.cumsum(gaps)
    return float(gaps[np.searchsorted(sums, sums[-1] / 2)])


def silent_hours(
    told: SourceSettings | None, usual: float | None, numbers: Mapping[str, Any], *, heard: bool = True
) -> float:
    """After how many hours without anything new a source counts as silent; `heard`: whether it ever sent anything."""
    if told is not None and told.silent_hours is not None:
        return told.silent_hours
    if not heard:
        return float(numbers["feed_first_hours"])
    least, most = numbers["feed_silent_least_hours"], numbers["feed_silent_most_hours"]
    return most if usual is None else min(max(usual * numbers["feed_silent_factor"], least), most)


def _stands(
    seen: FeedSeen, name: str, told: SourceSettings | None, numbers: Mapping[str, Any], as_of: datetime
) -> SourceHealth:
    runs, marks = seen.runs[seen.runs["source"].eq(name)], seen.marks[seen.marks["source"].eq(name)]
    moments = seen.arrivals.loc[seen.arrivals["source"].eq(name), "received_at"]
    usual = usual_hours(moments, numbers["feed_rhythm_least_arrivals"])
    success = _last(runs.loc[runs["outcome"].eq("ok"), "finished_at"])
    heard = [at for at in (success, _heard(marks)) if at is not None]
    today = runs.loc[runs["started_at"] >= as_of - DAY, list(COUNTED)].sum()
    found = SourceHealth(
        source=name,
        kind=told.kind if told else "by hand",
        state="well" if told else "by hand",
        sentence="",
        last_success_at=success,
        last_heard_at=max(heard, default=None),
        newest_at=seen.newest.get(name),
        usual=usual,
        silent_after=silent_hours(told, usual, numbers, heard=name in seen.newest),
        lag=seen.lag.get(name),
        new=int(today["new"]),
        corrected=int(today["corrected"]),
        set_aside=int(today["set_aside"]),
        unread=seen.waiting.get(name, 0),
        error=_error(runs, marks),
        configured_at=_last(marks.loc[marks["name"].eq(CONFIGURED), "at"]),
    )
    return _judged(found, numbers, as_of) if told else replace(found, sentence=found.error)


def _judged(found: SourceHealth, numbers: Mapping[str, Any], as_of: datetime) -> SourceHealth:
    if found.error:
        bare = found.error.removeprefix(f"source {found.source}: ")
        return replace(found, state="failing", sentence=bare[:1].upper() + bare[1:])
    if found.newest_at is None:
        return _unheard(found, as_of)
    quiet = (as_of - found.newest_at) / timedelta(hours=1)
    expected = (found.usual or found.silent_after) * numbers["feed_late_factor"]
    late_after = min(found.silent_after, max(expected, numbers["feed_silent_least_hours"] / 2))
    if quiet <= late_after:
        return found
    usual = f"; it usually sends something about every {span(found.usual)}" if found.usual else ""
    sentence = f"Nothing new for {span(quiet)}{usual}."
    return replace(found, state="silent" if quiet > found.silent_after else "late", sentence=sentence)


def _unheard(found: SourceHealth, as_of: datetime) -> SourceHealth:
    """Nobody can tell whether a source that never sent anything is quiet or was never connected: it is not left so."""
    waited = (as_of - found.configured_at) / timedelta(hours=1) if found.configured_at else 0.0
    if waited <= found.silent_after:
        return replace(found, state="never heard", sentence=ANSWERS if found.last_heard_at else NEVER)
    asked = (
        found.kind == ASKED and found.last_heard_at
    )  # a folder or a port that can be opened says nothing of a sender
    sentence = (ANSWERS_ONLY if asked else NEVER_SINCE).format(span(waited))
    return replace(found, state="silent", sentence=sentence)


def span(hours: float) -> str:
    """40 min, 14 h, 3 d."""
    if hours < 1:
        return f"{max(1, round(hours * 60))} min"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} d"


def _error(runs: pd.DataFrame, marks: pd.DataFrame) -> str:
    """What stopped it last, if nothing went well since; the later of run and mark counts."""
    ended = runs[runs["finished_at"].notna()].sort_values("finished_at").tail(1)
    marked = marks[marks["name"].eq("failed")]
    told = [
        *zip(ended["finished_at"], ended["error"].where(ended["outcome"].eq("failed"), ""), strict=True),
        *zip(marked["at"], marked["value"], strict=True),
    ]
    return str(max(told, default=("", ""))[1])


def _heard(marks: pd.DataFrame) -> datetime | None:
    told = pd.to_datetime(marks.loc[marks["name"].eq("heard"), "value"], utc=True, errors="coerce", format="ISO8601")
    return _last(told)


def _last(moments: pd.Series) -> datetime | None:
    found = moments.max() if len(moments) else pd.NaT
    return None if pd.isna(found) else found.to_pydatetime()
