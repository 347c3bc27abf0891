"""Who sits in front of the screen: a name asked for once a session, written beside everything that is said."""

from __future__ import annotations

from typing import Final

import streamlit as st

NAME: Final = "who"
LONGEST: Final = 80


def who() -> str:
    """The name given in this session; empty until one is."""
    return str(st.session_state.get(NAME, ""))


def ask_who(*, key: str) -> str:
    """A field for the name, filled in once it is known; whatever view it is given on, all of them know it."""
    field = f"{NAME}-{key}"
    st.text_input("Your name", value=who(), key=field, max_chars=LONGEST, on_change=_keep, args=(field,))
    return who()


def _keep(field: str) -> None:
    """A widget's own state goes with its page, so the name is kept beside it."""
    st.session_state[NAME] = " ".join(str(st.session_state[field]).split())
