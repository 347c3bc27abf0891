"""
Flags, verdicts, lines, ages and numbers in the reader's words; the one place for tones and arrows. No streamlit here.

A tone is a way of standing out: decision, watch, note, good, quiet. The style sheet gives each its colours, so that
nothing but this file and dashboard.css knows what "watch" looks like. `good` is only for a positive statement.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Final, Literal

import pandas as pd

from monitoring.terms import Analyte

Tone = Literal["decision", "watch", "note", "good", "quiet"]
TONES: Final[tuple[Tone, ...]] = ("decision", "watch", "note", "good", "quiet")
MISSING: Final = "—"
NOT_COMPARED: Final = "nothing comparable lately"  # earlier values there are, but too old or of another method

SEVERITY_TONE: Final[Mapping[str, Tone]] = {"urgent": "decision", "watch": "watch", "info": "note"}
SEVERITY_WORD: Final[Mapping[str, str]] = {"urgent": "needs a decision", "watch": "watch", "info": "note"}

VERDICT_WORD: Final[Mapping[str, str]] = {
    "too_early": "Too early",
    "insufficient_data": "Cannot tell",
    "indeterminate": "No clear response",
    "responding": "Responding",
    "mixed": "Mixed response",
    "not_responding": "Not responding",
}
VERDICT_TONE: Final[Mapping[str, Tone]] = {
    "too_early": "quiet",
    "insufficient_data": "watch",
    "indeterminate": "note",
    "responding": "good",
    "mixed": "watch",
    "not_responding": "decision",
}
MARKER_WORD: Final[Mapping[str, str]] = {
    "improved": "better",
    "unchanged": "unchanged",
    "worse": "worse",
    "not_interpretable": "not usable",
    "missing": "missing",
}
MARKER_TONE: Final[Mapping[str, Tone]] = {
    "improved": "good",
    "unchanged": "quiet",
    "worse": "decision",
    "not_interpretable": "note",
    "missing": "watch",
}
ARROWS: Final[Mapping[str, str]] = {"up": "▲", "down": "▼", "flat": "", "unknown": ""}
DOSE_TONE: Final[Mapping[str, Tone]] = {"within": "quiet", "above": "watch", "below": "watch", "cannot tell": "quiet"}
CONTEXT_WORD: Final[Mapping[str, str]] = {"primary-HLH": "primary HLH"}
_NUMBER_AND_UNIT: Final = re.compile(r"(?<=\d) (?=(?:h|d|y|mo|min|mg|g|kg)\b|[%µ×])")
_UNIT: Final = re.compile(r"(?<= )(?:u(?:g|mol|kat)/\w+|10\*9/L|Cel)\b")
UNITS: Final[Mapping[str, str]] = {"10*9/L": "×10⁹/L", "10*3/uL": "×10³/µL", "Cel": "°C", "{INR}": "", "1": ""}


def flag_arrow(code: str) -> str:
    """The way a flag points, read off its code: ferritin_rising is ▲, fibrinogen_low is ▼."""
    if code.endswith(("_rising", "_extreme")):
        return "▲"
    return "▼" if code.endswith(("_falling", "_low", "cytopenia")) else ""


def unit(text: str) -> str:
    """How a unit is printed: ug/L is µg/L, 10*9/L is ×10⁹/L. The basis of a D-dimer stands in its label already."""
    text = text.removesuffix(" FEU").removesuffix(" DDU")
    if text in UNITS:
        return UNITS[text]
    return "µ" + text[1:] if text.startswith(("ug", "umol", "ukat")) else text


def number(value: float | None, analyte: Analyte | None = None, comparator: str = "") -> str:
    """`value` as it is read aloud: 21,800 · 1.71 · >40,000 · — when there is none. Never 0 for nothing."""
    if value is None or math.isnan(value):
        return MISSING
    decimals = analyte.decimals if analyte is not None else _decimals(value)
    return f"{comparator}{value:,.{decimals}f}"


def _decimals(value: float) -> int:
    return 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2


def kept(text: str) -> str:
    """A sentence as it is printed: units in their signs, and numbers held to their units across lines."""
    return _NUMBER_AND_UNIT.sub("\u00a0", _UNIT.sub(lambda found: unit(found[0]), text))


def dose(told: Mapping[str, object]) -> str:
    """methylprednisolone 1 g: one dose of a line as it is said, without the amount where nobody gave one."""
    return joined(running(str(told["label"])), str(told["amount"]), by=" ")


def listed(labels: Iterable[str]) -> str:
    """Ferritin, platelets, CRP: the first as it is, the others as inside a sentence."""
    return ", ".join(label if place == 0 else running(label) for place, label in enumerate(labels))


def running(label: str) -> str:
    """A label inside a sentence: Methylprednisolone becomes small, IVIG and G-CSF stay."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def signed_percent(value: float | None) -> str:
    """−58 % with a real minus sign, ×2.9 when it more than doubles; empty when unknown."""
    if value is None or math.isnan(value):
        return ""
    if value >= 100:
        return f"×{1 + value / 100:.1f}"
    return f"{'−' if value < 0 else '+'}{abs(value):.0f} %"


def hours(span_hours: float) -> str:
    """11 min · 2 h · 47 h · 3 d. Under the hour in minutes, beyond three days in days."""
    if math.isnan(span_hours):
        return MISSING
    if span_hours < 1:
        return f"{max(0, round(span_hours * 60))} min"
    return f"{math.floor(span_hours)} h" if span_hours < 72 else f"{span_hours / 24:.0f} d"


def since(moment: datetime | pd.Timestamp | None, as_of: datetime) -> float:
    """Hours from `moment` to `as_of`; NaN when there is no moment."""
    if moment is None or pd.isna(moment):
        return math.nan
    return (as_of - moment).total_seconds() / 3600


def age(moment: datetime | pd.Timestamp | None, as_of: datetime) -> str:
    return hours(since(moment, as_of))


@lru_cache(maxsize=32_768)  # asked for again at every refresh of every page, and a conversion of pandas takes its time
def stamp(moment: datetime | pd.Timestamp | None, zone: tzinfo) -> str:
    """Sat 21 Nov 14:12 CET: the ward's clock, always with its zone."""
    if moment is None or pd.isna(moment):
        return MISSING
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %H:%M} {zone_name(local)}"


def told_at(moment: datetime | pd.Timestamp | None, zone: tzinfo, *, as_of: datetime) -> str:
    """Sat 21 Nov 12:12 CET, 2 h ago: absolute with its zone, and relative."""
    at = stamp(moment, zone)
    return at if at == MISSING else f"{at}, {age(moment, as_of)} ago"


@lru_cache(maxsize=8192)  # of one draw every marker tells the same moments
def dated(moment: datetime | pd.Timestamp, zone: tzinfo) -> str:
    """As `stamp`, with the year: for hover and print, where it may be read months later."""
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} {zone_name(local)}"


def file_stamp(moment: datetime | pd.Timestamp, zone: tzinfo) -> str:
    """20261121-1412, ward time: for the name of a file."""
    return f"{moment.astimezone(zone):%Y%m%d-%H%M}"


def clock(moment: datetime | pd.Timestamp, zone: tzinfo, *, today: datetime) -> str:
    """18:00 CET today, else Sun 06:00 CET, else with the date."""
    local, now = moment.astimezone(zone), today.astimezone(zone)
    days = abs((local.date() - now.date()).days)
    if days == 0:
        return f"{local:%H:%M} {zone_name(local)}"
    return f"{local:%a %H:%M} {zone_name(local)}" if days < 7 else stamp(moment, zone)


def snoozed(until: datetime | pd.Timestamp | None, zone: tzinfo, *, today: datetime) -> str:
    """snoozed until 14:00 CET; empty when it is not."""
    return "" if until is None else f"snoozed until {clock(until, zone, today=today)}"


def hour_of_day(moment: datetime | pd.Timestamp, zone: tzinfo, *, today: datetime) -> str:
    """18:00, or Sun 18:00 when that is more than twelve hours off; for columns whose head names the zone."""
    local = moment.astimezone(zone)
    near = abs((moment - today).total_seconds()) <= 12 * 3600
    return f"{local:%H:%M}" if near else f"{local:%a %H:%M}"


def zone_name(local: datetime) -> str:
    """CET, or UTC+03 where the zone has no name of its own."""
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def born(birth_date: str) -> date | None:
    """The day of birth; None when it is unknown, unreadable or not told to the day."""
    first, last = _born_between(birth_date)
    return first if first == last else None


def _born_between(birth_date: str) -> tuple[date, date] | tuple[None, None]:
    """The first and the last day that it can have been: one day, all of a month, or of a year."""
    parts = (birth_date or "")[:10].split("-")
    try:
        year, month, day = (int(parts[place]) if place < len(parts) else None for place in range(3))
        first = date(year or 0, month or 1, day or 1)
        last = first if day else date(first.year, month or 12, monthrange(first.year, month or 12)[1])
        return first, last
    except ValueError:
        return None, None


def whole_years(birth_date: str, as_of: datetime) -> str:
    """
    34 y; months under two years; 33–34 y where only the year is told; empty when the birth date is unknown or cannot
    be read.
    """
    first, last = _born_between(birth_date)
    if first is None or last is None:
        return ""
    most = _old(first, as_of)
    least = _old(min(last, max(as_of.date(), first)), as_of)
    return joined(*dict.fromkeys((_short(least, most), most)), by="–")


def _old(born: date, as_of: datetime) -> str:
    months = (as_of.year - born.year) * 12 + as_of.month - born.month - (as_of.day < born.day)
    return f"{months} mo" if months < 24 else f"{months // 12} y"


def _short(least: str, most: str) -> str:
    """Without its unit where the other end has the same."""
    return least.split()[0] if least != most and least.split()[1] == most.split()[1] else least


def sex(code: str) -> str:
    return {"m": "M", "male": "M", "f": "F", "female": "F"}.get(code.strip().lower(), "")


def verdict(code: str, window_hours: int) -> str:
    """Not responding at 48 h."""
    return f"{VERDICT_WORD.get(code, code)} at {window_hours} h"


def joined(*parts: str, by: str = " · ") -> str:
    """The parts that say something."""
    return by.join(part for part in parts if part)
