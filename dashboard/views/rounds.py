"""The list of a ward, a sheet a patient, the mark that rounds are done, and all of it on paper."""

from __future__ import annotations

import streamlit as st

from dashboard import reading, rounds_saying, shell
from dashboard.bedside import Ward
from dashboard.components import show_sheet
from dashboard.drawn_once import drawn_once
from dashboard.rounds_list import list_html
from dashboard.rounds_page import chosen, sheet_html
from dashboard.selection import moment_asked, rounds_asked, with_units
from dashboard.views.now import now


def rounds(ward: Ward) -> None:
    zone, catalog = reading.zone(), reading.catalog()
    asked = with_units(rounds_asked(st.query_params), reading.settings().dashboard.units)
    back = moment_asked(st.query_params) is not None
    news = reading.news(ward, now=ward.as_of if back else now(), live=not back)
    if not asked.patient:
        key = ("rounds", asked, id(news), str(zone), catalog.version)
        told, _ = drawn_once(ward, key, lambda: (list_html(ward, news, catalog, asked, zone=zone), news))
        show_sheet(told, key="rounds")
        return rounds_saying.on_paper(ward, asked, clock=now)
    scored = reading.scores(ward, asked.patient, live=not back)
    show_sheet(sheet_html(ward, news, scored, catalog, asked=asked, zone=zone), key="rounds")
    side = chosen(ward, asked)
    if side is not None:
        rounds_saying.done(side, news[side.id], clock=now, back=back)
        rounds_saying.on_paper(ward, asked, clock=now)
    return None


shell.show(rounds, clock=now)
