"""
Buttons by which something is taken away as a file. What is offered is remembered by the server, the page is told a word
for it, and taking.js asks for the file by that word: see handing_out.py.
"""

from __future__ import annotations

import streamlit as st

from dashboard.components import show_sheet
from dashboard.markup import page
from dashboard.offers import OFFERS, Offer, Offered
from dashboard.shell import Clock
from dashboard.who import person, seen_as


def button(label: str, offer: Offer, *, key: str, clock: Clock, wide: bool = False) -> None:
    """The file is made when it is asked for. `wide`: as wide as its place."""
    kept = f"offered-{key}"
    offered = Offered(offer, person().subject, seen_as())
    word = OFFERS.put(offered, st.session_state.get(kept, ""), now=clock())
    st.session_state[kept] = word
    show_sheet(page("take.html", label=label, word=word, wide=wide), key=key)
