"""
What people said to a flag and what a person may do about it: one model, for the inbox and for the patient's page.

Imports no streamlit. What is done stands in clicks.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside, Row
from dashboard.concern import acknowledged_by, snoozed_until, waiting
from monitoring.analysis.answers import longest_hours
from monitoring.terms import Catalog

SNOOZE_HOURS: Final = (1.0, 2.0, 4.0, 8.0, 12.0, 24.0)
Key = tuple[str, str]


@dataclass(frozen=True)
class Comment:
    """`seq` and `said_at` name it when it is taken back."""

    text: str
    by: str
    when: str
    seq: int
    said_at: str


@dataclass(frozen=True)
class Talk:
    """Comments and assignments by patient and flag, in order of time."""

    comments: Mapping[Key, list[Row]] = field(default_factory=dict)
    assignments: Mapping[Key, list[Row]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """
    Who looks: `by` acts, "" when nobody has said so; `said` came of the last click; `can`: answering is offered.
    `only_reads`: their role answers nothing. `local`: no sign-in, so the name is typed. `unsent`: messages that are
    still owed to a channel.
    """

    talk: Talk = field(default_factory=Talk)
    by: str = ""
    said: Any = None
    can: bool = False
    only_reads: bool = False
    local: bool = True
    unsent: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Actions:
    """`by` is who acts, "" when nobody has said so yet; `hours` for how long the flag may be snoozed at a time."""

    patient: str
    flag: str
    seq: int
    by: str
    waiting: str
    acknowledged: bool
    snoozed: bool
    hours: tuple[str, ...]
    assigned: str
    assigned_words: str
    comments: tuple[Comment, ...]


def talk_of(comments: pd.DataFrame, assignments: pd.DataFrame) -> Talk:
    return Talk(_by_flag(comments), _by_flag(assignments))


def actions(side: Bedside, catalog: Catalog, reader: Reader, *, zone: tzinfo) -> dict[str, Actions]:
    """For each active flag of a patient what was said to it, and what may be said."""
    active = (row for row in side.flags if row["state"] == "active")
    return {row["flag"]: of_flag(row, catalog, reader, zone=zone, as_of=side.as_of) for row in active}


def of_flag(row: Row, catalog: Catalog, reader: Reader, *, zone: tzinfo, as_of: datetime) -> Actions:
    given = _assigned(row, reader.talk)
    return Actions(
        patient=row["patient_id"],
        flag=row["flag"],
        seq=int(row["seq"]),
        by=reader.by,
        waiting=waiting(row, catalog, as_of),
        acknowledged=acknowledged_by(row) != "",
        snoozed=snoozed_until(row) is not None,
        hours=_hours(longest_hours(row["severity"], catalog)),
        assigned=str(given["to"]) if given else "",
        assigned_words=f"by {given['by']}, {wording.stamp(given['at'], zone)}" if given else "",
        comments=tuple(_comment(said, zone) for said in _since_raised(row, reader.talk.comments)),
    )


def _hours(longest: float) -> tuple[str, ...]:
    told = [hours for hours in SNOOZE_HOURS if hours < longest]
    return tuple(f"{hours:g}" for hours in [*told, longest])


def _assigned(row: Row, talk: Talk) -> Row | None:
    """The newest counts; to nobody is nobody's."""
    said = _since_raised(row, talk.assignments)
    return said[-1] if said and said[-1]["to"] else None


def _since_raised(row: Row, told: Mapping[Key, list[Row]]) -> list[Row]:
    """What was said before the flag was raised anew was said to another raising."""
    return [said for said in told.get((row["patient_id"], row["flag"]), []) if said["at"] >= row["raised_at"]]


def _comment(said: Row, zone: tzinfo) -> Comment:
    when = wording.stamp(said["at"], zone)
    return Comment(said["text"], said["by"], when, int(said["seq"]), pd.Timestamp(said["at"]).isoformat())


def _by_flag(frame: pd.DataFrame) -> dict[Key, list[Row]]:
    told: dict[Key, list[Row]] = defaultdict(list)
    rows: Iterable[Any] = frame.to_dict("records")
    for row in rows:
        told[row["patient_id"], row["flag"]].append(row)
    return told
