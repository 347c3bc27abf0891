"""Who is getting worse, who is due, what changed: every patient in one row, the most worrying first."""

from __future__ import annotations

import streamlit as st

from dashboard import reading, shell
from dashboard.bedside import Ward
from dashboard.components import show_sheet
from dashboard.selection import ward_asked
from dashboard.views.now import now
from dashboard.wall_sheet import wall_html
from dashboard.ward_table import ward_html


def board(ward: Ward) -> None:
    asked, next_run_at = ward_asked(st.query_params), reading.next_run_at(ward.as_of)
    drawn = wall_html if asked.kiosk else ward_html
    show_sheet(drawn(ward, reading.catalog(), asked, zone=reading.zone(), next_run_at=next_run_at), key="ward")


shell.show(board, clock=now)
