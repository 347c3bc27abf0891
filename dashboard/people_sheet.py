"""Who may do what, and the access log, as they are read on the people view. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import pandas as pd

from dashboard import wording
from dashboard.markup import Markup, page
from monitoring.people import Member

MOST: Final = 200
SINCE: Final[Mapping[str, timedelta | None]] = {
    "last 24 hours": timedelta(hours=24),
    "last 7 days": timedelta(days=7),
    "last 30 days": timedelta(days=30),
    "the beginning": None,
}
COLUMNS: Final = ("at", "who", "subject", "what", "patient_id")
WHOM: Final = {"*": "everybody", "": ""}
WHAT: Final[Mapping[str, str]] = {
    "ward": "opened the ward",
    "inbox": "opened the inbox",
    "patient": "opened the patient's page",
    "rounds": "opened rounds",
    "feed": "opened the feed",
    "research": "opened research",
    "people": "opened people and access",
    "searched": "searched for",
    "values shown": "took the values shown",
    "rounds on paper": "took rounds on paper",
    "research table": "took a research table",
    "research table, identified": "took a research table with identifiers",
    "access log": "took the access log",
    "original set aside": "looked at an original set aside",
}
OF_NOBODY: Final = ("feed", "people", "access log")


def people_html(known: Sequence[Member], *, local: bool, said: tuple[str, str], zone: tzinfo) -> Markup:
    """Those with a role; who was taken out is counted."""
    rows = [{"one": one, "roles": one.role.replace(" ", ", "), "at": wording.dated(one.at, zone)} for one in known]
    now = [row for row in rows if row["roles"]]
    return page("people.html", rows=now, gone=len(rows) - len(now), local=local, tone=said[0], sentence=said[1])


def access_html(rows: Sequence[Mapping[str, Any]], *, zone: tzinfo) -> Markup:
    """What was done in words; one that has none here stands as it was written down."""
    shown = [
        {
            **row,
            "at": wording.stamp(row["at"], zone),
            "what": WHAT.get(row["what"], row["what"]),
            "whom": "" if row["what"] in OF_NOBODY else WHOM.get(row["patient_id"], row["patient_id"]),
        }
        for row in rows
    ]
    return page("access.html", rows=shown, most=MOST)


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    return str(pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(index=False))


def since(words: str, now: datetime) -> datetime | None:
    span = SINCE[words]
    return None if span is None else now - span
