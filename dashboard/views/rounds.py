"""A sheet for a person who will be asked questions: how each patient stands at 24, 48 and 72 h. Prints as it stands."""

from __future__ import annotations

import streamlit as st

from dashboard import reading, shell
from dashboard.bedside import Ward
from dashboard.components import show_sheet
from dashboard.rounds_sheet import rounds_html
from dashboard.selection import rounds_asked
from dashboard.views.now import now


def rounds(ward: Ward) -> None:
    show_sheet(rounds_html(ward, reading.catalog(), rounds_asked(st.query_params), zone=reading.zone()), key="rounds")


shell.show(rounds, clock=now)
