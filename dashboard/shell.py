"""
What stands around every view: who may see it, the strip with the feed's freshness, banners, a calm word when it fails.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from random import uniform
from typing import Final

import streamlit as st

from dashboard import reading, who
from dashboard.admission import Person
from dashboard.asked_once import one_run
from dashboard.bedside import Ward
from dashboard.components import AGAIN_SECONDS, show_behind, show_sheet, show_state
from dashboard.door_pages import NOBODY_NAMED
from dashboard.feed import strip
from dashboard.keeping import BeingReadError
from dashboard.markup import page
from dashboard.page_time import failed, timed
from dashboard.seen import opened
from dashboard.selection import asked_patient, moment_asked
from dashboard.sheets import begin_anew
from monitoring.errors import MaswatchError
from monitoring.logs import without_values
from monitoring.people import MAY, Right
from storage.errors import StoreError

REFRESH_SECONDS = 30
RHYTHM: Final = "rhythm"
QUICKEST: Final = 0.9
ELSEWHERE: Final = "Until {}, read the values in the laboratory system."
QUIET_TIMES = 1.75  # under a minute without an answer, and the page says so
Clock = Callable[[], datetime]
Draw = Callable[[Ward], None]
PAGES: Final[Mapping[str, str]] = {"board": "ward"}
WAYS: Final[Mapping[Right, tuple[str, str]]] = {
    "see": ("/", "Open the ward"),
    "research": ("/research", "Open Research"),
}
log = logging.getLogger(__name__)


def show(draw: Draw, *, clock: Clock, refreshes: bool = True, needs: Right = "see") -> None:
    """
    One view: strip, banners, then `draw` with the ward asked for; while that is now, it refreshes itself.
    `needs`: what whoever looks must be allowed, asked anew on every run.
    """
    begin_anew()
    rhythm = _rhythm()
    every = rhythm if refreshes and moment_asked(st.query_params) is None else None
    st.fragment(_around, run_every=rhythm)(clock)
    st.fragment(timed(_name(draw), _inside), run_every=every)(draw, clock, needs)


def _rhythm() -> float:
    """Seconds between refreshes, each page its own: after a restart all come back at once, and would stay in step."""
    return REFRESH_SECONDS * float(st.session_state.setdefault(RHYTHM, uniform(QUICKEST, 1)))


def say_failed(error: Exception) -> bool:
    """For anything no view caught: what happened in words, and True so that nothing else is shown."""
    _log(error)
    _say(error, key="failed")
    return True


def _around(clock: Clock) -> None:
    now, person = clock(), _let_in()
    feed, asked = reading.feed_shared(now), moment_asked(st.query_params)
    told = strip(feed, zone=reading.zone(), now=now, as_of=asked, person=person)
    show_sheet(told, key="strip", beats=now.isoformat(), quiet_seconds=QUIET_TIMES * REFRESH_SECONDS)


def _let_in() -> Person | None:
    """Whoever looks; None where the store cannot say. For who is signed out the whole page is drawn anew, empty."""
    try:
        person = who.person()
    except StoreError:
        return None
    if person.turned:
        st.rerun(scope="app")
    return person


def _inside(draw: Draw, clock: Clock, needs: Right) -> None:
    _let_in()
    try:
        with one_run():
            _shown(draw, clock, needs)
    except BeingReadError:
        _say_being_read()
    except Exception as error:  # whatever it is, a reader is told calmly and no value reaches the log
        failed(_name(draw))
        _log(error)
        _say(error, key="failed")


def _shown(draw: Draw, clock: Clock, needs: Right) -> None:
    person = who.person()
    if not person.may(needs):
        return _say_not_theirs(person, needs)
    ward = reading.ward(moment_asked(st.query_params), now=clock(), waits=False)
    find = " ".join(st.query_params.get("find", "").split())
    opened(_name(draw), patient=asked_patient(st.query_params), find=find, now=clock())
    show_behind(ward, zone=reading.zone())
    return draw(ward)


def _log(error: Exception) -> None:
    """Where in the code it was; of a store that cannot be read, which is no fault of ours, a line for every page."""
    if isinstance(error, StoreError):
        log.error("a view could not be drawn: %s", type(error).__name__)
    else:
        log.error("a view failed:\n%s", without_values(error))


def _name(draw: Draw) -> str:
    return PAGES.get(draw.__name__, draw.__name__)


def _say_not_theirs(person: Person, needs: Right) -> None:
    contact = reading.settings().sign_in.contact or NOBODY_NAMED
    to = next((way for right, way in WAYS.items() if person.may(right)), None)
    told = page("not_theirs.html", person=person, needed=MAY[needs], contact=contact, to=to)
    show_sheet(told, key="not-theirs")


def _say_being_read() -> None:
    show_state(
        "The ward is being read",
        "With very many patients this takes a minute or two after a start. It is shown here as soon as it is there: "
        "nothing has to be loaded anew.",
        ELSEWHERE.format("then"),
        key="being-read",
        again=AGAIN_SECONDS,
    )


def _say(error: Exception, *, key: str) -> None:
    if isinstance(error, StoreError):
        show_state(
            "The store cannot be read",
            str(error),
            "Nothing that was taken in is lost. This page tries again by itself.",
            ELSEWHERE.format("it can be read again"),
            key=key,
        )
    elif isinstance(error, MaswatchError):
        show_state("This cannot be shown", str(error), key=key)
    else:
        show_state(
            "This part could not be drawn",
            "The fault has been written to the log. What was taken in is safe, the 12-hour job is not touched by it, "
            "and the other pages still hold.",
            ELSEWHERE.format("it is mended"),
            key=key,
        )
