"""OBX-5 and OBX-7 as the texts a laboratory would have printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from monitoring.hl7.segments import Segment
from monitoring.numbers import DOT, WITH_COMMA, decimal_mark

SIGNS = frozenset(("", "=", "<", ">", "<=", ">="))
NUMBER = r"-?[0-9]+(?:[.,][0-9]+)?"
# What some analysers write beside a number that is out of range; OBX-8 says the same.
FLAGGED = re.compile(
    rf"\*?\s*(?:(greater than|more than|less than)\s+)?((?:[<>]=?\s*)?{NUMBER})\s*(?:HH|LL|H|L|\*+|!)?", re.IGNORECASE
)
COMPARED = {"greater than": ">", "more than": ">", "less than": "<"}
POWER_BASE = re.compile(r"[x*]?\s?10", re.IGNORECASE)
POWER = re.compile(r"[0-9]{1,2}\s?(?:/|$)")
POINT = re.compile(r"[<>=≤≥\s]*-?[0-9]*\.[0-9]+\s*")
THOUSANDS_COMMA = re.compile(r"[<>=≤≥\s]*-?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?\s*")
THOUSANDS_POINT = re.compile(r"[<>=≤≥\s]*-?[1-9][0-9]{0,2}(?:\.[0-9]{3})+\s*")
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
    told, unit = _told(observation), observation.first(6)
    if not unit:
        return told  # a letter behind the number may be its unit
    again = f" {unit}" if unit[0].isdigit() else unit  # the last digit of 11 is not the unit 1
    plain = told[: -len(again)].rstrip() if told.casefold().endswith(again.casefold()) else told
    flagged = FLAGGED.fullmatch(plain)
    return f"{COMPARED.get((flagged[1] or '').casefold(), '')}{flagged[2]}" if flagged else told


def _told(observation: Segment) -> str:
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
    told = _joined_power(observation.undivided(6))
    if told or observation.first(2).upper() != "CQ":
        return told
    inner = observation.repeats(5)[0][1:2] if observation.repeats(5) else []
    return [part.split(observation.marks.subcomponent)[0] for part in inner]


def _joined_power(told: Sequence[str]) -> Sequence[str]:
    """10^3/uL of a sender that does not escape the caret."""
    if len(told) < 2 or not POWER_BASE.fullmatch(told[0]) or not POWER.match(told[1]):
        return told
    return [f"{told[0]}^{told[1]}", *told[2:]]


def decimal_of(observations: Iterable[Segment]) -> str:
    """
    How the numbers of a message are written, which is all one way: "," or "." where a value or limit can only have
    that for a decimal mark, "" where none proves anything.
    """
    told = [text for one in observations for text in (value_of(one), *limits_of(one.whole(7), ""))]
    comma = decimal_mark([told], "|") == ","
    point = any(POINT.fullmatch(text) and not THOUSANDS_POINT.fullmatch(text) for text in told)
    return "" if comma == point else "," if comma else "."


def pointed(told: str, mark: str) -> tuple[str, str]:
    """(value with a decimal point and nothing between thousands, why it has none), where `mark` is the decimal one."""
    if mark == ".":
        return (told.replace(",", "") if THOUSANDS_COMMA.fullmatch(told) else told), ""
    if mark == "," and THOUSANDS_POINT.fullmatch(told):
        return told, DOT
    return (told.replace(".", "").replace(",", ".") if mark == "," and WITH_COMMA.fullmatch(told) else told), ""


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
