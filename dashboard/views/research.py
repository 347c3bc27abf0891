"""
Trajectories to take along: choose patients, analytes and days, look at the first rows, download them as tidy CSV. Below
them what rules on trial would have raised.
"""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from dashboard import files, reading, research_choice, research_reading, shell, taking, trial_reading, trial_sheet
from dashboard.bedside import Ward
from dashboard.components import show_labs, show_sheet, show_state
from dashboard.markup import page
from dashboard.offers import Offer
from dashboard.selection import LabsAsked
from dashboard.views.now import now
from dashboard.who import may
from monitoring.errors import ParallelError
from monitoring.people import Right

ASKED = "trial-asked"


def research(ward: Ward) -> None:
    trajectories(ward)
    if ward.sides or ward.earlier:
        trial(ward)


def trajectories(ward: Ward) -> None:
    known = len(ward.sides) + len(ward.earlier)
    if not known:
        told = "The store is open and holds no patient to choose from."
        return show_state("No patients yet", told, "Name a drop folder in maswatch.toml, or take files in now: "
                          "maswatch ingest FILE…", key="empty")  # fmt: skip
    show_sheet(page("research.html", at=ward.as_of, zone=reading.zone(), patients=known), key="research")
    asked = within_cohort(choice(ward), ward)
    if asked is None:
        return show_state("Nobody is left", "The cohort and the patients chosen have nobody in common.", key="nobody")
    labs = research_reading.labs(asked, ward.as_of)
    if labs.empty:
        return show_state("No value matches", "Choose more patients, more analytes, or a longer time.", key="nothing")
    right: Right = "manage" if asked.identified else "research"
    offer = Offer(files.research_table, (asked, ward.as_of), right)
    return show_labs(labs, lambda: taking.button("Download CSV", offer, key="labs-csv", clock=now, wide=True))


def choice(ward: Ward) -> LabsAsked:
    names = research_choice.named(ward, None if may("see") else research_reading.pseudonym_key())
    analytes = research_choice.analytes(reading.catalog())
    first, second, third, fourth = st.columns([3, 3, 1.7, 1.7])
    patients = first.multiselect("Patients", list(names), key="patients", placeholder="All", bind="query-params")
    labels = second.multiselect("Analytes", list(analytes), key="analytes", placeholder="All", bind="query-params")
    start = third.date_input("From", None, key="start", format="YYYY-MM-DD", bind="query-params")
    end = fourth.date_input("To", None, key="end", format="YYYY-MM-DD", bind="query-params")
    codes = [analytes[label] for label in labels]
    words, help_words = "With identifiers and true dates", research_choice.IDENTIFIED
    identified = may("manage") and st.checkbox(words, key="identified", help=help_words)
    chosen = [names[name] for name in patients]
    return research_choice.asked(chosen, codes, start, end, identified=identified, zone=reading.zone())


def within_cohort(asked: LabsAsked, ward: Ward) -> LabsAsked | None:
    """The same for the patients of a saved cohort, its counts shown; None where nobody is left."""
    saved = research_reading.cohorts(ward.as_of)
    if not saved:
        return asked
    called = st.selectbox("Cohort", saved, None, key="cohort", placeholder="All patients", bind="query-params")
    if called is None:
        return asked
    told = research_reading.members(called, ward.as_of)
    st.dataframe(research_choice.counts(told, reading.catalog()), hide_index=True, key="counts")
    return research_choice.within(asked, told)


def trial(ward: Ward) -> None:
    """Counted when it is asked for, and shown until other days are chosen."""
    catalog = reading.catalog()
    with st.expander("Rules on trial", key="trial"):
        if not catalog.shadowed:
            st.markdown(trial_sheet.NONE_TRIED)
            return
        names = ", ".join(sorted(rule.label for rule in catalog.shadowed.values()))
        st.caption(f"Numbers of the site that raise nothing yet: {names}.")
        first, second, _ = st.columns([2, 1, 4], vertical_alignment="bottom")
        span = first.selectbox("Of the", list(trial_sheet.SPANS), key="trial-span")
        second.button("Count", key="trial-count", width="stretch", on_click=ask, args=(span, ward.as_of))
        asked, until = st.session_state.get(ASKED, ("", ward.as_of))
        if asked == span:
            counts(span, until)


def ask(span: str, until: datetime) -> None:
    st.session_state[ASKED] = (span, until)


def counts(span: str, until: datetime) -> None:
    catalog = reading.catalog()
    try:
        told = trial_reading.counted(trial_sheet.SPANS[span], until)
    except ParallelError as error:
        show_state("What is on trial is not counted", str(error), key="uncounted")
    else:
        page = trial_sheet.trial_html(told, catalog, exact=may("see"), at=until, zone=reading.zone())
        show_sheet(page, key="tried")


shell.show(research, clock=now, refreshes=False, needs="research")
