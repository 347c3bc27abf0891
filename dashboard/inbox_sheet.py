"""The inbox: every active flag of those who are here, by severity and then age; below it what ended lately.

Frames in, HTML out; imports no streamlit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside, Row, Ward
from dashboard.concern import SEVERITY_RANK, numbered
from dashboard.escalation import Escalation
from dashboard.flag_actions import Actions, Reader, of_flag
from dashboard.flag_panel import ENDED_WORD, FlagPanel, panel
from dashboard.markup import Markup, page
from dashboard.selection import InboxAsked, address
from monitoring.terms import Catalog

NOBODY: Final = Escalation()
AT_ONCE: Final = 100
LATELY: Final = timedelta(hours=24)
SHOWN: Final = {"": "All", "open": "Unanswered", "mine": "Mine"}
SEVERITIES: Final = {"": "Any severity", "urgent": "Needs a decision", "watch": "Watch", "info": "Note"}


@dataclass(frozen=True)
class Entry:
    """
    One active flag: whose, what, since when, what was said to it and what may be said. Its panel, with the evidence, is
    worked out for those that are shown: it takes milliseconds, and of a thousand patients there are thousands.
    """

    side: Bedside
    severity: str
    worked_out: Callable[[], FlagPanel]
    act: Actions
    raised_at: pd.Timestamp
    began: str
    raised: str
    worsened: str
    href: str
    link: str
    escalates: str

    @property
    def panel(self) -> FlagPanel:
        return self.worked_out()

    @property
    def open(self) -> bool:
        """Nobody has answered it."""
        return not (self.act.acknowledged or self.act.snoozed)

    @property
    def ward(self) -> str:
        return str(self.side.patient["ward"])


@dataclass(frozen=True)
class Ended:
    """A flag that ended lately, and how."""

    side: Bedside
    sentence: str
    words: str
    ended_at: pd.Timestamp
    href: str


@dataclass(frozen=True)
class Pill:
    """A filter: its words, how many it leaves, where it leads."""

    words: str
    count: int
    href: str
    chosen: bool


Chooses = Callable[[Entry], bool]


def entries(
    ward: Ward, catalog: Catalog, reader: Reader, *, zone: tzinfo, escalation: Escalation = NOBODY
) -> list[Entry]:
    """Every active flag of everybody who has not left: urgent first, then the oldest."""
    told = [
        _entry(side, row, catalog, reader=reader, zone=zone, escalation=escalation)
        for side in ward.sides
        if not side.has_left
        for row in side.flags
        if row["state"] == "active"
    ]
    return sorted(told, key=lambda e: (SEVERITY_RANK.get(e.severity, 3), e.raised_at, numbered(e.side.name)))


def ended_lately(ward: Ward, asked: InboxAsked, *, zone: tzinfo) -> list[Ended]:
    """Cleared or taken back in the last 24 h, the newest first; of one ward where one is asked for."""
    told = [
        _ended(side, row, zone)
        for side in ward.sides
        if asked.ward in ("", side.patient["ward"])
        for row in side.flags
        if row["state"] in ENDED_WORD
    ]
    return sorted((one for one in told if ward.as_of - one.ended_at <= LATELY), key=lambda one: one.ended_at)[::-1]


def chosen(told: Iterable[Entry], asked: InboxAsked, *, by: str) -> list[Entry]:
    """Those that the address asks for, in the same order. Of a flag's own link, that flag alone."""
    wanted = (_of_ward(asked.ward), _of_severity(asked.severity), _shown(asked.show, by), _alone(asked))
    return [entry for entry in told if all(choose(entry) for choose in wanted)]


def failing(told: Iterable[Entry], reader: Reader) -> dict[str, str]:
    """Channel -> why it did not take a message about a flag that still holds, in words."""
    active = {(entry.act.patient, entry.act.flag, entry.act.seq) for entry in told}
    tried = (row for row in reader.unsent if (row["patient_id"], row["flag"], int(row["seq"])) in active)
    return {row["channel"]: row["error"] for row in tried if row["error"]}


def inbox_html(
    ward: Ward,
    catalog: Catalog,
    asked: InboxAsked,
    reader: Reader,
    *,
    zone: tzinfo,
    escalation: Escalation = NOBODY,
) -> Markup:
    everything, by = entries(ward, catalog, reader, zone=zone, escalation=escalation), reader.by
    here = chosen(everything, asked, by=by)
    most = len(here) if asked.most == "all" else AT_ONCE
    wards = sorted({entry.ward for entry in everything} - {""})
    return page(
        "inbox.html",
        entries=here[:most],
        more=len(here[most:]),
        all_of_them=asked.address(most="all"),
        everything=len(everything),
        patients=len(ward.sides),
        failing=failing(everything, reader),
        rules=escalation.rules,
        ended=ended_lately(ward, asked, zone=zone),
        shows=_pills(everything, asked, SHOWN, "show", lambda code: _shown(code, by)),
        severities=_pills(everything, asked, SEVERITIES, "severity", _of_severity),
        wards=_pills(everything, asked, {"": "All wards"} | {name: name for name in wards}, "ward", _of_ward),
        several=len(wards) > 1,
        asked=asked,
        clear=address("/inbox"),
        reader=reader,
    )


def _entry(side: Bedside, row: Row, catalog: Catalog, *, reader: Reader, zone: tzinfo, escalation: Escalation) -> Entry:
    as_of = side.as_of
    worse = row["changed_at"] > row["raised_at"]
    return Entry(
        side=side,
        severity=str(row["severity"]),
        worked_out=lambda: _panel(row, side, catalog, zone),
        act=of_flag(row, catalog, reader, zone=zone, as_of=as_of),
        raised_at=row["raised_at"],
        began=wording.told_at(row["began_at"], zone, as_of=as_of),
        raised=wording.told_at(row["raised_at"], zone, as_of=as_of),
        worsened=wording.told_at(row["changed_at"], zone, as_of=as_of) if worse else "",
        href=address("/patient", patient=side.id),
        link=address("/inbox", patient=side.id, flag=row["flag"]),
        escalates=escalation.words(row, zone, now=as_of),
    )


def _panel(row: Row, side: Bedside, catalog: Catalog, zone: tzinfo) -> FlagPanel:
    """Worked out once for all who look at this reading: with its evidence a flag takes milliseconds."""
    key = ("panel", row["flag"], str(zone), catalog.version)
    if key not in side.worked_out:
        side.worked_out[key] = panel(row, side, catalog, zone)
    told: FlagPanel = side.worked_out[key]
    return told


def _ended(side: Bedside, row: Row, zone: tzinfo) -> Ended:
    at: pd.Timestamp = row["cleared_at"] if row["state"] == "cleared" else row["retracted_at"]
    when = wording.told_at(at, zone, as_of=side.as_of)
    reason = f": {row['reason']}" if row["reason"] else ""
    words = f"{ENDED_WORD[row['state']]} {when}{reason}"
    return Ended(side, str(row["sentence"]), words, at, address("/patient", patient=side.id))


def _pills(
    told: Sequence[Entry], asked: InboxAsked, words: dict[str, str], name: str, chooses: Callable[[str], Chooses]
) -> list[Pill]:
    """One a choice, with how many it would leave of what the other filters leave."""
    rest = [_of_ward(asked.ward)] * (name != "ward") + [_of_severity(asked.severity)] * (name != "severity")
    left = [entry for entry in told if all(choose(entry) for choose in rest)]
    now = getattr(asked, name)
    return [
        Pill(
            label, sum(map(chooses(code), left)), asked.address(**{name: code, "patient": "", "flag": ""}), code == now
        )
        for code, label in words.items()
    ]


def _of_ward(name: str) -> Chooses:
    return lambda entry: not name or entry.ward == name


def _of_severity(code: str) -> Chooses:
    return lambda entry: not code or entry.severity == code


def _shown(code: str, by: str) -> Chooses:
    if code == "mine":
        return lambda entry: bool(by) and entry.act.assigned.casefold() == by.casefold()
    return lambda entry: entry.open if code == "open" else True


def _alone(asked: InboxAsked) -> Chooses:
    return lambda entry: asked.patient in ("", entry.side.id) and asked.flag in ("", entry.act.flag)
