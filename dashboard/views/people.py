"""Who may do what here, and who saw or took away which patient."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from dashboard import files, people_clicks, people_sheet, reading, shell, taking, who
from dashboard.bedside import Ward
from dashboard.components import show_sheet
from dashboard.offers import Offer
from dashboard.views.now import now
from monitoring.people import ROLES, Member, members
from monitoring.seeing import SeenAsked, seen


def people(ward: Ward) -> None:
    at, zone = now(), reading.zone()
    known = members(reading.store(), as_of=at)
    local = who.person().local
    show_sheet(people_sheet.people_html(known, local=local, said=people_clicks.told(at), zone=zone), key="people")
    add(by_needed=local)
    amend([one for one in known if one.role])
    accesses(at)


def add(*, by_needed: bool) -> None:
    with st.container(key="people-add"):
        if by_needed:
            with st.container(width=320):
                who.ask_who(key="people")
        name, subject, roles, does = st.columns([2.4, 2.8, 2.4, 1], vertical_alignment="bottom")
        name.text_input("Name", key="person-name", max_chars=who.LONGEST)
        subject.text_input("E-mail address or subject at the provider", key="person-subject", max_chars=200)
        roles.multiselect("Roles", list(ROLES), key="person-roles", placeholder="What they may do")
        does.button("Add", key="person-add", on_click=people_clicks.add_now, width="stretch")


def amend(known: list[Member]) -> None:
    if not known:
        return
    titles = {f"{one.name} ({one.subject})": one.subject for one in known}
    with st.container(key="people-amend"):
        whom, roles, change, remove = st.columns([3.4, 2.8, 1.2, 1.2], vertical_alignment="bottom")
        title = whom.selectbox("Change", list(titles), None, key="amend-whom", placeholder="Choose somebody")
        subject = titles.get(title or "", "")
        roles.multiselect("New roles", list(ROLES), key="amend-roles", placeholder="Instead of those they have")
        change.button(
            "Change roles",
            key="amend-change",
            disabled=not subject,
            on_click=people_clicks.change_now,
            args=(subject,),
            width="stretch",
        )
        remove.button(
            "Take out",
            key="amend-remove",
            disabled=not subject,
            on_click=people_clicks.remove_now,
            args=(subject,),
            width="stretch",
        )


def accesses(at: datetime) -> None:
    st.html('<div class="mas"><h2 class="part">Who saw or took away what</h2></div>')
    with st.container(key="access"):
        first, second, third = st.columns([2.4, 2.4, 1.4], vertical_alignment="bottom")
        patient = first.text_input("Patient", key="access-patient", placeholder="identifier; all of them")
        person = second.text_input("Person", key="access-person", placeholder="name or address; everybody")
        days = third.selectbox("Since", list(people_sheet.SINCE), key="access-since")
    asked = SeenAsked(patient.strip(), person.strip(), people_sheet.since(days, at))
    rows = seen(reading.store(), asked, now=at, most=people_sheet.MOST)
    show_sheet(people_sheet.access_html(rows, zone=reading.zone()), key="accesses")
    taking.button("All of it as CSV", Offer(files.access_log, (asked,), "manage"), key="access-csv", clock=now)


shell.show(people, clock=now, refreshes=False, needs="manage")
