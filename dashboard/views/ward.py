"""Who is getting worse, who is due, what changed: every patient in one row, the most worrying first."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import reading, shell
from dashboard.bedside import Ward
from dashboard.changes import milliseconds
from dashboard.components import show_sheet
from dashboard.drawn_once import drawn_again
from dashboard.selection import ward_asked, with_units
from dashboard.views.now import now
from dashboard.wall_sheet import wall_html
from dashboard.ward_table import ward_parts


def board(ward: Ward) -> None:
    asked = with_units(ward_asked(st.query_params), reading.settings().dashboard.units)
    catalog, next_run_at = reading.catalog(), reading.next_run_at(ward.as_of)
    told: Any = {"zone": reading.zone(), "next_run_at": next_run_at}
    key = ("ward", asked, next_run_at, str(reading.zone()), catalog.version)
    if asked.kiosk:
        return show_sheet(drawn_again(ward, key, lambda ward: wall_html(ward, catalog, asked, **told)), key="ward")
    first, rest = drawn_again(ward, key, lambda ward: ward_parts(ward, catalog, asked, **told))
    show_sheet(first, key="ward", looked=milliseconds(ward.as_of))
    return show_sheet(rest, key="ward-rest") if rest else None


shell.show(board, clock=now)
