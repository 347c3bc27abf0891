"""
Who somebody is and what they may do, told from what the provider says and what the store knows. Imports no streamlit.

Asked on every run of every page, at every click and at every download, by the pages and by the door in front of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from dashboard.sign_ins import SignIns, sign_in_id
from monitoring.people import Member, Right, members, rights_of, spelt
from monitoring.settings_parts import ROLES, SignIn
from storage.engine import Store

Turned = Literal["", "nobody", "idle", "unknown"]
ALONE: Final = "local user"


@dataclass(frozen=True)
class Person:
    """
    `turned`: why somebody is let in no further: nobody is signed in, the sign-in is over, or no role is known here.
    `sign_in`: which of their sign-ins this is. `local`: nobody is asked, there is no provider. `kiosk`: a wall screen.
    """

    subject: str = ""
    name: str = ""
    role: str = ""
    sign_in: str = ""
    turned: Turned = ""
    local: bool = False
    kiosk: bool = False

    def may(self, right: Right) -> bool:
        return not self.turned and right in rights_of(self.role)


NOBODY: Final = Person(turned="nobody")
LOCAL: Final = Person(ALONE, role=" ".join(ROLES), local=True)


class Admission:
    """`told`: what the site set. Without a provider everybody is the local user."""

    def __init__(self, told: SignIn) -> None:
        self.told = told
        self.sign_ins = SignIns(timedelta(minutes=told.idle_minutes), timedelta(hours=told.most_hours))

    @property
    def asks(self) -> bool:
        return bool(self.told.provider)

    def of(self, claims: Mapping[str, Any], store: Store, *, now: datetime) -> Person:
        """Raises StoreError where the store cannot be asked: nobody is let in on a guess."""
        if not self.asks:
            return LOCAL
        if not claims.get("sub"):
            return NOBODY
        sign_in, called = sign_in_id(claims), subjects(claims, self.told)
        person = self._known(claims, self._member(claims, store, now), sign_in)
        kiosk = person.role == "viewer" and any(spelt(one) in called for one in self.told.kiosks)
        return self._standing(replace(person, kiosk=kiosk), now)

    def named(self, claims: Mapping[str, Any], store: Store, *, now: datetime) -> tuple[str, str]:
        """
        By what the store names them, and ""; of who is not there the provider's `sub`, which may be a number nobody can
        read, and what they are called. Raises StoreError.
        """
        member = self._member(claims, store, now)
        return (member.subject, "") if member is not None else (str(claims["sub"]), called_by(claims))

    def _member(self, claims: Mapping[str, Any], store: Store, now: datetime) -> Member | None:
        called = subjects(claims, self.told)
        return _first(members(store, as_of=now, subjects=called), called)

    def _standing(self, person: Person, now: datetime) -> Person:
        """A wall screen that nobody touches stays; everybody else's sign-in is over when it was left alone."""
        standing = self.sign_ins.standing(person.sign_in, now)
        over = self.sign_ins.has_ended(person.sign_in) if person.kiosk else standing != "live"
        if not over:
            return person
        return replace(person, role="", kiosk=False, turned="idle" if standing == "idle" else "nobody")

    def _known(self, claims: Mapping[str, Any], member: Member | None, sign_in: str) -> Person:
        """Whom the store names, taken out or not, counts as it says; of others what the site makes of their claims."""
        if member is not None:
            return Person(member.subject, member.name, member.role, sign_in, "" if member.role else "unknown")
        role = role_claimed(claims, self.told)
        return Person(str(claims["sub"]), called_by(claims), role, sign_in, "" if role else "unknown")


def subjects(claims: Mapping[str, Any], told: SignIn) -> list[str]:
    """What somebody may be registered by; an address only when the provider has made sure that it is theirs."""
    if told.claim:
        named = claims.get(told.claim)
        return [spelt(named)] if isinstance(named, str) and named else []
    address = claims.get("email") if claims.get("email_verified") is True else ""
    return [spelt(str(claims["sub"])), *([spelt(str(address))] if address else [])]


def role_claimed(claims: Mapping[str, Any], told: SignIn) -> str:
    """Every role that the site gives for what stands in `role_claim`; "" for none."""
    said = claims.get(told.role_claim) if told.role_claim else None
    words = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    given = {role for word in words for role in told.roles.get(str(word), "").split()}
    return " ".join(role for role in ROLES if role in given)


def called_by(claims: Mapping[str, Any]) -> str:
    return str(claims.get("name") or claims.get("email") or claims.get("preferred_username") or claims.get("sub", ""))


def _first(known: Sequence[Member], called: Sequence[str]) -> Member | None:
    by_subject = {one.subject: one for one in known}
    return next((by_subject[subject] for subject in called if subject in by_subject), None)
