"""
Written times as moments in UTC, many at once.

ISO 8601 with or without offset, and DD.MM.YYYY HH:MM. Without an offset it is the wall clock of the ward: a time that
the clock never showed is no time, one that it showed twice is the first showing. Slashes are not read, since 03/04
means two different days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

UTC_MOMENT = "datetime64[us, UTC]"

DAY = r"(?:19|2[0-2])[0-9]{2}-[0-9]{2}-[0-9]{2}"  # de-identified databases live in years up to 2210
PARTIAL = r"(?:19|2[0-2])[0-9]{2}(?:-[0-9]{2})?"
CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
WALL = rf"{DAY}[T ]{CLOCK}"
OFFSET = rf"{WALL}(?:Z|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)"
GERMAN = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(?:[T ]+([0-9]{1,2}:.*))?")
BASIC = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})?(.*))?")
SLASHES = re.compile(r"[0-9]{1,4}/[0-9]{1,2}/[0-9]{1,4}\b.*")

BLANK = "there is no time"
DATE_ONLY = "there is a date without a time of day"
SLASHED = "a date with slashes can be read in two ways; write it as YYYY-MM-DD"
SKIPPED = "the ward's clocks skipped this time when they were put forward"
UNREADABLE = "this is no time in ISO 8601"
NO_DATE = "this is no date in ISO 8601"


@dataclass(frozen=True)
class Moments:
    """As many as texts were given. `at` is NaT where `fault` says why, "" elsewhere."""

    at: pd.Series
    fault: np.ndarray


def moments(texts: Iterable[str], zone: ZoneInfo, *, midnight: bool = False) -> Moments:
    """Every text as a moment. `midnight`: a date alone stands for the beginning of that day, else it is no time."""
    plain = pd.Series(list(texts), dtype="str").str.strip().str.upper()
    aware = plain.str.fullmatch(OFFSET)
    if aware.all():  # as most of what arrives; what follows costs the more, the smaller a message is
        at = _parsed(plain, utc=True)
    else:
        plain, at = _of_any_kind(plain, aware, zone, midnight=midnight)
    fault = np.full(len(plain), "", dtype=object)
    for place in np.flatnonzero(at.isna()):
        fault[place] = _why(plain.iloc[place], midnight=midnight)
    return Moments(at, fault)


def _of_any_kind(plain: pd.Series, aware: pd.Series, zone: ZoneInfo, *, midnight: bool) -> tuple[pd.Series, pd.Series]:
    """The texts, those of other spellings in that of ISO 8601, and their moments; NaT where there is none."""
    naive = plain.str.fullmatch(WALL)
    other = ~(aware | naive)
    if other.any():
        plain[other] = plain[other].map(_extended).astype("str")
        aware[other], naive[other] = plain[other].str.fullmatch(OFFSET), plain[other].str.fullmatch(WALL)
    at = pd.Series(pd.NaT, index=plain.index, dtype=UTC_MOMENT)
    if aware.any():
        at[aware] = _parsed(plain[aware], utc=True)
    if naive.any():
        at[naive] = _placed(_parsed(plain[naive], utc=False), zone, "NaT")
    if midnight and other.any():
        dates = other & plain.where(other, "").str.fullmatch(DAY)
        at[dates] = _placed(_parsed(plain[dates], utc=False), zone, "shift_forward")
    return plain, at


def calendar_date(text: str) -> tuple[str, str]:
    """
    (YYYY-MM-DD, fault) of a birth date; a time of day behind it is left out. A year or a month alone stays what it is:
    nobody's day of birth is made up.
    """
    plain = _extended(text.strip().upper())
    if not plain:
        return "", BLANK
    if SLASHES.fullmatch(plain):
        return "", SLASHED
    partial = re.fullmatch(PARTIAL, plain)
    if not partial and not re.fullmatch(rf"{DAY}(?:[T ].*)?", plain):
        return "", NO_DATE
    try:
        return date.fromisoformat((plain + "-01-01")[:10]).isoformat()[: len(plain)], ""
    except ValueError:
        return "", NO_DATE


def _why(text: str, *, midnight: bool) -> str:
    """Why `text` is no moment."""
    if not text:
        return BLANK
    if SLASHES.fullmatch(text):
        return SLASHED
    if re.fullmatch(WALL, text) and _exists(text):
        return SKIPPED
    return DATE_ONLY if re.fullmatch(DAY, text) and not midnight else UNREADABLE


def _exists(wall: str) -> bool:
    try:
        datetime.fromisoformat(wall)
    except ValueError:
        return False
    return True


def _extended(text: str) -> str:
    if found := GERMAN.fullmatch(text):
        day, month, year, clock = found.groups()
        return f"{year}-{month.zfill(2)}-{day.zfill(2)}" + (f" {_two_digits(clock)}" if clock else "")
    if found := BASIC.fullmatch(text):
        year, month, day, hour, minute, second, rest = found.groups()
        return f"{year}-{month}-{day}" + (f"T{hour}:{minute}:{second or '00'}{rest}" if hour else "")
    return re.sub(r"(?<=:[0-9]{2}),(?=[0-9])", ".", re.sub(r" (?=Z$|[+-][0-9:]+$)", "", text))


def _two_digits(clock: str) -> str:
    return clock if clock[1] != ":" else f"0{clock}"


def _parsed(texts: pd.Series, *, utc: bool) -> pd.Series:
    return pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=utc).dt.as_unit("us")


def _placed(walls: pd.Series, zone: ZoneInfo, nonexistent: str) -> pd.Series:
    first = np.ones(len(walls), dtype=bool)
    return walls.dt.tz_localize(zone, ambiguous=first, nonexistent=nonexistent).dt.tz_convert("UTC")
