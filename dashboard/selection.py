"""What the address asks for, and addresses that ask for it: every view can be sent as a link. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, TypeVar
from urllib.parse import urlencode

UNITS: Final = ("", "conventional", "us", "si")


@dataclass(frozen=True)
class WardAsked:
    """
    What the board is asked for, each empty for all.

    `show`: a tile. `line`: a treatment line's code. `flag`: a rule's code. `due`: "6h" (labs due by then, or overdue)
    or "overdue". `find`: part of a bed or an identifier. `kiosk`: "1" for the wall. `theme` is the browser's to read.
    `every`: "1" for as many rows as there are.
    `units`: one of UNITS, "" as the site has set; so in every view that shows values.
    """

    show: str = ""
    ward: str = ""
    line: str = ""
    flag: str = ""
    due: str = ""
    find: str = ""
    kiosk: str = ""
    every: str = ""
    theme: str = ""
    units: str = ""

    def address(self, **other: str) -> str:
        """The same board, asked for in another way."""
        return address("/", **{**vars(self), **other})

    @property
    def narrows(self) -> bool:
        """Whether anything but a ward is asked for: then patients may be hidden that belong here."""
        return any((self.show, self.line, self.flag, self.due, self.find))


def ward_asked(query: Mapping[str, str]) -> WardAsked:
    told = {name: query.get(name, "") for name in vars(WardAsked())}
    known = {
        "find": " ".join(told["find"].split()),
        **{name: "1" if told[name] == "1" else "" for name in ("kiosk", "every")},
    }
    return WardAsked(**(told | known | {"units": units_asked(query)}))


def units_asked(query: Mapping[str, str]) -> str:
    """What is no choice counts as not asked for."""
    told = query.get("units", "")
    return told if told in UNITS else ""


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


SPANS = ("", "72h", "stay", "all")


@dataclass(frozen=True)
class PatientAsked:
    """
    How one patient is looked at; "" is what it opens with.

    `span`: "72h", "" (the stay's last seven days), "stay", "all". `axis`: "" (hours since the steroid start) or
    "clock". `mode`: "" (a panel a marker),
    "relative" or "earlier" (with the steroid course before laid on this one). `flag`: whose evidence is marked.
    `picture`: what the figure is saved as, "" (SVG) or "png".
    """

    patient: str = ""
    span: str = ""
    axis: str = ""
    units: str = ""
    mode: str = ""
    picture: str = ""
    flag: str = ""
    as_of: str = ""

    @property
    def far(self) -> bool:
        """Whether more may be asked for than the last days."""
        return self.span in ("stay", "all") or self.mode == "earlier"

    def address(self, **other: str) -> str:
        """The same patient, looked at in another way."""
        return address("/patient", **{**vars(self), **other})


def patient_asked(query: Mapping[str, str]) -> PatientAsked:
    """What is no choice counts as not asked for."""
    choices = {"span": SPANS, "axis": ("", "clock"), "units": UNITS, "mode": ("", "relative", "earlier")}
    choices["picture"] = ("", "png")
    told = {name: query.get(name, "") for name in ("patient", *choices, "flag", "as_of")}
    known = {name: told[name] if told[name] in choice else "" for name, choice in choices.items()}
    return PatientAsked(**(told | known))


@dataclass(frozen=True)
class RoundsAsked:
    """One patient's sheet, or (no patient) the list; of one ward, or of all. `as_of`: the moment looked back at."""

    patient: str = ""
    ward: str = ""
    as_of: str = ""
    units: str = ""

    def address(self, **other: str) -> str:
        """The same rounds, asked for in another way."""
        return address("/rounds", **{**vars(self), **other})


def rounds_asked(query: Mapping[str, str]) -> RoundsAsked:
    return RoundsAsked(asked_patient(query), query.get("ward", ""), query.get("as_of", ""), units_asked(query))


Valued = TypeVar("Valued", WardAsked, PatientAsked, RoundsAsked)


def with_units(asked: Valued, site: str) -> Valued:
    """In the site's units where none are asked for; links stay short where those are the conventional ones."""
    return asked if asked.units or site == "conventional" else replace(asked, units=site)


@dataclass(frozen=True)
class LabsAsked:
    """What a research table is asked for; empty and None mean all."""

    patients: tuple[str, ...] = ()
    analytes: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    identified: bool = False


@dataclass(frozen=True)
class InboxAsked:
    """`show`: "open" (nobody has answered), "mine" (given to who asks) or "" for all; one patient's flag, or all."""

    show: str = ""
    ward: str = ""
    severity: str = ""
    patient: str = ""
    flag: str = ""
    most: str = ""

    def address(self, **other: str) -> str:
        """The same inbox, asked for in another way."""
        return address("/inbox", **{**vars(self), **other})


def inbox_asked(query: Mapping[str, str]) -> InboxAsked:
    return InboxAsked(**{name: query.get(name, "") for name in ("show", "ward", "severity", "patient", "flag", "most")})
