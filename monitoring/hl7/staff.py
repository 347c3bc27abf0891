"""Who treats and orders, by a message's own word: a number and a family name that elsewhere are no specimen."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.hl7.segments import Message

Doctor = tuple[str, str]
# Attending, referring, consulting and admitting doctor; the ordering provider; the same in the order's detail.
FIELDS: Mapping[str, tuple[int, ...]] = {"PV1": (7, 8, 9, 17), "ORC": (12,), "OBR": (16,)}


def staff(message: Message) -> frozenset[Doctor]:
    """(number, family name) of everybody who has both."""
    told = (
        (repeated[0], repeated[1].split(segment.marks.subcomponent)[0])
        for name, places in FIELDS.items()
        for segment in message.named(name)
        for place in places
        for repeated in segment.repeats(place)
        if len(repeated) > 1
    )
    return frozenset(one for one in told if all(one))
