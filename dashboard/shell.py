"""What stands around every view: the strip with the feed's freshness, banners, and a calm word when a view fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

import streamlit as st

from dashboard import reading
from dashboard.bedside import Ward
from dashboard.components import show_sheet, show_state, show_style
from dashboard.feed import strip
from dashboard.selection import moment_asked
from monitoring.errors import MaswatchError
from monitoring.logs import without_values
from storage.errors import StoreError

REFRESH_SECONDS = 30
QUIET_TIMES: Final = 1.75  # under a minute without an answer, and the page says so
Clock = Callable[[], datetime]
Draw = Callable[[Ward], None]
log = logging.getLogger(__name__)


def show(draw: Draw, *, clock: Clock, refreshes: bool = True) -> None:
    """One view: style, strip, banners, then `draw` with the ward asked for; while that is now, it refreshes itself."""
    show_style()
    every = REFRESH_SECONDS if refreshes and moment_asked(st.query_params) is None else None
    st.fragment(_around, run_every=REFRESH_SECONDS)(clock)
    st.fragment(_inside, run_every=every)(draw, clock)


def say_failed(error: Exception) -> bool:
    """For anything no view caught: what happened in words, and True so that nothing else is shown."""
    log.error("a view failed:\n%s", without_values(error))
    show_style()
    _say(error, key="failed")
    return True


def _around(clock: Clock) -> None:
    now = clock()
    feed, asked = reading.feed(now), moment_asked(st.query_params)
    told = strip(feed, zone=reading.zone(), now=now, as_of=asked)
    show_sheet(told, key="strip", beats=now.isoformat(), quiet_seconds=QUIET_TIMES * REFRESH_SECONDS)


def _inside(draw: Draw, clock: Clock) -> None:
    try:
        draw(reading.ward(moment_asked(st.query_params), now=clock()))
    except Exception as error:  # whatever it is, a reader is told calmly and no value reaches the log
        log.error("a view failed:\n%s", without_values(error))
        _say(error, key="failed")


def _say(error: Exception, *, key: str) -> None:
    if isinstance(error, StoreError):
        show_state(
            "The store cannot be read",
            str(error),
            "Nothing that was taken in is lost. This page tries again by itself.",
            key=key,
        )
    elif isinstance(error, MaswatchError):
        show_state("This cannot be shown", str(error), key=key)
    else:
        show_state(
            "This part could not be drawn",
            "The fault has been written to the log. What was taken in is safe, the 12-hour job is not touched by it, "
            "and the other pages still hold.",
            "Until it is mended, read the values in the laboratory system.",
            key=key,
        )
