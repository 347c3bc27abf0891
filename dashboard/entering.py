"""What a person saw at the bedside, written down under the figure and taken back there: by a click, and by name."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import page_reading, reading, wording
from dashboard.bedside import Bedside
from dashboard.shell import Clock
from dashboard.who import ask_who, may, must, who
from monitoring import bedside_entry
from monitoring.bedside_entry import Entry
from monitoring.logs import without_values
from monitoring.sentences import sentence
from monitoring.terms import Catalog

SAID: Final = "entered"
NUMBERS: Final = {"temperature_c": "°C", "weight": "kg"}
MOST: Final = 6
UNFORESEEN: Final = "Nothing was kept: something went wrong that nobody foresaw; the log says where."
log = logging.getLogger(__name__)


def enter(side: Bedside, *, clock: Clock, back: bool) -> None:
    """The form and what stands of what was entered. Looking back, nothing is said."""
    if back or not may("act"):
        return
    catalog, key = reading.catalog(), side.id
    with st.container(key="entering"):
        st.html("<h2>Seen at the bedside</h2>")
        name, what, value, at, add = st.columns([2, 2.4, 2, 2.4, 1.4], vertical_alignment="bottom")
        with name:
            ask_who(key="entering")
        words = labels(catalog)
        seen = what.selectbox("Finding", list(words), key=f"what-{key}", format_func=lambda code: words[code])
        with value:
            _ask_value(seen, key)
        at.text_input("Seen at (ward time)", key=f"at-{key}", placeholder="now or 14:05")
        add.button("Add", key=f"add-{key}", on_click=_add, args=(key, clock), disabled=not who(), width="stretch")
        _told()
        _standing(side, catalog, clock)


def labels(catalog: Catalog) -> dict[str, str]:
    """What can be entered: first what is measured, then the findings in the order of the catalog."""
    measured: dict[str, str] = {
        "temperature_c": catalog.findings["temperature_c"],
        "weight": catalog.analytes["weight"].label,
    }
    return {**measured, **catalog.findings}


def _ask_value(what: str, patient: str) -> None:
    """Nothing is chosen beforehand: what nobody said is not known."""
    key = f"value-{patient}-{what}"
    if what in NUMBERS:
        st.text_input(f"Value ({NUMBERS[what]})", key=key)
    else:
        st.segmented_control("Value", ["yes", "no"], key=key)


def _place(clock: Clock) -> bedside_entry.Bedside:
    return bedside_entry.Bedside(reading.store(), reading.catalog(), reading.zone(), clock())


def _add(patient: str, clock: Clock) -> None:
    what = str(st.session_state[f"what-{patient}"])
    value, at = (f"{name}-{patient}{end}" for name, end in (("value", f"-{what}"), ("at", "")))
    if _done(lambda: _enter(patient, what, str(st.session_state.get(value) or ""), clock)):
        st.session_state.pop(value, None)
        st.session_state[at] = ""


def _enter(patient: str, what: str, value: str, clock: Clock) -> str:
    place = _place(clock)
    at = bedside_entry.when(str(st.session_state.get(f"at-{patient}", "")), place)
    bedside_entry.enter(place, Entry(patient, what, value, at), by=who())
    return f"Entered: {labels(place.catalog)[what]}"


def _take_back(patient: str, source_id: str, clock: Clock) -> None:
    def taken_back() -> str:
        bedside_entry.take_back(_place(clock), patient, source_id, by=who())
        return "Taken back; it no longer counts."

    _done(taken_back)


def _done(does: Any) -> bool:
    """Whether it was; what came of it is said either way, and no value reaches the log."""
    try:
        must("act")
        st.session_state[SAID] = (does(), "success")
    except Exception as error:
        said = sentence(error)
        if not said:
            log.error("an entry could not be kept:\n%s", without_values(error))
        st.session_state[SAID] = (said or UNFORESEEN, "warning")
        return False
    return True


def _told() -> None:
    """What came of the last click, once."""
    words, kind = st.session_state.pop(SAID, ("", ""))
    if words:
        (st.success if kind == "success" else st.warning)(words)


def _standing(side: Bedside, catalog: Catalog, clock: Clock) -> None:
    for row in page_reading.entered(side.id, now=clock()).head(MOST).to_dict("records"):
        words, undo = st.columns([8.8, 1.4], vertical_alignment="center")
        words.text(entered_words(row, catalog, side.as_of))
        args = (side.id, row["source_id"], clock)
        undo.button(
            "Take back",
            key=f"undo-{row['source_id']}",
            on_click=_take_back,
            args=args,
            disabled=not who(),
            width="stretch",
        )


def entered_words(row: Any, catalog: Catalog, as_of: datetime) -> str:
    """Splenomegaly: yes · Sat 21 Nov 14:05 CET · by A. Who."""
    unit = NUMBERS.get(row["what"], "")
    value = wording.joined(str(row["value"]), unit, by=" ")
    seen = wording.stamp(pd.Timestamp(row["at"]), reading.zone())
    return wording.joined(f"{labels(catalog)[row['what']]}: {value}", seen, f"entered by {row['by']}")
