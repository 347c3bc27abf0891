"""HL7 time stamps, YYYYMMDD[HH[MM[SS[.S]]]][+-ZZZZ], as ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

STAMP = re.compile(
    r"(?P<day>[0-9]{8})(?:(?P<hour>[0-9]{2})(?:(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})(?P<part>\.[0-9]{1,9})?\.?)?)?)?"
    r"(?P<offset>[+-][0-9]{4}|Z)?"
)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def iso(text: str, offset: str) -> str:
    """`offset`: for a stamp without its own. What is no stamp stays as it is, for whoever judges times to refuse."""
    found = STAMP.fullmatch(text.strip())
    if not found:
        return text.strip()
    day = f"{found['day'][:4]}-{found['day'][4:6]}-{found['day'][6:]}"
    if not found["hour"]:
        return day
    clock = f"{found['hour']}:{found['minute'] or '00'}:{found['second'] or '00'}{found['part'] or ''}"
    return f"{day}T{clock}{found['offset'] or offset}"


def best(told: Iterable[str]) -> str:
    """
    Of several ISO times for one thing, the most trusted first: the first that is given.

    A date alone gives way to a later one that adds the time of day to the same date.
    """
    given = [text for text in told if text]
    first = given[0] if given else ""
    if not DATE.fullmatch(first):
        return first
    return next((text for text in given if text.startswith(f"{first}T")), first)


def latest(told: Iterable[str]) -> str:
    """The latest of the ISO times with a time of day; "" where there is none."""
    read = [(moment, text) for text in told if (moment := _moment(text)) is not None]
    wall = [pair for pair in read if pair[0].tzinfo is None]
    comparable = wall if len(wall) == len(read) else [pair for pair in read if pair[0].tzinfo is not None]
    return max(comparable, default=(None, ""))[1]


def offset_of(stamp: str, zone: ZoneInfo) -> str:
    """
    What MSH-7 says of the sender's clock: an offset, or "" where it says none or shows the clock of the ward.

    A sender beside the ward follows the same summer time, which an offset taken from one night would not.
    """
    found = STAMP.fullmatch(stamp.strip())
    if not found or not found["offset"] or not found["hour"]:
        return ""
    moment = _moment(iso(stamp, ""))
    if moment is None:
        return ""
    return "" if moment.utcoffset() == moment.replace(tzinfo=zone).utcoffset() else found["offset"]


def _moment(text: str) -> datetime | None:
    if "T" not in text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    far = moment.tzinfo is not None and abs(moment.utcoffset() or timedelta()) >= timedelta(hours=24)
    return None if far or not 1900 <= moment.year < 2100 else moment
