"""What a single page reads for itself beside the ward: read again only when something was committed."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from dashboard import bedside, reading
from dashboard.bedside import Bedside, Row
from dashboard.drawn_of import drawn_of
from dashboard.escalation import Escalation, escalation
from dashboard.flag_actions import Talk, talk_of
from monitoring import bedside_entry
from storage import outbox, queries
from storage import talk as said_of_flags
from storage.last_drawn import last_drawn as drawn_last


def talk(then: datetime | None, patients: list[str] | None = None, *, now: datetime) -> Talk:
    """What was said of flags by `then`, or by now, beside answering them: a comment is there as soon as it is made."""

    def read() -> Talk:
        return talk_of(*said_of_flags.said(reading.store(), as_of=then or now, patients=patients))

    return reading.unchanged(("talk", then, None if patients is None else tuple(patients)), read)


def entered(patient_id: str, *, now: datetime) -> pd.DataFrame:
    """See bedside_entry.entries."""
    return reading.unchanged(
        ("entered", patient_id), lambda: bedside_entry.entries(reading.store(), patient_id, as_of=now)
    )


def unsent() -> tuple[Row, ...]:
    """Messages owed to a channel that did not get through; nothing is asked where a site has no channel."""
    if not reading.settings().channel:
        return ()
    owed = _messages()
    return tuple(bedside.rows_of(owed[owed["sent_at"].isna() & (owed["tries"] > 0)]))


def escalations() -> Escalation:
    """Who is told of what, and what was owed to them; nothing is asked where a site has no channel."""
    channels = reading.settings().channel
    return escalation(channels, _messages()) if channels else Escalation()


def _messages() -> pd.DataFrame:
    return reading.unchanged("messages", lambda: outbox.messages(reading.store()))


def corrected(side: Bedside) -> Bedside:
    """The patient with every version of those values that have more than one; nothing is asked where none has."""
    return drawn_of(side, "corrected", lambda: _corrected(side)) if bedside.has_corrections(side) else side


def _corrected(side: Bedside) -> Bedside:
    told = queries.observations(reading.store(), as_of=side.as_of, patients=[side.id])
    return bedside.with_corrections(side, told[told["ref"].isin(told.loc[told["version"] > 1, "ref"])])


def last_drawn(side: Bedside) -> dict[str, pd.Timestamp]:
    """By analyte the time of its newest value, however far back: the ward is read a few days back."""
    return drawn_of(side, "last drawn", lambda: drawn_last(reading.store(), side.id, as_of=side.as_of))
