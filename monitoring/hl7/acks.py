"""
What a sender is answered. In original mode AA, AE or AR, always; in enhanced mode (MSH-15, MSH-16) what it asked for.

AA or CA: stored for good, whatever reading it will say. AE or CE: not now, send it again. AR or CR: never as it is.
An answer repeats nothing of a message but its header: who sends, which version, which control id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from monitoring.hl7.escapes import Marks
from monitoring.hl7.framing import FRAME, HEAD, LINE_END, WRAPPER, Block, plain_bytes
from monitoring.hl7.mllp import HEAD_BYTES
from monitoring.hl7.segments import BadMessageError, marks_of

KEPT, AGAIN, NEVER = "A", "E", "R"
PLAIN = "latin-1"  # every byte is a character, so that what is repeated comes back byte for byte
SIGNS, VERSION, PROCESSING = "^~\\&", "2.5.1", "P"
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MINOR = re.compile(r"2\.(\d+)")
ERRORS_SINCE = 5  # ERR-3 to ERR-8 stand in 2.5 and later
ERRORS = {AGAIN: ("207", "Application internal error"), NEVER: ("100", "Segment sequence error")}
NAME_LENGTH = 60
USUAL = Marks()
NO_HEAD = "The message does not begin with an MSH segment."


@dataclass(frozen=True)
class Header:
    """A message's MSH segment. `field(n)` is MSH-n as it was written, "" where it is not there."""

    fields: Sequence[str] = ("MSH", SIGNS)
    marks: Marks = USUAL

    def field(self, place: int) -> str:
        return CONTROL.sub("", self.fields[place - 1]) if place <= len(self.fields) else ""

    @property
    def name(self) -> str:
        """MSH-10 as a name that any store and log can hold."""
        printable = "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in self.field(10).strip())
        return printable[:NAME_LENGTH] or "message"

    @property
    def event(self) -> str:
        """R01 of ORU^R01."""
        parts = self.field(9).split(self.marks.repetition)[0].split(self.marks.component)
        return parts[1].strip() if len(parts) > 1 else ""


def header(content: bytes) -> Header:
    """Of a message, or of the first in a batch. Raises BadMessageError where there is none that can be read."""
    plain, _ = plain_bytes(content[:HEAD_BYTES])
    lines = (line.strip(FRAME) for line in LINE_END.split(plain))
    first = next((line for line in lines if line and not WRAPPER.match(line)), b"")
    if not HEAD.match(first):
        raise BadMessageError("bad_message", NO_HEAD)
    return header_of(first)


def header_of(line: bytes) -> Header:
    """Of an MSH or BHS segment: their first fields are the same. Raises BadMessageError."""
    marks = marks_of(Block([(1, line)]), sure=PLAIN, otherwise="")
    return Header(line.decode(PLAIN).split(marks.field), marks)


def answer(told: Header, verdict: str, *, at: datetime, name: str, sentence: str = "") -> bytes:
    """
    The acknowledgement, without its envelope; b"" where the sender wants none.

    `verdict`: KEPT, AGAIN or NEVER. `name`: its own control id. `sentence`: why, without any value of a patient.
    """
    code = _code(told.field(15).strip().upper(), told.field(16).strip().upper(), verdict)
    if not code:
        return b""
    plain = _free(sentence, told.marks)
    segments = [_head(told, at, name), _joined(told, ["MSA", code, told.field(10), plain])]
    if verdict != KEPT and _minor(told) >= ERRORS_SINCE:
        number, text = ERRORS[verdict]
        coded = told.marks.component.join((number, text, "HL70357"))
        segments.append(_joined(told, ["ERR", "", "", coded, "E", "", "", "", plain]))
    return "".join(f"{segment}\r" for segment in segments).encode(PLAIN, "replace")


def _code(accept: str, application: str, verdict: str) -> str:
    """One answer a message: a sender that waits for one would take a second for that to its next message."""
    if not accept and not application:
        return f"A{verdict}"
    if _asks(accept, verdict):
        return f"C{verdict}"
    return f"A{verdict}" if _asks(application, verdict) else ""


def _asks(condition: str, verdict: str) -> bool:
    """Table 0155; a word that is none of it means that an answer is awaited."""
    return {"": False, "NE": False, "ER": verdict != KEPT, "SU": verdict == KEPT}.get(condition, True)


def _head(told: Header, at: datetime, name: str) -> str:
    event = told.event
    kind = told.marks.component.join(("ACK", event, "ACK") if event else ("ACK",))
    ours = [told.field(place) for place in (5, 6, 3, 4)]
    stamp = f"{at.astimezone(UTC):%Y%m%d%H%M%S}+0000"
    rest = [stamp, "", kind, name, told.field(11) or PROCESSING, told.field(12) or VERSION]
    return _joined(told, ["MSH", told.field(2), *ours, *rest, "", "", "", "", "", told.field(18)])


def _joined(told: Header, fields: Sequence[str]) -> str:
    return told.marks.field.join(fields).rstrip(told.marks.field)


def _free(sentence: str, marks: Marks) -> str:
    """Without what the sender takes for a separator."""
    return "".join(" " if sign in marks[:5] else sign for sign in sentence)


def _minor(told: Header) -> int:
    found = MINOR.match(told.field(12) or VERSION)
    return int(found[1]) if found else 0
