"""
The feed as its keeper reads it: how each source stands, what cannot be read and why, what the codes mean.

Models and HTML from them; imports no streamlit. What is done about any of it stands in feed_clicks.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import pandas as pd

from dashboard import wording
from dashboard.markup import Markup, page
from dashboard.wording import Tone
from monitoring.feed_health import SourceHealth, State
from monitoring.site_map import Word
from monitoring.terms import Catalog

FIRST_MINUTE: Final = timedelta(minutes=1)  # a run that has not ended by then is worth a look
STATE_TONE: Final[dict[State, Tone]] = {
    "well": "good", "late": "note", "silent": "watch", "failing": "decision", "never heard": "watch",
    "by hand": "quiet",
}  # fmt: skip
STATE_SIGN: Final[dict[State, str]] = {
    "well": "✓", "late": "…", "silent": "◌", "failing": "✕", "never heard": "?", "by hand": "",
}  # fmt: skip
REASON_WORD: Final = {
    "unknown_analyte": "code not known here",
    "unknown_unit": "unit not known for this analyte",
    "not_a_number": "no number",
    "no_value": "no value",
    "no_patient": "no patient named",
    "no_time": "no usable time",
    "future_time": "time lies in the future",
    "implausible": "value cannot exist",
    "wrong_specimen": "another specimen",
    "conflicting_codes": "two codes that contradict each other",
    "bad_encoding": "signs that are no text",
    "bad_message": "message not well formed",
    "unsupported_message": "kind of message not read here",
    "file_unreadable": "file cannot be read",
    "not_followed": "kind of resource not followed here",
}
KIND_WORD: Final = {"source": "on time", "ingest": "by hand", "arrival": "as it came", "cycle": ""}
LONGEST_ORIGINAL: Final = 20_000


@dataclass(frozen=True)
class FeedTold:
    """What the view is drawn from. Frames in the shapes RUNS, ASIDE_GROUPS, ASIDE_EXAMPLES, DELIVERIES."""

    sources: Sequence[SourceHealth]
    runs: pd.DataFrame
    groups: pd.DataFrame
    examples: pd.DataFrame
    deliveries: pd.DataFrame
    words: Sequence[Word]
    map_fault: str = ""


@dataclass(frozen=True)
class Group:
    """What is set aside of one source for one reason under one code. `id`: of one of them."""

    source: str
    reason: str
    code: str
    count: int
    patients: int
    last_at: datetime
    id: str
    sentence: str
    words: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", reason(self.reason))

    @property
    def title(self) -> str:
        return wording.joined(self.source, self.words, self.code, f"{self.count:,}")


def reason(code: str) -> str:
    return REASON_WORD.get(code, code.replace("_", " "))


def groups(told: FeedTold) -> list[Group]:
    names = ("source", "reason", "code", "count", "patients", "last_at", "id", "sentence")
    return [Group(**{name: row[name] for name in names}) for row in rows_of(told.groups)]


def feed_html(told: FeedTold, *, zone: tzinfo, now: datetime) -> Markup:
    """The head of the view and every source."""
    return page("feed.html", rows=[_source_row(source, zone, now) for source in told.sources], fault=told.map_fault)


def aside_html(found: Sequence[Group], *, zone: tzinfo, now: datetime) -> Markup:
    rows = [(group, wording.told_at(group.last_at, zone, as_of=now)) for group in found]
    return page("feed_aside.html", rows=rows, count=sum(group.count for group in found))


def original_html(one: dict[str, Any], group: Group) -> Markup:
    """One item whole, as it came."""
    raw = str(one["raw"]).replace("\r\n", "\n").replace("\r", "\n")
    cut = len(raw) > LONGEST_ORIGINAL
    return page("feed_original.html", one=one, group=group, raw=raw[:LONGEST_ORIGINAL], cut=cut)


def map_html(words: Sequence[Word], catalog: Catalog, *, zone: tzinfo, now: datetime) -> Markup:
    """What the site's own codes mean, by whose word."""
    over = {word.key for word in words if word.by}
    rows = [
        {
            "word": word,
            "label": catalog.analytes[word.analyte].label,
            "said": f"{word.by}, {wording.told_at(word.at, zone, as_of=now)}" if word.by else "site file",
            "overruled": not word.by and word.key in over,
        }
        for word in words
    ]
    return page("feed_map.html", rows=rows)


def past_html(told: FeedTold, *, zone: tzinfo, now: datetime) -> Markup:
    """The last runs and the last deliveries."""
    runs = [_run_row(row, zone, now) for row in rows_of(told.runs)]
    sent = [_delivery_row(row, zone, now) for row in rows_of(told.deliveries)]
    return page("feed_past.html", runs=runs, sent=sent)


def outcome(verb: str, counts: dict[str, int]) -> str:
    """QX1 of lis now means Ferritin: 3 results read, 3 new."""
    told = {
        "new": "new", "unchanged": "known already", "corrected": "corrected", "back": "standing again",
        "withdrawn": "withdrawn", "set_aside": "still set aside",
    }  # fmt: skip
    said = [f"{counts[name]:,} {words}" for name, words in told.items() if counts.get(name)]
    return f"{verb}: {', '.join(said)}." if said else f"{verb}; nothing was waiting for it."


def _source_row(source: SourceHealth, zone: tzinfo, now: datetime) -> dict[str, Any]:
    usual = "" if source.usual is None else f"about every {wording.hours(source.usual)}"
    alarm = f"silent after {wording.hours(source.silent_after)}"
    return {
        "source": source,
        "tone": STATE_TONE[source.state],
        "sign": STATE_SIGN[source.state],
        "success": (wording.MISSING, "") if _only_by_hand(source) else _moment(source.last_success_at, zone, now),
        "heard": _moment(source.last_heard_at, zone, now),
        "newest": _moment(source.newest_at, zone, now),
        "usual": usual or ("no rhythm known yet" if source.state != "by hand" else ""),
        "alarm": alarm if source.state != "by hand" else "",
        "lag": "" if source.lag is None else wording.hours(source.lag),
    }


def _only_by_hand(source: SourceHealth) -> bool:
    """No run of its own ever was, and none is awaited."""
    return source.state == "by hand" and source.last_success_at is None


def _moment(at: datetime | None, zone: tzinfo, now: datetime) -> tuple[str, str]:
    """(age, the moment itself); both say so where there is none."""
    return ("never", "") if at is None else (f"{wording.age(at, now)} ago", wording.clock(at, zone, today=now))


def _run_row(row: dict[str, Any], zone: tzinfo, now: datetime) -> dict[str, Any]:
    ended = row["finished_at"]
    seconds = None if pd.isna(ended) else (ended - row["started_at"]).total_seconds()
    tone: Tone = "note" if seconds is None else "quiet" if row["outcome"] == "ok" else "decision"
    begun = "running" if now - row["started_at"] < FIRST_MINUTE else "not ended"
    state = begun if seconds is None else "done" if row["outcome"] == "ok" else "failed"
    age, at = _moment(row["started_at"], zone, now)
    took = "" if seconds is None else "under 1 s" if seconds < 1 else f"{seconds:,.0f} s"
    kind = KIND_WORD.get(row["kind"], row["kind"])
    return row | {"age": age, "at": at, "took": took, "tone": tone, "state": state, "kind": kind}


def _delivery_row(row: dict[str, Any], zone: tzinfo, now: datetime) -> dict[str, Any]:
    age, at = _moment(row["received_at"], zone, now)
    read = "waits to be read" if pd.isna(row["read_at"]) else "read"
    return row | {"age": age, "at": at, "read": read, "size": _size(int(row["size"]))}


def _size(count: int) -> str:
    return f"{count:,} B" if count < 1000 else f"{count / 1000:,.0f} kB" if count < 1e6 else f"{count / 1e6:,.1f} MB"


def rows_of(frame: pd.DataFrame) -> Iterable[dict[str, Any]]:
    return frame.to_dict("records")  # type: ignore[return-value]
