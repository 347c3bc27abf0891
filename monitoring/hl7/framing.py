"""
A file's bytes as messages: one, several behind each other, a batch, or a recorded MLLP stream.

Segments end with CR; files that went through an editor or a mail program have LF or CR LF, blank lines and a byte
order mark. All of it is read, line numbers are those an editor shows.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from monitoring.decoding import decode

LINE_END = re.compile(rb"\r\n|\r|\n")
GLUED = re.compile(rb"\x1c(?=\x0b)")
FRAME = b" \t\x0b\x1c"
HEAD = re.compile(rb"MSH(?![A-Za-z0-9 ])")
OPENINGS = (b"FHS", b"BHS")
WRAPPER = re.compile(rb"(FHS|BHS|BTS|FTS)(?![A-Za-z0-9 ])")

Line = tuple[int, bytes]


@dataclass
class Block:
    """The lines of one message, blank ones left out. `cut`: nothing shows that its last line is whole."""

    lines: list[Line] = field(default_factory=list)
    cut: bool = False

    @property
    def headed(self) -> bool:
        return HEAD.match(self.lines[0][1]) is not None


@dataclass(frozen=True)
class Miscount:
    """A batch whose trailer counts other than the messages that are there, or (`told` "") that ended as it began."""

    line: int
    told: str
    found: int
    raw: str


def plain_bytes(content: bytes) -> tuple[bytes, str]:
    """(content without wide characters and byte order mark, the encoding where the bytes themselves say it)."""
    if content.startswith(codecs.BOM_UTF8):
        return content.removeprefix(codecs.BOM_UTF8), "utf-8"
    decoded = decode(content)
    if not decoded.encoding.startswith("utf-16"):
        return content, ""
    return "".join(decoded.lines).encode("utf-8", "surrogatepass"), "utf-8"


def blocks(content: bytes) -> Iterator[Block | Miscount]:
    """In the order of the file. A block without MSH at its head holds what stood where no message had begun."""
    block, counted = Block(), 0
    opening: Line | None = None  # of a batch in which nothing stands yet
    for number, line in _lines(content):
        wrapper = WRAPPER.match(line)
        opening = (number, line) if wrapper and wrapper[1] in OPENINGS else None
        if not wrapper and not HEAD.match(line):
            block.lines.append((number, line))
            continue
        if block.lines:
            yield block
            counted += 1
        block = Block([] if wrapper else [(number, line)])
        if wrapper and wrapper[1] == b"BTS" and (told := _count(line)) not in ("", str(counted)):
            yield Miscount(number, told, counted, line.decode("utf-8", "replace"))
        counted = 0 if wrapper else counted
    if block.lines:
        block.cut = not content.endswith((b"\r", b"\n", b"\x1c"))
        yield block
    if opening:
        yield Miscount(opening[0], "", 0, opening[1].decode("utf-8", "replace"))


def _lines(content: bytes) -> Iterator[Line]:
    for number, line in enumerate(LINE_END.split(GLUED.sub(b"\x1c\n", content)), start=1):
        if line := line.strip(FRAME):
            yield number, line


def _count(trailer: bytes) -> str:
    """BTS-1 without leading zeros, "" where it counts nothing."""
    told = trailer[4:].split(trailer[3:4])[0].strip() if len(trailer) > 4 else b""
    return str(int(told)) if told.isdigit() and len(told) < 10 else ""
