"""Which flags wait for an answer, for how long, and whose they are; answered here."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import clicks, page_reading, reading, shell
from dashboard.bedside import Ward
from dashboard.changes import milliseconds
from dashboard.components import show_sheet
from dashboard.drawn_once import drawn_again
from dashboard.inbox_sheet import inbox_html
from dashboard.selection import inbox_asked
from dashboard.views.now import now


def inbox(ward: Ward) -> None:
    reader, asked, owed = clicks.reader(now), inbox_asked(st.query_params), page_reading.escalations()
    catalog, zone = reading.catalog(), reading.zone()
    key = ("inbox", asked, repr(reader), repr(owed), str(zone), catalog.version)
    draw = partial(inbox_html, catalog=catalog, asked=asked, reader=reader, zone=zone, escalation=owed)
    told = drawn_again(ward, key, draw)
    show_sheet(told, key="inbox", said=clicks.hearing(now), looked=milliseconds(ward.as_of))


shell.show(inbox, clock=now)
