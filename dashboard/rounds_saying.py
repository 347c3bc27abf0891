"""What a person does on rounds: marks a patient as seen, adds a note, takes it back, takes the sheets on paper."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import streamlit as st

from dashboard import reading, wording
from dashboard.bedside import Bedside, Ward
from dashboard.files import rounds_on_paper
from dashboard.offers import Offer
from dashboard.paper import PAPERS
from dashboard.rounds_list import here
from dashboard.selection import RoundsAsked
from dashboard.shell import Clock
from dashboard.since_rounds import Since
from dashboard.taking import button
from dashboard.who import ask_who, may, who
from storage.rounds import add_note, mark_done, take_back

LONGEST_NOTE = 2000


def done(side: Bedside, since: Since, *, clock: Clock, back: bool) -> None:
    """The mark, with a note or without; what stands can be taken back. Looking back, nothing is said."""
    if back:
        st.caption("Looking back: rounds are marked on the present only.")
        return
    if not may("act"):
        return
    with st.container(key="rounds-done"):
        name, note, seen, only_note = st.columns([2, 5, 1.4, 1.2], vertical_alignment="bottom")
        with name:
            ask_who(key="rounds")
        field = f"note-{side.id}"
        note.text_input("Note", key=field, max_chars=LONGEST_NOTE, placeholder="optional")
        # the mark stands for what was shown: what came in since then is still new afterwards
        say = partial(_say, side, field, side.as_of)
        seen.button(
            "Rounds done",
            key=f"done-{side.id}",
            type="primary",
            on_click=say,
            args=(True,),
            disabled=not who(),
            width="stretch",
        )
        only_note.button(
            "Note only", key=f"note-only-{side.id}", on_click=say, args=(False,), disabled=not who(), width="stretch"
        )
    _undo(side, since, clock)


def _say(side: Bedside, field: str, at: datetime, seen: bool) -> None:
    note = str(st.session_state.get(field, "")).strip()
    if not may("act"):
        return
    if seen:
        mark_done(reading.store(), side.id, at=at, by=who(), note=note)
    elif note:
        add_note(reading.store(), side.id, at=at, by=who(), note=note)
    st.session_state[field] = ""


def _undo(side: Bedside, since: Since, clock: Clock) -> None:
    """The last mark of this person or another, and the newest note: each can be taken back, by name."""
    zone, newest = reading.zone(), next(iter(since.notes), None)
    ends = {}
    if since.marked:
        ends[f"Take back “done” of {wording.stamp(since.at, zone)}, {since.by}"] = since.at
    if newest is not None and newest["at"] != since.at:
        ends[f"Take back the note of {wording.stamp(newest['at'], zone)}, {newest['by']}"] = newest["at"]
    for words, at in ends.items():
        st.button(words, key=f"undo-{side.id}-{at}", on_click=_take_back, args=(side.id, at, clock), disabled=not who())


def _take_back(patient_id: str, at: datetime, clock: Clock) -> None:
    if may("act"):
        take_back(reading.store(), patient_id, ends=at, at=clock(), by=who())


def on_paper(ward: Ward, asked: RoundsAsked, *, clock: Clock) -> None:
    """Those shown as one PDF, a page a patient; every one made is written down with who asked for it."""
    sides = [side for side in here(ward, asked) if asked.patient in ("", side.id)]
    if not sides:
        return
    with st.container(key="rounds-paper", horizontal=True, vertical_alignment="bottom"):
        size = st.selectbox("Paper", list(PAPERS), key="paper", width=120)
        label = "Sheet as PDF" if asked.patient else f"{len(sides)} sheets as one PDF"
        button(label, Offer(rounds_on_paper, (asked, size)), key="rounds-pdf", clock=clock)
