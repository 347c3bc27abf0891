"""For how long a verdict on steroids is news: from then on it is told with its age. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard import wording
from dashboard.bedside import Bedside
from dashboard.wording import Tone
from monitoring.terms import Catalog


def is_history(side: Bedside, catalog: Catalog) -> bool:
    gone = side.steroid_hours
    return gone is not None and gone > catalog.settings["verdict_news_hours"]


def verdict_words(side: Bedside, window: Mapping[str, Any], catalog: Catalog) -> str:
    """Not responding at 48 h; of a course that began longer ago: Not responding at 72 h, 12 d ago."""
    said = wording.verdict(window["verdict"], window["hours"])
    gone = side.steroid_hours
    if gone is None or not is_history(side, catalog):
        return said
    return f"{said}, {wording.hours(gone - window['hours'])} ago"


def verdict_tone(side: Bedside, window: Mapping[str, Any], catalog: Catalog) -> Tone:
    """What was good then reassures nobody now; what was bad stays as bad as it was until something better is known."""
    tone = wording.VERDICT_TONE.get(window["verdict"], "note")
    return "quiet" if tone == "good" and is_history(side, catalog) else tone
