"""A message as segments, fields, repetitions and components, split only where somebody asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from monitoring.hl7.charsets import encoding_of, text_of
from monitoring.hl7.escapes import Marks, unescaped
from monitoring.hl7.framing import Block
from monitoring.hl7.stamps import offset_of

NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
NULL = '""'
USUAL_REPETITION = "~"
TEXTS = ("OBX", "NTE")
CHARSET = 17  # MSH-18, counted from 0 where the field mark itself is not a field

# What stands for separators that MSH-2 leaves out: the usual ones, and more in case one of those is another's sign.
SPARE = "^~\\&#@$%!"

NO_MARKS = "The MSH segment does not name its separators."


class BadMessageError(Exception):
    """A message that is set aside whole: (reason, sentence)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """`fields[n]` is field n as HL7 counts them; `text` the segment as it came; `line` where it begins."""

    line: int
    text: str
    fields: Sequence[str]
    marks: Marks

    @property
    def name(self) -> str:
        return self.fields[0]

    def whole(self, place: int) -> str:
        """A field as it was written; "" where it is not there or was nulled."""
        text = self.fields[place].strip() if place < len(self.fields) else ""
        return "" if text == NULL else text

    def repeats(self, place: int) -> list[list[str]]:
        """Every repetition that says anything, as its components."""
        written = self.whole(place).split(self.marks.repetition)
        return [self._components(text) for text in written if text.strip()]

    def components(self, place: int) -> list[str]:
        """Those of the first repetition that says anything; none where the field is blank."""
        return next(iter(self.repeats(place)), [])

    def undivided(self, place: int) -> list[str]:
        """
        Components of a field that never repeats. Where the sign of repetition is not the usual one, senders write it
        in a unit (10*9/L) without escaping it.
        """
        whole = self.whole(place)
        if not whole or self.marks.repetition == USUAL_REPETITION:
            return self.components(place)
        return self._components(whole)

    def first(self, place: int, component: int = 1) -> str:
        """One component of the first repetition, without its further parts."""
        written = self.whole(place).split(self.marks.repetition)[0].split(self.marks.component)
        if len(written) < component:
            return ""
        part = written[component - 1].split(self.marks.subcomponent)[0]
        return unescaped(part, self.marks).strip()

    def _components(self, text: str) -> list[str]:
        parts = text.split(self.marks.component)
        return ["" if part == NULL else unescaped(part, self.marks).strip() for part in parts]


@dataclass(frozen=True)
class Message:
    """`odd`: lines that are no segment. `offset`: that of times which name none, "" for the ward's own clock."""

    head: Segment
    segments: Sequence[Segment]
    odd: Sequence[tuple[int, str]]
    offset: str
    cut: bool

    @property
    def kind(self) -> tuple[str, str]:
        """(message type, event) of MSH-9, as ("ORU", "R01"); the event of EVN-1 where MSH-9 names none."""
        told = next((segment.first(1) for segment in self.segments if segment.name == "EVN"), "")
        return self.head.first(9).upper(), (self.head.first(9, 2) or told).upper()

    def named(self, name: str) -> Iterator[Segment]:
        return (segment for segment in self.segments if segment.name == name)


def message(block: Block, marks: Marks, zone: ZoneInfo) -> Message:
    """A block that begins with MSH. `zone`: the ward's."""
    segments, odd = _split(block, marks)
    return Message(segments[0], segments, odd, offset_of(segments[0].first(7), zone), block.cut)


def marks_of(block: Block, *, sure: str, otherwise: str) -> Marks:
    """
    The separators of a block that begins with MSH, and its encoding.

    `sure`: where the bytes themselves say it; `otherwise`: where MSH-18 says none. Raises BadMessageError.
    """
    plain = block.lines[0][1].decode("latin-1")
    mark = plain[3:4]
    fields = plain.split(mark) if mark and _is_sign(mark) else []
    signs = fields[1][:4] if len(fields) > 1 else ""
    if not signs or not all(map(_is_sign, signs)) or len(set(signs)) < len(signs):
        raise BadMessageError("bad_message", NO_MARKS)
    free = [sign for sign in SPARE if sign not in signs + mark]
    component, repetition, escape, subcomponent = (list(signs) + free)[:4]
    charset = fields[CHARSET].replace(repetition, "~") if len(fields) > CHARSET else ""
    return Marks(mark, component, repetition, escape, subcomponent, sure or encoding_of(charset, otherwise))


def _is_sign(mark: str) -> bool:
    return mark.isascii() and mark.isprintable() and not mark.isalnum() and not mark.isspace() and mark != '"'


def _split(block: Block, marks: Marks) -> tuple[list[Segment], list[tuple[int, str]]]:
    """A line that is no segment goes on with a text before it, or is odd."""
    told: list[tuple[int, str]] = []
    odd: list[tuple[int, str]] = []
    for number, line in block.lines:
        text = text_of(line, marks.encoding)
        if NAME.match(text) and text[3:4] in ("", marks.field):
            told.append((number, text))
        elif told[-1][1].startswith(TEXTS) and marks.field not in text:
            told[-1] = (told[-1][0], f"{told[-1][1]}\n{text}")
        else:
            odd.append((number, text))
    return [Segment(number, text, _fields(text, marks), marks) for number, text in told], odd


def _fields(text: str, marks: Marks) -> list[str]:
    name, *fields = text.split(marks.field)
    return [name, marks.field, *fields] if name == "MSH" else [name, *fields]
