"""Which flags wait for an answer, for how long, and whose they are; answered here."""

from __future__ import annotations

import streamlit as st

from dashboard import clicks, reading, shell
from dashboard.bedside import Ward
from dashboard.changes import milliseconds
from dashboard.components import show_sheet
from dashboard.drawn_once import drawn_once
from dashboard.inbox_sheet import inbox_html
from dashboard.selection import inbox_asked
from dashboard.views.now import now


def inbox(ward: Ward) -> None:
    reader, asked, owed = clicks.reader(now), inbox_asked(st.query_params), reading.escalations()
    catalog, zone = reading.catalog(), reading.zone()
    key = ("inbox", asked, repr(reader), repr(owed), str(zone), catalog.version)
    told = drawn_once(ward, key, lambda: inbox_html(ward, catalog, asked, reader, zone=zone, escalation=owed))
    show_sheet(told, key="inbox", said=clicks.hearing(now), looked=milliseconds(ward.as_of))


shell.show(inbox, clock=now)
