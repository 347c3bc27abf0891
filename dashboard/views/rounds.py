"""A sheet for a person who will be asked questions: how each patient stands at 24, 48 and 72 h. Prints as it stands."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from dashboard import reading, shell
from dashboard.components import show_sheet
from dashboard.rounds_sheet import rounds_html
from dashboard.selection import rounds_asked
from dashboard.views.now import now


def rounds(as_of: datetime) -> None:
    asked = rounds_asked(st.query_params)
    state = reading.ward(as_of)
    show_sheet(rounds_html(state, reading.catalog(), asked, zone=reading.zone()), key="rounds")


shell.show(rounds, clock=now)
