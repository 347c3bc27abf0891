"""What a person does on the feed view: say what a code means, take that back, have something read again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard import feed_reading, reading
from dashboard.feed_sheet import Group, outcome
from dashboard.views.now import now
from dashboard.who import must, who
from monitoring.errors import MaswatchError
from monitoring.mapping import map_code, read_again, take_back
from monitoring.site_map import Word
from storage.errors import StoreError
from storage.feeds import aside_ids

SAID: Final = "feed-said"
SHOWN_FOR: Final = timedelta(minutes=1)
NOBODY: Final = "Give your name first: it is kept with what you say."


def told() -> tuple[str, str]:
    """(tone, sentence) of what came of the last click, for a minute; empty where there was none."""
    tone, sentence, at = st.session_state.get(SAID, ("", "", now()))
    return (tone, sentence) if now() - at < SHOWN_FOR else ("", "")


def map_now(source: str, code: str, analyte: str, unit: str) -> None:
    label = reading.catalog().analytes[analyte].label
    _do(f"{code} of {source} now means {label}", lambda: _mapped(source, code, analyte, unit))


def take_back_now(word: Word) -> None:
    verb = f"{word.code} of {word.source} no longer means {reading.catalog().analytes[word.analyte].label}"
    _do(verb, lambda: take_back(feed_reading.site(), word.source, word.code, by=who(), now=now()))


def read_group(group: Group) -> None:
    _do(f"{group.words} of {group.source} read again", lambda: _again(group))


def _mapped(source: str, code: str, analyte: str, unit: str) -> dict[str, int]:
    return map_code(feed_reading.site(), source, code, analyte, unit=unit, by=who(), now=now())


def _again(group: Group) -> dict[str, int]:
    ids = aside_ids(reading.store(), group.source, [group.reason], group.code)["id"].tolist()
    return read_again(feed_reading.site(), ids, now())


def _do(verb: str, act: Callable[[], dict[str, int]]) -> None:
    """Once a click, never on a rerun; a refusal is told in its own sentence."""
    try:
        must("manage")
        tone, sentence = ("good", outcome(verb, act())) if who() else ("watch", NOBODY)
    except (MaswatchError, StoreError) as error:
        tone, sentence = "watch", str(error)
    st.session_state[SAID] = (tone, sentence, now())
