"""RXA and RXE segments as rows of treatments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from monitoring.hl7.patients import Person, person
from monitoring.hl7.segments import Message, Segment
from monitoring.hl7.stamps import iso
from monitoring.hl7.told import Told
from monitoring.hl7.vocabulary import Vocabulary

GIVING = {"RAS": "RXA", "RDE": "RXE"}  # message type -> the segment that names what is given
COMPLETION = {"": "completed", "CP": "completed", "PA": "completed", "RE": "not-done", "NA": "not-done"}  # table 0322
DELETED = "D"
TAKEN_BACK = frozenset(("CA", "OC", "CR"))  # ORC-1: the order never ran
STOPPED = frozenset(("DC", "OD", "DR"))
AMOUNT_UNKNOWN = "999"  # what RXA-6 asks for where nobody knows

UNKNOWN_COMPLETION = "The completion status {} (RXA-20) is not known here."


@dataclass
class Order:
    """What belongs to one ORC."""

    person: Person | None = None
    common: Segment | None = None
    timing: Segment | None = None
    given: list[tuple[Segment, list[Segment]]] = field(default_factory=list)  # each with its routes

    @property
    def number(self) -> str:
        return (self.common.first(3) or self.common.first(2)) if self.common else ""


def doses(message: Message, words: Vocabulary) -> Iterator[Told]:
    """One row an RXA of an administration message, an RXE of an order message."""
    kind, _ = message.kind
    tell = _administered if kind == "RAS" else _ordered
    for order in _orders(message.segments, GIVING[kind]):
        for segment, routes in order.given:
            cells, fault = tell(message, order, segment, words)
            cells["route"] = next((text for route in routes for text in _names(route, 1)), "")
            who = order.person.cells if order.person else {"patient_id": ""}
            segments = [order.person.segment if order.person else None, order.common, order.timing, *routes, segment]
            yield Told("treatments", who | cells, [one for one in segments if one], fault)


def _orders(segments: Sequence[Segment], giving: str) -> Iterator[Order]:
    order = Order()
    for segment in segments:
        if segment.name in ("PID", "ORC"):
            yield order
            begins = segment.name == "PID"
            order = Order(person(segment) if begins else order.person, None if begins else segment)
        elif segment.name == giving:
            order.given.append((segment, []))
        elif segment.name == "RXR" and order.given:
            order.given[-1][1].append(segment)
        elif segment.name == "TQ1" and order.timing is None:
            order.timing = segment
    yield order


Cells = dict[str, str]
Fault = tuple[str, str]


def _administered(message: Message, order: Order, given: Segment, words: Vocabulary) -> tuple[Cells, Fault]:
    completion, action = given.first(20).upper(), given.first(21).upper()
    dose, unit = given.first(6), _unit(given, 7)
    started = given.first(3)
    cells = {
        "drug": words.drug(given.components(5)),
        "dose": "" if dose == AMOUNT_UNKNOWN and not unit else dose,
        "unit": unit,
        "started_at": iso(started, message.offset),
        "ended_at": iso(given.first(4), message.offset),
        "status": "entered-in-error" if action == DELETED else COMPLETION.get(completion, completion),
        # one order is given many times over, and the counter in RXA-2 is 1 in many feeds
        "source_id": "^".join((order.number, given.first(2), started)) if order.number else "",
    }
    known = completion in COMPLETION or action == DELETED
    return cells, ("", "") if known else ("unknown_status", UNKNOWN_COMPLETION.format(completion))


def _ordered(message: Message, order: Order, given: Segment, words: Vocabulary) -> tuple[Cells, Fault]:
    control = order.common.first(1).upper() if order.common else ""
    begin, end = (
        next(
            (text for text in (_first(order.timing, tq1), given.first(1, old), _first(order.common, 7, old)) if text),
            "",
        )
        for tq1, old in ((7, 4), (8, 5))
    )
    if control in STOPPED:
        end = _first(order.common, 15) or _first(order.common, 9) or end
    cells = {
        "drug": words.drug(given.components(2)),
        "dose": given.first(3),
        "unit": _unit(given, 5),
        "started_at": iso(begin, message.offset),
        "ended_at": iso(end, message.offset),
        "status": "cancelled" if control in TAKEN_BACK else "completed",
        "source_id": order.number,
    }
    return cells, ("", "")


def _planned(order: Order, given: Segment, place: int, component: int) -> str:
    """A field of TQ1, else the older component of RXE-1 or ORC-7."""
    old = (given.first(1, component), _first(order.common, 7, component))
    return next((text for text in (_first(order.timing, place), *old) if text), "")


def _unit(segment: Segment, place: int) -> str:
    return next(iter(_names(segment, place)), "")


def _names(segment: Segment, place: int) -> list[str]:
    """Code and text of a coded field, whichever is there."""
    return [text for text in (segment.first(place, 1), segment.first(place, 2)) if text]


def _first(segment: Segment | None, place: int, component: int = 1) -> str:
    return segment.first(place, component) if segment else ""
