"""What is seen of a patient, taken away as a file; who took it is written down."""

from __future__ import annotations

import streamlit as st

from dashboard import reading
from dashboard.bedside import Bedside
from dashboard.labs_seen import as_csv, file_name, labs_seen
from dashboard.selection import PatientAsked
from dashboard.shell import Clock
from dashboard.who import who
from storage.writes import record_access


def labs(side: Bedside, asked: PatientAsked, *, clock: Clock) -> None:
    """The values that the figure shows; the figure itself is saved by its own button."""
    st.download_button(
        "Values shown as CSV",
        lambda: _made(side, asked, clock),
        file_name(side, reading.zone()),
        "text/csv",
        on_click="ignore",
        key="labs-seen",
    )


def _made(side: Bedside, asked: PatientAsked, clock: Clock) -> str:
    record_access(reading.store(), clock(), who() or "local user", "values shown", [side.id])
    return as_csv(labs_seen(side, reading.catalog(), zone=reading.zone(), asked=asked))
