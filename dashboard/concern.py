"""What matters about one patient, in few words, and how much it matters beside the others. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside, Row, Rows, shown_analytes
from dashboard.changes import change_key
from dashboard.verdicts import is_history, verdict_tone, verdict_words
from dashboard.wording import Tone
from monitoring.analysis.unanswered import unanswered_since
from monitoring.terms import Catalog

MAIN: Final = ("ferritin", "fibrinogen", "platelets", "crp")  # the four that every row of the ward shows
SAYS_THE_VERDICT: Final = (
    "steroid_nonresponse", "steroid_early_worsening", "steroid_slow_response", "cart_no_improvement", "relapse",
)  # fmt: skip
SOON: Final = timedelta(hours=12)
PATIENCE: Final = "urgent_unanswered_hours"
RANK: Final[Mapping[Tone, int]] = {"decision": 0, "watch": 1, "note": 2, "good": 3, "quiet": 4}
SEVERITY_RANK: Final[Mapping[str, int]] = {"urgent": 0, "watch": 1, "info": 2}


@dataclass(frozen=True)
class Phrase:
    """
    One thing that is so, under ten words. `acknowledged`: who took notice, or empty; `snoozed`: until when, in words;
    `waiting`: for how long an urgent flag has gone without an answer; `change`: the flag's newest, see changes.py.
    """

    text: str
    tone: Tone
    arrow: str = ""
    acknowledged: str = ""
    since: str = ""
    snoozed: str = ""
    waiting: str = ""
    change: str = ""

    @property
    def whole(self) -> str:
        """With what people answered to it."""
        seen = f"seen by {self.acknowledged}" if self.acknowledged else ""
        return wording.joined(self.text, seen, self.snoozed, self.waiting)


@dataclass(frozen=True)
class Concern:
    """
    `verdict` is that of the newest window, and nothing where a patient responded to a course of long ago.

    `waiting`: for how long the urgent flag that waits longest has gone without an answer, in words.

    `due_at`: what is awaited next; `due_now`: something is due, but not late yet; `late`: it has not come in time.

    `order` sorts the most worrying first.
    """

    tone: Tone
    phrases: tuple[Phrase, ...]
    verdict: str
    due_at: datetime | None
    due_what: str
    due_now: bool
    late: bool
    order: tuple[Any, ...]
    waiting: str = ""

    @property
    def responding(self) -> bool:
        return self.verdict == "responding"


def concern(side: Bedside, catalog: Catalog, *, zone: tzinfo) -> Concern:
    """Worked out once for all views of a reading."""
    key = ("concern", str(zone), catalog.version)
    if key not in side.worked_out:
        side.worked_out[key] = _concern(side, catalog, zone=zone)
    told: Concern = side.worked_out[key]
    return told


def _concern(side: Bedside, catalog: Catalog, *, zone: tzinfo) -> Concern:
    flags = ranked(side.flags)
    window = decided(side)
    due_at, due_what = _due(side)
    phrases = (
        *(_flag_phrase(row, side.as_of, zone, catalog) for row in flags),
        *_verdict_phrase(side, window, flags, catalog),
        *_due_phrase(side, due_at, due_what, zone),
        *_unusable(side, catalog),
    )
    verdict = str(window["verdict"]) if window else ""
    verdict = "" if verdict == "responding" and is_history(side, catalog) else verdict
    tone = _tone(flags, verdict, phrases)
    open_urgent = sum(row["severity"] == "urgent" and not answered(row) for row in flags)
    return Concern(
        tone=tone,
        phrases=phrases or (_nothing(side),),
        verdict=verdict,
        due_at=due_at,
        due_what=due_what,
        due_now=any(row["due_at"] <= side.as_of and not row["overdue"] for row in side.awaited),
        late=bool(side.late) or any(row["flag"] == "labs_overdue" for row in flags),
        order=(RANK[tone], -open_urgent, -len(flags), numbered(side.name)),
        waiting=waiting_words(max((hours_unanswered(row, side.as_of) for row in flags), default=0.0), catalog),
    )


def ranked(flags: Rows) -> list[Row]:
    """Active flags: urgent first, unanswered before answered, the steroids before a marker, newest first."""
    rows = sorted((row for row in flags if row["state"] == "active"), key=lambda row: row["raised_at"], reverse=True)
    return sorted(rows, key=_rank)


def _rank(row: Row) -> tuple[int, bool, bool]:
    return SEVERITY_RANK.get(row["severity"], 3), answered(row), row["flag"] not in SAYS_THE_VERDICT


def decided(side: Bedside) -> Mapping[str, Any] | None:
    """The newest window of the newest steroid course that says anything."""
    said = [window for window in windows(side) if window["verdict"] != "too_early"]
    return said[-1] if said else None


def windows(side: Bedside) -> list[dict[str, Any]]:
    return [] if side.response is None else sorted(side.response["windows"], key=lambda window: window["hours"])


def acknowledged_by(row: Mapping[str, Any]) -> str:
    return str(row["acknowledged"].get("by", "")) if isinstance(row["acknowledged"], Mapping) else ""


def snoozed_until(row: Mapping[str, Any]) -> pd.Timestamp | None:
    """When a snoozed flag is open again; None: it is not snoozed."""
    return pd.Timestamp(row["snoozed"]["until"]) if isinstance(row["snoozed"], Mapping) else None


def answered(row: Mapping[str, Any]) -> bool:
    """Somebody took notice, or asked to be left alone with it for a while. It is shown all the same."""
    return acknowledged_by(row) != "" or snoozed_until(row) is not None


def waiting(row: Mapping[str, Any], catalog: Catalog, as_of: datetime) -> str:
    """unanswered for 2 h: of an urgent flag that has stood longer than a ward should leave it; empty otherwise."""
    return waiting_words(hours_unanswered(row, as_of), catalog)


def waiting_words(hours: float, catalog: Catalog) -> str:
    return f"unanswered for {wording.hours(hours)}" if hours >= float(catalog.settings[PATIENCE]) else ""


def hours_unanswered(row: Mapping[str, Any], as_of: datetime) -> float:
    """Of an urgent flag; 0 for any other, and while an answer stands."""
    since = unanswered_since(row) if row["severity"] == "urgent" else None
    return 0.0 if since is None else wording.since(since, as_of)


def _flag_phrase(row: Mapping[str, Any], as_of: datetime, zone: tzinfo, catalog: Catalog) -> Phrase:
    return Phrase(
        text=str(row["sentence"]),
        tone=wording.SEVERITY_TONE.get(row["severity"], "note"),
        arrow=wording.flag_arrow(row["flag"]),
        acknowledged=acknowledged_by(row),
        since=wording.age(row["raised_at"], as_of),
        snoozed=wording.snoozed(snoozed_until(row), zone, today=as_of),
        waiting=waiting(row, catalog, as_of),
        change=change_key(row),
    )


def _verdict_phrase(
    side: Bedside, window: Mapping[str, Any] | None, flags: Iterable[Row], catalog: Catalog
) -> Iterable[Phrase]:
    if window is None or any(row["flag"] in SAYS_THE_VERDICT for row in flags):
        return ()
    return (Phrase(verdict_words(side, window, catalog), verdict_tone(side, window, catalog)),)


def _due(side: Bedside) -> tuple[datetime | None, str]:
    """The first thing awaited after now: a response window's labs, or a marker's next value under treatment."""
    awaited = [
        (pd.Timestamp(window["due_at"]), f"{window['hours']} h labs")
        for window in windows(side)
        if window["verdict"] == "too_early" and window["due_at"]
    ]
    awaited += [(row["due_at"], str(row["analyte"])) for row in side.awaited if not row["overdue"]]
    coming = sorted(entry for entry in awaited if entry[0] > side.as_of)
    return coming[0] if coming else (None, "")


def _due_phrase(side: Bedside, due_at: datetime | None, due_what: str, zone: tzinfo) -> Iterable[Phrase]:
    """Only what a response verdict waits for is worth a phrase; routine labs have their own column."""
    if due_at is None or not due_what.endswith("h labs") or due_at - side.as_of > SOON:
        return ()
    return (Phrase(f"{due_what} due {wording.clock(due_at, zone, today=side.as_of)}", "note", "◷"),)


def _unusable(side: Bedside, catalog: Catalog) -> Iterable[Phrase]:
    for analyte in shown_analytes(catalog, set(MAIN) & set(side.trends)):
        by = side.series[analyte.code].confounded_by
        if by:
            yield Phrase(f"{analyte.label} not usable: {product_label(by, catalog)}", "note")


def product_label(code: str, catalog: Catalog) -> str:
    return wording.running(catalog.products[code].label) if code in catalog.products else code


def _tone(flags: list[Row], verdict: str, phrases: Iterable[Phrase]) -> Tone:
    tones = {wording.SEVERITY_TONE.get(row["severity"], "note") for row in flags}
    tones |= {wording.VERDICT_TONE[verdict]} if verdict in ("mixed", "not_responding", "insufficient_data") else set()
    if tones & {"decision", "watch"}:
        return "decision" if "decision" in tones else "watch"
    if verdict == "responding":
        return "good"
    return "note" if any(phrase.tone == "note" for phrase in phrases) else "quiet"


def _nothing(side: Bedside) -> Phrase:
    if not side.trends:
        return Phrase("No labs yet", "quiet")
    ways = {trend["direction"] for trend in side.trends.values()}
    if ways == {"unknown"}:
        return Phrase("Too few values to compare", "quiet")
    return Phrase("No change beyond the noise" if ways == {"flat"} else "No flags", "quiet")


def numbered(name: str) -> tuple[int, str]:
    """Bed 7 before bed 12; names without a number after those with one."""
    digits = "".join(filter(str.isdigit, name))
    return (int(digits) if digits else 10**6, name)
