"""The way between the views, and nothing of substance. What somebody's role does not show is not offered either."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from dashboard import who
from dashboard.signed_out import show_signed_out
from monitoring.people import RIGHTS, Right
from storage.errors import StoreError

st.set_page_config(page_title="maswatch", layout="wide")


def offered(right: Right) -> Literal["visible", "hidden"]:
    return "visible" if right in rights else "hidden"


try:
    person = who.person()
    rights = {right for right in RIGHTS["admin"] if person.may(right)}
except StoreError:  # every view says so in its own place
    rights = set(RIGHTS["admin"])
else:
    if person.turned:
        show_signed_out(person)
        st.stop()
ward = st.Page("views/ward.py", title="Ward", default=True, visibility=offered("see"))
research = st.Page("views/research.py", title="Research", url_path="research", visibility=offered("research"))
views = [
    ward,
    st.Page("views/inbox.py", title="Inbox", url_path="inbox", visibility=offered("see")),
    st.Page("views/patient.py", title="Patient", url_path="patient", visibility=offered("see")),
    st.Page("views/rounds.py", title="Rounds", url_path="rounds", visibility=offered("see")),
    st.Page("views/feed.py", title="Feed", url_path="feed", visibility=offered("see")),
    research,
    st.Page("views/people.py", title="People", url_path="people", visibility=offered("manage")),
]
chosen = st.navigation(views, position="top")
if chosen is ward and "see" not in rights and "research" in rights:  # begins with what is theirs
    st.switch_page(research)
chosen.run()
