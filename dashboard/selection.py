"""What the address asks for, and addresses that ask for it: every view can be sent as a link. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode


@dataclass(frozen=True)
class WardAsked:
    """A tile's filter and a ward, each empty for all."""

    show: str = ""
    ward: str = ""


def ward_asked(query: Mapping[str, str]) -> WardAsked:
    return WardAsked(query.get("show", ""), query.get("ward", ""))


def address(path: str, **asked: str) -> str:
    """`path` with what is asked for behind it; nothing is left out empty."""
    told = urlencode({name: value for name, value in asked.items() if value})
    return f"{path}?{told}" if told else path


def moment_asked(query: Mapping[str, str]) -> datetime | None:
    """The moment of `?as_of=`, for looking back; None for now, and for a text that is no moment with its zone."""
    try:
        told = datetime.fromisoformat(query.get("as_of", ""))
    except ValueError:
        return None
    return told if told.tzinfo is not None else None


def several(query: Mapping[str, str], name: str, known: list[str]) -> list[str]:
    """Those named in `?name=a,b` that are known, in the order of `known`."""
    wanted = set(query.get(name, "").split(","))
    return [entry for entry in known if entry in wanted]


def day_asked(query: Mapping[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(query.get(name, ""))
    except ValueError:
        return None


def asked_patient(query: Mapping[str, str]) -> str:
    return query.get("patient", "")


def whole_stay(query: Mapping[str, str]) -> bool:
    return query.get("span", "") == "stay"


@dataclass(frozen=True)
class RoundsAsked:
    """One patient, or everybody, or (neither) those with a steroid course or a flag."""

    patient: str = ""
    everybody: bool = False


def rounds_asked(query: Mapping[str, str]) -> RoundsAsked:
    return RoundsAsked(asked_patient(query), query.get("show", "") == "all")


@dataclass(frozen=True)
class LabsAsked:
    """What a research table is asked for; empty and None mean all."""

    patients: tuple[str, ...] = ()
    analytes: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    identified: bool = False
