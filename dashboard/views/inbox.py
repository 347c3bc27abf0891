"""Which flags wait for an answer, for how long, and whose they are; answered here."""

from __future__ import annotations

import streamlit as st

from dashboard import clicks, reading, shell
from dashboard.bedside import Ward
from dashboard.components import show_sheet
from dashboard.inbox_sheet import inbox_html
from dashboard.selection import inbox_asked
from dashboard.views.now import now


def inbox(ward: Ward) -> None:
    reader, asked = clicks.reader(now), inbox_asked(st.query_params)
    told = inbox_html(ward, reading.catalog(), asked, reader, zone=reading.zone(), escalation=reading.escalations())
    show_sheet(told, key="inbox", said=clicks.hearing(now))


shell.show(inbox, clock=now)
