"""Small pieces that views put on the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from functools import partial
from typing import Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard import wording
from dashboard.bedside import Ward
from dashboard.charts import config
from dashboard.markup import Markup, page
from dashboard.patient_sheet import choice_html
from dashboard.sheets import send

AGAIN_SECONDS: Final = 5.0


def show_sheet(
    markup: Markup,
    *,
    key: str,
    beats: str = "",
    quiet_seconds: float = 0,
    said: Callable[[str], None] | None = None,
    looked: int = 0,
    again: float = 0,
) -> None:
    """
    HTML from our own templates, changed in place on every run; its links to our pages are followed without a reload.

    `beats` changes on every refresh; when it has not for `quiet_seconds`, the browser says that nobody is there.
    `said` is called with `key` for everything a person says on the sheet; `st.session_state[key].said` holds it then.
    `looked`: when what is shown was known, in milliseconds since 1970, where the HTML does not say so itself.
    `again`: the page asks for itself anew after so many seconds.
    """
    hears: dict[str, Callable[[], None]] = {"said": partial(said, key)} if said else {}
    if again:
        hears["again"] = _nothing
    told = {"beats": beats, "quiet_seconds": quiet_seconds, "looked": looked, "again": again, "answers": bool(said)}
    send(markup, key, told, hears)


def _nothing() -> None:
    """What a page says when it asks again: that it is drawn anew is all."""


def show_behind(ward: Ward, *, zone: tzinfo) -> None:
    """Where a newer reading is being made: of when this one is, and that the page asks again soon."""
    at = wording.stamp(ward.as_of, zone)
    waits = ward.behind or ward.late
    told = page("behind.html", at=at, newer=ward.behind) if waits else Markup("")
    show_sheet(told, key="behind", again=AGAIN_SECONDS if waits else 0)


def show_state(title: str, *sentences: str, key: str, again: float = 0) -> None:
    """A designed state instead of a view: what is so, what still holds, what to do. `again`: see show_sheet."""
    show_sheet(page("state.html", title=title, sentences=sentences), key=key, again=again)


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


def show_figure(figure: go.Figure, *, alt: str, key: str, picture: str = "") -> None:
    """A plotly figure as it was made: our type and colours, no buttons but its download (`picture`) and first view."""
    st.plotly_chart(figure, theme=None, config=config(picture), key=key, alt=alt)


def show_labs(labs: pd.DataFrame, take: Callable[[], None], *, most: int = 200) -> None:
    """The first rows; `take` draws the button that gives all of them as a file."""
    words = f"{len(labs):,} values" if len(labs) <= most else f"{len(labs):,} values, the first {most} shown"
    st.dataframe(labs.head(most), hide_index=True, height=460, placeholder="")  # "None" would read as a value
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.caption(words)
    with right:
        take()
