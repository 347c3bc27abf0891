"""
The answer to a batch (HL7 v2, chapter 2, "Acknowledging batches"): one frame for one frame, and in it a batch with an
answer for each message. What stands in a frame without the head of a batch is answered as one message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from monitoring.hl7.acks import AGAIN, KEPT, NEVER, PLAIN, Header, answer, header_of
from monitoring.hl7.framing import FRAME, HEAD, LINE_END, WRAPPER, plain_bytes
from monitoring.hl7.mllp import HEAD_BYTES
from monitoring.hl7.segments import BadMessageError

OPENS = b"BHS"
VERDICTS = (KEPT, AGAIN, NEVER)
Told = Callable[[Header], bytes]


@dataclass
class Batch:
    """`head`: its BHS, the usual signs where it has none that can be read. `messages`: their heads, in order."""

    head: Header = field(default_factory=Header)
    messages: list[Header] = field(default_factory=list)


def batches(content: bytes) -> list[Batch]:
    """Those of a frame, one that is empty too; none where it begins with a message or no message's head can be read."""
    if not WRAPPER.match(next(_lines(content[:HEAD_BYTES]), b"")):
        return []
    found, lines = [Batch()], [*_lines(content)]
    for line in lines:
        if line.startswith(OPENS):
            found.append(Batch(_read(line) or Header()))
        elif HEAD.match(line) and (head := _read(line)):
            found[-1].messages.append(head)
    told = [one for one in found if one.messages]
    return told or (found[-1:] if all(map(WRAPPER.match, lines)) else [])


def batch_answer(told: list[Batch], verdict: str, *, at: datetime, named: Callable[[], str]) -> bytes:
    """
    The acknowledgements without their envelope; b"" where no message wants any. `verdict`: that of all, since a frame
    is kept whole or not at all. `named`: gives a control id of ours.

    Without FHS, whatever was sent: an answer is one batch or several, and no file.
    """
    return b"".join(_answered(one, verdict, at, named) for one in told)


def _answered(batch: Batch, verdict: str, at: datetime, named: Callable[[], str]) -> bytes:
    answers = [answer(one, verdict, at=at, name=named()) for one in batch.messages]
    answers = [one for one in answers if one]
    if batch.messages and not answers and not any(_asks(one, at) for one in batch.messages):
        return b""
    sign = batch.head.marks.field
    return b"".join((_head(batch.head, at, named()), *answers, f"BTS{sign}{len(answers)}\r".encode(PLAIN)))


def _asks(told: Header, at: datetime) -> bool:
    """Whether it wants an answer to anything; a batch of none then says that nothing went wrong."""
    return any(answer(told, verdict, at=at, name="") for verdict in VERDICTS)


def _head(told: Header, at: datetime, name: str) -> bytes:
    """Turned round; BHS-11 is ours, BHS-12 the batch that is answered."""
    ours = [told.field(place) for place in (5, 6, 3, 4)]
    stamp = f"{at.astimezone(UTC):%Y%m%d%H%M%S}+0000"
    fields = ["BHS", told.field(2), *ours, stamp, "", "", "", name, told.field(11)]
    return (told.marks.field.join(fields).rstrip(told.marks.field) + "\r").encode(PLAIN, "replace")


def _lines(content: bytes) -> Iterator[bytes]:
    plain, _ = plain_bytes(content)
    return filter(None, (line.strip(FRAME) for line in LINE_END.split(plain)))


def _read(line: bytes) -> Header | None:
    try:
        return header_of(line)
    except BadMessageError:
        return None
