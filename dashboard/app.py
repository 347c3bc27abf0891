"""The way between the views, and nothing of substance."""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="maswatch", page_icon="◒", layout="wide")
views = [
    st.Page("views/ward.py", title="Ward", default=True),
    st.Page("views/inbox.py", title="Inbox", url_path="inbox"),
    st.Page("views/patient.py", title="Patient", url_path="patient"),
    st.Page("views/rounds.py", title="Rounds", url_path="rounds"),
    st.Page("views/feed.py", title="Feed", url_path="feed"),
    st.Page("views/research.py", title="Research", url_path="research"),
]
st.navigation(views, position="top").run()
