"""What an admin does on the people view: lets somebody in, gives other roles, takes somebody out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import streamlit as st

from dashboard import reading
from dashboard.views.now import now
from dashboard.who import must, who
from monitoring import people
from monitoring.errors import MaswatchError
from monitoring.people import Member
from storage.errors import StoreError

SAID: Final = "people-said"
SHOWN_FOR: Final = timedelta(minutes=1)
FIELDS: Final = ("person-name", "person-subject")


def told(at: datetime) -> tuple[str, str]:
    """(tone, sentence) of what came of the last click, for a minute; empty where there was none."""
    tone, sentence, said_at = st.session_state.get(SAID, ("", "", at))
    return (tone, sentence) if at - said_at < SHOWN_FOR else ("", "")


def add_now() -> None:
    name, subject = (str(st.session_state.get(field, "")) for field in FIELDS)
    roles = " ".join(st.session_state.get("person-roles", []))
    added = partial(people.add, name=name, role=roles)
    if _do("{name} may come in as {role}.", added, subject):
        st.session_state.update({"person-name": "", "person-subject": "", "person-roles": []})


def change_now(subject: str) -> None:
    roles = " ".join(st.session_state.get("amend-roles", []))
    if not roles:
        st.session_state[SAID] = ("watch", "Choose the roles they are to have, or take them out.", now())
    elif _do("{name} is {role} from now on.", partial(people.change, role=roles), subject):
        st.session_state["amend-roles"] = []


def remove_now(subject: str) -> None:
    _do("{name} is let in no longer; what they did stays.", people.remove, subject)


def _do(words: str, act: Callable[..., Member], subject: str) -> bool:
    """Whether it was; a refusal is told in its own sentence."""
    try:
        must("manage")
        member = act(reading.store(), subject, by=who(), now=now())
        st.session_state[SAID] = ("good", words.format(name=member.name, role=member.role.replace(" ", ", ")), now())
    except (MaswatchError, StoreError) as error:
        st.session_state[SAID] = ("watch", str(error), now())
        return False
    return True
