"""Trajectories to take along: choose patients, analytes and days, look at the first rows, download them as tidy CSV."""

from __future__ import annotations

import streamlit as st

from dashboard import reading, research_choice, shell
from dashboard.bedside import Ward
from dashboard.components import show_labs, show_sheet, show_state
from dashboard.markup import page
from dashboard.selection import LabsAsked
from dashboard.views.now import now


def research(ward: Ward) -> None:
    if not ward.sides:
        return show_state("No patients yet", "The store is open and holds no patient to choose from.", key="empty")
    show_sheet(page("research.html", at=ward.as_of, zone=reading.zone(), patients=len(ward.sides)), key="research")
    labs = reading.labs(choice(ward), ward.as_of)
    if labs.empty:
        return show_state("No value matches", "Choose more patients, more analytes, or a longer time.", key="nothing")
    return show_labs(labs)


def choice(ward: Ward) -> LabsAsked:
    names, analytes = research_choice.patients(ward), research_choice.analytes(ward, reading.catalog())
    first, second, third, fourth = st.columns([3, 3, 1.7, 1.7])
    patients = first.multiselect("Patients", names, key="patients", placeholder="All", bind="query-params")
    labels = second.multiselect("Analytes", list(analytes), key="analytes", placeholder="All", bind="query-params")
    start = third.date_input("From", None, key="start", format="YYYY-MM-DD", bind="query-params")
    end = fourth.date_input("To", None, key="end", format="YYYY-MM-DD", bind="query-params")
    codes = [analytes[label] for label in labels]
    identified = st.checkbox("With identifiers and true dates", key="identified", help=research_choice.IDENTIFIED)
    return research_choice.asked(patients, codes, start, end, identified=identified, zone=reading.zone())


shell.show(research, clock=now, refreshes=False)
