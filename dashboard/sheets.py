"""
HTML of ours on its way to the browser: sent when it differs from what this page was sent last, else only named.

A browser that does not have what is named (it was cut off meanwhile) says so, and is sent all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import blake2b
from typing import Any, Final

import streamlit as st

from dashboard.markup import HERE, Markup

# One script, which stands in the page itself, see front.py: with every sheet it would be sent again at every refresh.
SCRIPTS: Final = (
    "newness.js", "answering.js", "stepping.js", "board.js", "waking.js", "rows.js", "kept.js", "printing.js",
    "taking.js", "sheet.js",
)  # fmt: skip
SENT: Final = "sheets-sent"


_TOLD: Final = "\n".join((HERE / "static" / name).read_text(encoding="utf-8") for name in SCRIPTS)
_NAME: Final = f"masSheet-{blake2b(_TOLD.encode(), digest_size=8).hexdigest()}"


def script() -> str:
    """What draws the sheets, under a name of its own for every version of it."""
    return f'(() => {{\n"use strict"\n{_TOLD}\nwindow["{_NAME}"] = drawSheet\n}})()'


# A page that is older than its server is loaded anew, and one that is none of ours becomes the ward.
_ENTRY: Final = (HERE / "static" / "entry.js").read_text(encoding="utf-8").replace("masSheet", _NAME)
_sheet = st.components.v2.component("maswatch_sheet", js=_ENTRY, isolate_styles=False)


def begin_anew() -> None:
    """A page that is drawn from its beginning is sent everything."""
    st.session_state[SENT] = {}


def send(markup: Markup, key: str, told: Mapping[str, Any], hears: Mapping[str, Callable[[], None]]) -> None:
    """`told`: what the script is told beside the HTML. `hears`: what is called for each thing the page may say."""
    sent: dict[str, str] = st.session_state.setdefault(SENT, {})
    now = f"{hash(markup):x}"  # kept with the text by Python itself, so that of a shared one it costs nothing
    whole = {} if sent.get(key) == now else {"markup": str(markup)}
    sent[key] = now
    calls: dict[str, Any] = {f"on_{name}_change": call for name, call in hears.items()}
    _sheet(key=key, data={"sheet": key, "is": now, **told, **whole}, on_lost_change=partial(_lost, key), **calls)


def _lost(key: str) -> None:
    st.session_state.get(SENT, {}).pop(key, None)
