"""
Roles and what each may do; people added, changed and taken out, with all that was ever said of them kept.

A subject is what the sign-in provider calls a person: its `sub`, an e-mail address it has verified, or the claim that
the site chose. An address is the same however it is written, so it is kept in small letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import pandas as pd

from monitoring.errors import PeopleRefused
from monitoring.settings_parts import ROLES, known_roles
from storage import staff
from storage.engine import Store

Right = Literal["see", "act", "research", "manage"]
RIGHTS: Final[Mapping[str, tuple[Right, ...]]] = {
    "viewer": ("see",),
    "clinician": ("see", "act"),
    "researcher": ("research",),
    "admin": ("see", "act", "research", "manage"),
}
MAY: Final[Mapping[Right, str]] = {
    "see": "see patients by name",
    "act": "answer flags, enter findings and mark rounds",
    "research": "take pseudonymous trajectories along",
    "manage": "say what codes mean, see originals, take identified trajectories along, and say who may do what",
}
LONGEST: Final = 80


@dataclass(frozen=True)
class Member:
    """Somebody the store knows; `role` is one role or several, apart by a space, "" for somebody taken out."""

    subject: str
    name: str
    role: str
    by: str
    at: datetime


def rights_of(role: str) -> frozenset[Right]:
    return frozenset(right for word in role.split() for right in RIGHTS.get(word, ()))


def members(store: Store, *, as_of: datetime, subjects: Iterable[str] | None = None) -> list[Member]:
    """How each of `subjects` stands (None: everybody ever known), in order of name."""
    if subjects is None:
        return _members(staff.people(store, as_of=as_of))
    known = staff.standing(store, [spelt(subject) for subject in subjects], as_of=as_of)
    return sorted((Member(**one._asdict()) for one in known), key=_by_name)


def history(store: Store, subject: str = "") -> list[Member]:
    """Everything ever said of `subject` (empty: of anybody), in order of time."""
    told = _members(staff.said_of_people(store))
    return sorted((one for one in told if subject in ("", one.subject)), key=lambda one: one.at)


def add(store: Store, subject: str, *, name: str, role: str, by: str, now: datetime) -> Member:
    """Raises PeopleRefused for somebody who is known, for a name or a role that cannot be, and without a `by`."""
    known = _by_subject(store, now)
    if known.get(spelt(subject)) and known[spelt(subject)].role:
        raise PeopleRefused(f"{spelt(subject)} is known already, as {known[spelt(subject)].name}; change it instead.")
    return _say(store, Member(spelt(subject), name, role, by, now), known)


def change(store: Store, who: str, *, name: str = "", role: str = "", by: str, now: datetime) -> Member:
    """Another name or role of somebody named by subject or name; what is empty stays. Raises PeopleRefused."""
    known = _by_subject(store, now)
    one = find(list(known.values()), who)
    if role and "admin" not in role.split():
        _keep_an_admin(known.values(), one)
    return _say(store, Member(one.subject, name or one.name, role or one.role, by, now), known)


def remove(store: Store, who: str, *, by: str, now: datetime) -> Member:
    """Takes every role from somebody named by subject or name; who they were stays. Raises PeopleRefused."""
    known = _by_subject(store, now)
    one = find(list(known.values()), who)
    _keep_an_admin(known.values(), one)
    gone = Member(one.subject, one.name, "", _worded(by, "Say who takes them out.").strip(), now)
    staff.say(store, gone.subject, at=now, name=gone.name, role="", by=gone.by)
    return gone


def find(known: Sequence[Member], who: str) -> Member:
    """Who is meant by a subject or a name, of those with a role. Raises PeopleRefused."""
    wanted = who.strip().casefold()
    for one in known:
        if one.role and wanted in (one.subject.casefold(), one.name.casefold()):
            return one
    raise PeopleRefused(f"Nobody here is known as {who.strip()!r}; `maswatch people list` says who is.")


def spelt(subject: str) -> str:
    told = subject.strip()
    return told.casefold() if "@" in told else told


def _say(store: Store, one: Member, known: Mapping[str, Member]) -> Member:
    name = _worded(one.name, "A person needs a name.")
    by = _worded(one.by, "Say who says so.")
    if not one.subject:
        raise PeopleRefused("A person needs what the sign-in provider knows them by: a subject or an e-mail address.")
    others = {other.name.casefold(): other.subject for other in known.values()}
    if others.get(name.casefold(), one.subject) != one.subject:
        raise PeopleRefused(f"{name!r} is somebody else's name here; what is said must be told apart by its author.")
    try:
        role = known_roles(one.role)
    except ValueError as error:
        raise PeopleRefused(f"{error}.") from None
    told = Member(one.subject, name, role, by, one.at)
    staff.say(store, told.subject, at=told.at, name=told.name, role=told.role, by=told.by)
    return told


def _keep_an_admin(known: Iterable[Member], one: Member) -> None:
    others = [other for other in known if "admin" in other.role.split() and other.subject != one.subject]
    if "admin" in one.role.split() and not others:
        raise PeopleRefused(f"{one.name} is the only admin; name another one first.")


def _worded(text: str, otherwise: str) -> str:
    told = " ".join(text.split())[:LONGEST]
    if not told:
        raise PeopleRefused(otherwise)
    return told


def _by_subject(store: Store, now: datetime) -> dict[str, Member]:
    return {one.subject: one for one in members(store, as_of=now)}


def _members(frame: pd.DataFrame) -> list[Member]:
    rows: list[Any] = frame.to_dict("records")
    told = [Member(row["subject"], row["name"], row["role"], row["by"], row["at"].to_pydatetime()) for row in rows]
    return sorted(told, key=_by_name)


def _by_name(one: Member) -> str:
    return one.name.casefold()


__all__ = ["MAY", "RIGHTS", "ROLES", "Member", "Right", "add", "change", "find", "history", "members", "remove"]
