"""Small pieces that views put on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard.charts import CONFIG
from dashboard.markup import HERE, STYLE, Markup, page
from dashboard.patient_sheet import choice_html

VIEWS: Final[Mapping[str, str]] = {
    "/": "views/ward.py", "/patient": "views/patient.py", "/rounds": "views/rounds.py", "/research": "views/research.py",
}  # fmt: skip
_sheet = st.components.v2.component(
    "maswatch_sheet", js=(HERE / "static" / "sheet.js").read_text(encoding="utf-8"), isolate_styles=False
)


def show_style() -> None:
    """The style sheet, once a page."""
    st.html(STYLE)


def show_sheet(markup: Markup, *, key: str, beats: str = "") -> None:
    """
    HTML from our own templates, changed in place on every run; its links to our pages are followed without a reload.

    `beats`: what changes on every refresh, so that the browser can tell a quiet ward from a dead connection.
    """
    followed = _sheet(key=key, data={"markup": str(markup), "beats": beats}, on_followed_change=_nothing).followed
    if followed:
        follow(followed)


def show_state(title: str, *sentences: str, key: str) -> None:
    """A designed state instead of a view: what is so, what still holds, what to do."""
    show_sheet(page("state.html", title=title, sentences=sentences), key=key)


def show_choice(patients: pd.DataFrame) -> None:
    """Everybody, to choose one from."""
    show_sheet(choice_html(patients), key="choice")


def show_unknown(patient_id: str) -> None:
    show_state(
        f"No patient “{patient_id}” is known here",
        "The link may be older than the store, or the patient was taken in under another identifier.",
        "Open the ward to see everybody who is known.",
        key="unknown",
    )


def show_figure(figure: go.Figure, *, alt: str, key: str) -> None:
    """A plotly figure as it was made: our type and colours, no buttons but the picture's download."""
    st.plotly_chart(figure, theme=None, config=CONFIG, key=key, alt=alt)


def follow(address: str) -> None:
    """Go to one of our own addresses: another view, or other things asked of this one."""
    told = urlsplit(address)
    if told.path in VIEWS:
        st.switch_page(VIEWS[told.path], query_params=dict(parse_qsl(told.query)))


def _nothing() -> Any:
    """A trigger needs a callback; what follows is done in the run itself."""
