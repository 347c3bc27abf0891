"""
A file's text as resources, each with the place where it stands: one resource, a Bundle, an array, or line by line.

Numbers are kept as text, so that 1.10 stays 1.10 and no digit of a large one is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from json import JSONDecodeError, JSONDecoder
from typing import Any

from monitoring.fhir.nodes import Node, child
from monitoring.fhir.nodes import text as text_of

BLANK = re.compile(r"[ \t\r\n\x1e]*")  # some streams part their records by the sign RS
NEXT_OBJECT = re.compile(r"^[ \t\x1e]*\{", re.MULTILINE)

NOT_FHIR = "This JSON holds no FHIR resource: it names no resourceType."
TOO_DEEP = "This JSON is nested too deeply to be read."
TWICE = "A field stands twice in this resource, so that nobody can say which of them counts."
CUT_OFF = "The JSON ends in its middle, in line {}: it was cut off."
INVALID = "This is not valid JSON ({} in line {})."
NO_OBJECT = "This JSON value is no resource."
EMPTY_ENTRY = "This entry of a Bundle holds no resource."
DELETED = "This entry says that a resource was deleted, and not of which patient it was."


class NotFhirError(Exception):
    """A file of which no resource can be told; str() is the sentence."""


class _Twice(dict[str, Any]):
    """An object in which a field stands more than once."""


@dataclass(frozen=True)
class Found:
    """
    One resource. `place`: its line, or which one it is in a Bundle. `raw`: where its text begins and ends.

    `searched`: it stands in the answer to a search.
    """

    node: Node
    place: int
    raw: tuple[int, int]
    full_url: str = ""
    fault: str = ""
    reason: str = "bad_message"
    searched: bool = False

    @property
    def kind(self) -> str:
        return text_of(self.node, "resourceType")

    @property
    def id(self) -> str:
        """Its own, else that which the Bundle gives it."""
        return text_of(self.node, "id") or (self.full_url.rpartition(":")[2] if self.full_url[:4] == "urn:" else "")


def resources(text: str) -> list[Found]:
    """In the order of the file. Raises NotFhirError where no resource can be told."""
    start = _after_blank(text, 0)
    if start == len(text):
        raise NotFhirError("The file is empty.")
    try:
        first, end = _decoded(text, start)
    except (JSONDecodeError, RecursionError) as error:
        if not _looks_like_lines(text):
            raise NotFhirError(_why(error, len(text.rstrip()))) from None
        return list(_sequence(text, start))
    if _after_blank(text, end) < len(text):
        return list(_sequence(text, start))
    if isinstance(first, list):
        return [found for place, at in enumerate(_elements(text, start), 1) for found in _value(text, at, place)]
    if not text_of(first, "resourceType"):
        raise NotFhirError(NOT_FHIR)
    return _found(text, first, (start, end), 1)


def _decoded(text: str, start: int) -> tuple[Any, int]:
    return DECODER.raw_decode(text, start)


def _pairs(pairs: list[tuple[str, Any]]) -> Node:
    node = dict(pairs)
    return node if len(node) == len(pairs) else _Twice(node)


DECODER = JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_pairs)
SKIPPING = JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def _sequence(text: str, start: int) -> Iterator[Found]:
    """One value after another, as bulk exports write them: a line that is none costs itself alone."""
    line, counted = 1, 0
    while start < len(text):
        line, counted = line + text.count("\n", counted, start), start
        try:
            node, end = _decoded(text, start)
            yield from _found(text, node, (start, end), line)
        except (JSONDecodeError, RecursionError) as error:
            following = NEXT_OBJECT.search(text, _line_end(text, start))
            end = following.start() if following else len(text)
            ends = start + len(text[start:end].rstrip(" \t\r\n"))
            yield Found({}, line, (start, ends), fault=_why(error, ends))
        start = _after_blank(text, end)


def _value(text: str, start: int, place: int) -> list[Found]:
    node, end = _decoded(text, start)
    return _found(text, node, (start, end), place)


def _found(text: str, node: Any, raw: tuple[int, int], place: int, full_url: str = "") -> list[Found]:
    if not isinstance(node, dict):
        return [Found({}, place, raw, fault=NO_OBJECT)]
    if text_of(node, "resourceType") == "Bundle" and not isinstance(node, _Twice):
        return _entries(text, raw[0], place)
    fault = TWICE if _any_twice(node) else "" if text_of(node, "resourceType") else NOT_FHIR
    return [Found(node, place, raw, full_url, fault)]


def _entries(text: str, start: int, place: int) -> list[Found]:
    """A Bundle's resources, numbered when the Bundle is the whole file (it is then the first and only value)."""
    members = _members(text, start)
    at = members.get("entry")
    if at is None or text[at] != "[":
        return []
    whole = place == 1 and BLANK.fullmatch(text, 0, start) is not None
    found = [_entry(text, entry, number if whole else place) for number, entry in enumerate(_elements(text, at), 1)]
    if "type" in members and text.startswith('"history"', members["type"]):
        found.reverse()  # the newest stands first there
    searched = "type" in members and text.startswith('"searchset"', members["type"])
    return [replace(one, searched=searched) for entry in found for one in entry]


def _entry(text: str, start: int, place: int) -> list[Found]:
    entry, end = _decoded(text, start)
    if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
        deleted = isinstance(entry, dict) and text_of(child(entry, "request"), "method") == "DELETE"
        reason = "deleted" if deleted else "bad_message"
        return [Found({}, place, (start, end), fault=DELETED if deleted else EMPTY_ENTRY, reason=reason)]
    if isinstance(entry, _Twice):
        return [Found({}, place, (start, end), fault=TWICE)]
    at = _members(text, start)["resource"]
    node, end = _decoded(text, at)
    return _found(text, node, (at, end), place, text_of(entry, "fullUrl"))


def _members(text: str, start: int) -> dict[str, int]:
    """Where the value of every field of the object at `start` begins. The object is known to be sound."""
    members: dict[str, int] = {}
    at = _after_blank(text, start + 1)
    while text[at] != "}":
        name, end = json.decoder.scanstring(text, at + 1, True)  # type: ignore[attr-defined]
        value = _after_blank(text, _after_blank(text, end) + 1)
        members[name] = value
        at = _next(text, value)
    return members


def _elements(text: str, start: int) -> Iterator[int]:
    """Where every element of the array at `start` begins."""
    at = _after_blank(text, start + 1)
    while text[at] != "]":
        yield at
        at = _next(text, at)


def _next(text: str, value: int) -> int:
    """What stands behind a value and its comma."""
    end = _after_blank(text, SKIPPING.raw_decode(text, value)[1])
    return _after_blank(text, end + 1) if text[end] == "," else end


def _any_twice(node: Node) -> bool:
    waiting: list[Any] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, _Twice):
            return True
        waiting.extend(one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
    return False


def _looks_like_lines(text: str) -> bool:
    """Whether at least half of the lines are a resource each, so that only some of them are broken."""
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) > 1 and 2 * sum(map(_is_resource, lines)) >= len(lines)


def _is_resource(line: str) -> bool:
    try:
        node = json.loads(line, parse_int=str)
    except (ValueError, RecursionError):
        return False
    return isinstance(node, dict) and isinstance(node.get("resourceType"), str)


def _why(error: Exception, end: int) -> str:
    """`end`: where the text ends that was to be one value."""
    if not isinstance(error, JSONDecodeError):
        return TOO_DEEP
    if error.msg.startswith("Unterminated string") or error.pos >= end:
        return CUT_OFF.format(error.doc.count("\n", 0, end) + 1)
    return INVALID.format(error.msg[:1].lower() + error.msg[1:], error.lineno)


def _after_blank(text: str, start: int) -> int:
    found = BLANK.match(text, start)
    return found.end() if found else start


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end + 1
