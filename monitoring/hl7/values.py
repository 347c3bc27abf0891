"""OBX-5 and OBX-7 as the texts a laboratory would have printed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitoring.hl7.segments import Segment

SIGNS = frozenset(("", "=", "<", ">", "<=", ">="))
NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
CODED = frozenset(("CE", "CWE", "CNE", "CF", "IS", "ID"))
# What no number can be, although a date looks like one.
NO_VALUES = frozenset(
    (
        "AD", "CK", "CN", "CP", "CX", "DLN", "DR", "DT", "DTM", "ED", "EI", "FC", "HD", "JCC", "MO", "PL", "PN", "RP",
        "TM", "TN", "TQ", "TS", "XAD", "XCN", "XON", "XPN", "XTN",
    )
)  # fmt: skip
BETWEEN = re.compile(rf"({NUMBER})\s*(?:-|–|—|_|\.\.|\bto\b|\bbis\b)\s*({NUMBER})")
BELOW = re.compile(rf"(?:<=?|≤|up to|bis)\s*({NUMBER})")
ABOVE = re.compile(rf"(?:>=?|≥|from|ab)\s*({NUMBER})")


def value_of(observation: Segment) -> str:
    """OBX-5; a text that is no number where a code, a date or several values stand in its place."""
    kind = observation.first(2).upper()
    told = observation.repeats(5)
    if len(told) > 1:
        return " ~ ".join(" ".join(filter(None, parts)) for parts in told)
    parts = told[0] if told else []
    if kind in NO_VALUES:
        return f"{kind} {' '.join(parts)}" if parts else ""
    if kind in CODED:
        return _coded(parts)
    if kind == "CQ":
        return _part(parts, 0)
    return _structured(parts) if _is_structured(kind, parts) else "^".join(parts).strip("^")


def unit_parts(observation: Segment) -> Sequence[str]:
    """OBX-6, or the unit inside a quantity of the type CQ."""
    told = observation.components(6)
    if told or observation.first(2).upper() != "CQ":
        return told
    inner = observation.repeats(5)[0][1:2] if observation.repeats(5) else []
    return [part.split(observation.marks.subcomponent)[0] for part in inner]


def limits_of(written: str, unit: str) -> tuple[str, str]:
    """(low, high) of OBX-7, each "" where it names none; a unit behind the limits has to be that of the result."""
    text = written.strip()
    if unit and text.casefold().endswith(unit.casefold()):
        text = text[: -len(unit)].strip()
    if found := BETWEEN.fullmatch(text):
        return found[1], found[2]
    if found := BELOW.fullmatch(text):
        return "", found[1]
    found = ABOVE.fullmatch(text)
    return (found[1], "") if found else ("", "")


def _coded(parts: Sequence[str]) -> str:
    """The words of a code. A code itself is never a value, though it may be all digits."""
    words = _part(parts, 1) or _part(parts, 8) or _part(parts, 4)
    if words or not _part(parts, 2):
        return words or _part(parts, 0)
    return f"{parts[0]} ({parts[2]})"


def _is_structured(kind: str, parts: Sequence[str]) -> bool:
    """Some senders name another type and write SN all the same; nothing else looks like it."""
    return kind == "SN" or (len(parts) > 1 and parts[0] in SIGNS and re.fullmatch(NUMBER, parts[1]) is not None)


def _structured(parts: Sequence[str]) -> str:
    sign, *rest = parts or [""]
    return ("" if sign == "=" else sign) + "".join(rest)


def _part(parts: Sequence[str], place: int) -> str:
    return parts[place] if place < len(parts) else ""
