"""The access log in words: subjects with the names they have, or had, here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitoring.people import members, spelt
from storage.accesses import accesses
from storage.engine import Store


@dataclass(frozen=True)
class SeenAsked:
    """`patient` and `person` empty and `since` None: all. A person is named by name or subject."""

    patient: str = ""
    person: str = ""
    since: datetime | None = None


def seen(store: Store, asked: SeenAsked, *, now: datetime, most: int | None = None) -> list[dict[str, Any]]:
    """
    {at, who, subject, what, patient_id} of what is asked for, the newest first, at `most` so many.

    `who` is the name they have now; what was done without a sign-in stands under the name that was given.
    """
    names = {one.subject: one.name for one in members(store, as_of=now)}
    told = accesses(store, since=asked.since, patient=asked.patient, who=_meant(asked.person, names), most=most)
    rows = told.rename(columns={"who": "subject"})
    rows.insert(1, "who", [names.get(subject, subject) for subject in told["who"]])
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _meant(person: str, names: dict[str, str]) -> list[str]:
    """Every subject that `person` may stand for, and the word itself as it was typed."""
    if not person.strip():
        return []
    wanted = person.strip().casefold()
    found = [subject for subject, name in names.items() if wanted in (name.casefold(), subject.casefold())]
    return [*found, person.strip(), spelt(person)]
