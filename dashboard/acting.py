"""Who acts on a sheet: the name that the session knows, else the one typed with the first action."""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboard.who import LONGEST, NAME, who
from monitoring.answering import in_words

NO_NAME: Final = "Nothing was kept: say who you are first."


def act_as(name: str) -> str:
    """The name that counts: the one known, else this one, remembered from now on. Raises AnswerRefused without any."""
    known = who() or in_words(name, NO_NAME)[:LONGEST]
    st.session_state[NAME] = known
    return known


def forget() -> None:
    st.session_state.pop(NAME, None)
