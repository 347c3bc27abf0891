"""
Who sits in front of the screen, and what they may do: whoever the provider names, known to the store; else, where no
sign-in is set up, the local user of this machine, whose name is asked for once a session.

Told anew on every run and at every click: a role that was taken away is gone with the next of either.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import streamlit as st

from dashboard import reading
from dashboard.admission import ALONE, LOCAL, Admission, Person
from dashboard.views.now import now
from monitoring.answering import in_words
from monitoring.errors import AnswerRefused
from monitoring.people import MAY, Right

NAME: Final = "who"
LOOKED: Final = "looked-at"
ONE_LOOK: Final = timedelta(milliseconds=250)  # a run asks a dozen times; the next run looks again
LONGEST: Final = 80
NO_NAME: Final = "Nothing was kept: say who you are first."
SIGNED_OUT: Final = "Nothing was kept: you are signed out."
_gate: dict[str, Admission] = {}


def use(admission: Admission) -> None:
    """What this process lets people in by; without it, everybody is the local user."""
    _gate["admission"] = admission


def person() -> Person:
    """Whoever is in front of this session now. Raises StoreError where the store cannot say."""
    admission = _gate.get("admission")
    if admission is None or not admission.asks:
        return LOCAL
    at = now()
    looked_at, known = st.session_state.get(LOOKED, (at - 2 * ONE_LOOK, LOCAL))
    if not timedelta() <= at - looked_at < ONE_LOOK:
        known = admission.of(_claims(), reading.store(), now=at)
        st.session_state[LOOKED] = (at, known)
    return known


def may(right: Right) -> bool:
    return person().may(right)


def must(right: Right) -> Person:
    """For what is done, in whatever way it was asked for. Raises AnswerRefused with why not."""
    asker = person()
    if not asker.may(right):
        why = SIGNED_OUT if asker.turned else f"Nothing was kept: your role does not let you {MAY[right]}."
        raise AnswerRefused(why)
    return asker


def who() -> str:
    """By what name somebody acts; empty until a local user has given one."""
    known = person()
    return str(st.session_state.get(NAME, "")) if known.local else known.name


def seen_as() -> str:
    """What stands in the access log: the subject of who signed in, else the name given, else the local user."""
    known = person()
    return (who() or ALONE) if known.local else known.subject


def ask_who(*, key: str) -> str:
    """A field for the name, filled in once it is known; whoever signed in is shown theirs and cannot change it."""
    field, known = f"{NAME}-{key}", person()
    if not known.local:
        st.text_input("Signed in as", value=known.name, key=f"{field}-signed-in", disabled=True)
        return known.name
    st.text_input("Your name", value=who(), key=field, max_chars=LONGEST, on_change=_keep, args=(field,))
    return who()


def act_as(typed: str) -> str:
    """
    The name that counts: of who signed in, whatever was typed; of a local user the one known, else this one, remembered
    from now on. Raises AnswerRefused without any, and for somebody who may not act.
    """
    actor = must("act")
    if not actor.local:
        return actor.name
    known = who() or in_words(typed, NO_NAME)[:LONGEST]
    st.session_state[NAME] = known
    return known


def forget() -> None:
    """A local user acts under another name from now on."""
    st.session_state.pop(NAME, None)


def _claims() -> dict[str, Any]:
    return dict(st.user.to_dict())


def _keep(field: str) -> None:
    """A widget's own state goes with its page, so the name is kept beside it."""
    st.session_state[NAME] = " ".join(str(st.session_state[field]).split())
