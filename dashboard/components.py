"""Small pieces that views put on the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard.bedside import Ward
from dashboard.charts import CONFIG
from dashboard.markup import HERE, Markup, page
from dashboard.patient_sheet import choice_html

# One module; the last has its default export.
SCRIPTS = ("newness.js", "answering.js", "stepping.js", "board.js", "waking.js", "rows.js", "sheet.js")

_sheet = st.components.v2.component(
    "maswatch_sheet",
    js="\n".join((HERE / "static" / name).read_text(encoding="utf-8") for name in SCRIPTS),
    isolate_styles=False,
)


def show_sheet(
    markup: Markup, *, key: str, beats: str = "", quiet_seconds: float = 0, said: Callable[[str], None] | None = None
) -> None:
    """
    HTML from our own templates, changed in place on every run; its links to our pages are followed without a reload.

    `beats` changes on every refresh; when it has not for `quiet_seconds`, the browser says that nobody is there.
    `said` is called with `key` for everything a person says on the sheet; `st.session_state[key].said` holds it then.
    """
    hears: dict[str, Any] = {"on_said_change": partial(said, key)} if said else {}
    _sheet(key=key, data={"markup": str(markup), "beats": beats, "quiet_seconds": quiet_seconds}, **hears)


def show_state(title: str, *sentences: str, key: str) -> None:
    """A designed state instead of a view: what is so, what still holds, what to do."""
    show_sheet(page("state.html", title=title, sentences=sentences), key=key)


def show_choice(ward: Ward) -> None:
    """Everybody, to choose one from."""
    show_sheet(choice_html(ward), key="choice")


def show_unknown(patient_id: str) -> None:
    show_state(
        f"No patient “{patient_id}” is known here",
        "The link may be older than the store, or the patient was taken in under another identifier.",
        "Open the ward to see everybody who is known.",
        key="unknown",
    )


def show_figure(figure: go.Figure, *, alt: str, key: str) -> None:
    """A plotly figure as it was made: our type and colours, no buttons but its download and first view."""
    st.plotly_chart(figure, theme=None, config=CONFIG, key=key, alt=alt)


def show_labs(labs: pd.DataFrame, take: Callable[[], None], *, most: int = 200) -> None:
    """The first rows; `take` draws the button that gives all of them as a file."""
    words = f"{len(labs):,} values" if len(labs) <= most else f"{len(labs):,} values, the first {most} shown"
    st.dataframe(labs.head(most), hide_index=True, height=460)
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.caption(words)
    with right:
        take()
