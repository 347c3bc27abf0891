"""Who a message is about, and where that person lies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitoring import lookup, times
from monitoring.hl7.segments import Message, Segment
from monitoring.hl7.stamps import iso
from monitoring.hl7.told import AUTHORITY, Told
from monitoring.intake_patients import SEX

# Identifiers of a visit or an account end with it, so they are nobody's.
VISITS = frozenset(("AN", "VN", "ANON", "ANC", "ANT"))
# What is looked for first: the record's number, then the hospital's own, then one that does not say what it is.
PREFERRED = ("MR", "MRN", "PI", "PT", "")
SEXES = {"A": "other", "N": "other", "C": "other"}  # ambiguous, not applicable, complex

ARRIVALS = frozenset(("A01", "A04"))
LEAVING = frozenset(("A03",))
# A12 takes a move back and says in PV1-3 where the patient lies after all
MOVES = frozenset(("A02", "A06", "A07", "A08", "A12", "A28", "A31"))
PLACED = ARRIVALS | LEAVING | MOVES
# The record of the number in MRG goes on under that of the PID before it; A47 corrects a number, which reads the same.
JOINING = frozenset(("A18", "A30", "A34", "A36", "A39", "A40", "A47"))


@dataclass(frozen=True)
class Person:
    """`segment`: the PID. `authority`: who gives out the identifier, "" where nobody is named."""

    id: str
    authority: str
    segment: Segment

    @property
    def cells(self) -> dict[str, str]:
        return {"patient_id": self.id, AUTHORITY: self.authority}


def person(segment: Segment) -> Person:
    """By PID-3, else by the older PID-2."""
    return _chosen(segment, (3, 2))


def joined(message: Message) -> Iterator[Told]:
    """Of every MRG: its prior number, and that of the PID before it, under which the record goes on."""
    who: Person | None = None
    for segment in message.segments:
        if segment.name == "PID":
            who = person(segment)
        elif segment.name == "MRG":
            # MRG-4 is a number of the kind of PID-2, so it says something only beside that
            before = _chosen(segment, (1,) if who and who.segment.whole(3) else (1, 4))
            into = {"into": who.id if who else "", "into_authority": who.authority if who else ""}
            beside = [who.segment, segment] if who else [segment]
            yield Told("merges", before.cells | into | {"reason": f"ADT {message.kind[1]}"}, beside)


def said(message: Message) -> Iterator[Told]:
    """
    What a message says of each person; nothing where it gives no more than an identifier.

    Only ADT says where a patient lies: a laboratory's message may repeat a bed that was left days before.
    """
    kind, event = message.kind
    for segment in message.named("PID"):
        who = person(segment)
        born, sex = _born(segment), _sex(segment)
        good = {name: text for name, text, sound in (born, sex) if sound and text}
        wrong = {name: text for name, text, sound in (born, sex) if not sound}
        stay, beside = _stay(message, segment, event) if kind == "ADT" and event in PLACED else ({}, [])
        if good or stay or (kind == "ADT" and not wrong):
            yield Told("patients", who.cells | good | stay, [*beside, segment])
        yield from (Told("patients", who.cells | {name: text}, [segment]) for name, text in wrong.items())


def _chosen(segment: Segment, places: Sequence[int]) -> Person:
    told = [_identifier(parts, segment) for place in places for parts in segment.repeats(place)]
    told = [(number, authority, kind) for number, authority, kind in told if number and kind not in VISITS]
    chosen = min(told, key=lambda one: _rank(one[2]), default=("", "", ""))
    return Person(chosen[0], chosen[1], segment)


def _identifier(parts: Sequence[str], segment: Segment) -> tuple[str, str, str]:
    number, authority, kind = ((*parts, "", "", "", "")[place] for place in (0, 3, 4))
    first = segment.marks.subcomponent
    return number, authority.strip(first).split(first)[0], kind.upper()


def _rank(kind: str) -> int:
    return PREFERRED.index(kind) if kind in PREFERRED else len(PREFERRED)


MONTH = re.compile(r"^([0-9]{4})([0-9]{2})$")  # of a birth whose day nobody told
Cell = tuple[str, str, bool]  # column, text, whether it can be used


def _born(segment: Segment) -> Cell:
    text = MONTH.sub(r"\1-\2", iso(segment.first(7), ""))
    return "birth_date", text, times.calendar_date(text)[1] in ("", times.BLANK)


def _sex(segment: Segment) -> Cell:
    text = segment.first(8)
    text = SEXES.get(text.upper(), text)
    return "sex", text, lookup.plain_name(text) in SEX


def _stay(message: Message, segment: Segment, event: str) -> tuple[dict[str, str], list[Segment]]:
    """(ward, bed, admission and discharge, the segments that say so)."""
    visit = next((one for one in message.named("PV1") if one.line > segment.line), None)
    noted = next(message.named("EVN"), None)
    happened = _stamp(message, noted, 6) or _stamp(message, noted, 2)
    stay = {
        "ward": visit.first(3, 1) if visit else "",
        "bed": "-".join(filter(None, (visit.first(3, 2), visit.first(3, 3)))) if visit else "",
        "admitted_at": _stamp(message, visit, 44) or (happened if event in ARRIVALS else ""),
        "discharged_at": _stamp(message, visit, 45) or (happened if event in LEAVING else ""),
    }
    return {name: text for name, text in stay.items() if text}, [one for one in (noted, visit) if one]


def _stamp(message: Message, segment: Segment | None, place: int) -> str:
    return iso(segment.first(place), message.offset) if segment else ""
