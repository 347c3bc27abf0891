"""Who is getting worse, who is due, what changed: every patient in one row, the most worrying first."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from dashboard import reading, shell
from dashboard.components import show_sheet
from dashboard.selection import ward_asked
from dashboard.views.now import now
from dashboard.ward_table import ward_html


def ward(as_of: datetime) -> None:
    state = reading.ward(as_of)
    asked = ward_asked(st.query_params)
    next_run_at = reading.feed(as_of).next_run_at
    show_sheet(ward_html(state, reading.catalog(), asked, zone=reading.zone(), next_run_at=next_run_at), key="ward")


shell.show(ward, clock=now)
