"""Who is getting worse, who is due, what changed: every patient in one row, the most worrying first."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import reading, shell
from dashboard.bedside import Ward
from dashboard.components import show_sheet
from dashboard.selection import ward_asked
from dashboard.views.now import now
from dashboard.wall_sheet import wall_html
from dashboard.ward_table import ward_parts


def board(ward: Ward) -> None:
    asked, next_run_at = ward_asked(st.query_params), reading.next_run_at(ward.as_of)
    told: Any = {"zone": reading.zone(), "next_run_at": next_run_at}
    if asked.kiosk:
        return show_sheet(wall_html(ward, reading.catalog(), asked, **told), key="ward")
    first, rest = ward_parts(ward, reading.catalog(), asked, **told)
    show_sheet(first, key="ward")
    return show_sheet(rest, key="ward-rest") if rest else None


shell.show(board, clock=now)
