"""What somebody opened, for the access log: once for each time it is opened, not for every time it refreshes itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import streamlit as st

from dashboard.access_log import note
from dashboard.who import seen_as

EVERYBODY: Final = "*"


def opened(page: str, *, patient: str, find: str, now: datetime) -> None:
    """A page, of one patient or of everybody, and what was searched for on it."""
    if _anew("page", (page, patient)):
        note(now, seen_as(), page, [patient or EVERYBODY])
    if _anew("search", (page, find)) and find:
        note(now, seen_as(), "searched", [find])


def shown(what: str, *, which: str, now: datetime, patients: Sequence[str] = (EVERYBODY,)) -> None:
    """Something that is shown when it is asked for; `which` tells one from another."""
    if _anew(what, which):
        note(now, seen_as(), what, patients)


def _anew(kind: str, told: object) -> bool:
    before = st.session_state.get(f"seen-{kind}")
    st.session_state[f"seen-{kind}"] = told
    return bool(before != told)
