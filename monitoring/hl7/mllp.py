"""
MLLP, the envelope of HL7 v2 on a connection: 0x0B, the message, 0x1C 0x0D. Bytes in, messages out; no sockets here.

What stands between two frames is nobody's message: it is counted and left out. Memory never grows past the limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

START, END = b"\x0b", b"\x1c\r"
RESTART = START + b"MSH"
HEAD_BYTES = 65536


class TooLargeError(Exception):
    """A frame beyond the limit; `head` is how it begins."""

    def __init__(self, head: bytes) -> None:
        super().__init__("a frame is larger than the limit")
        self.head = head


@dataclass(eq=False)
class Frames:
    """
    One connection's bytes. `begun` counts the frames that began, `stray` the bytes outside of any.

    `most` bytes may stand in a frame.
    """

    most: int
    begun: int = 0
    stray: int = 0
    inside: bool = False
    _buffer: bytearray = field(default_factory=bytearray)
    _searched: int = 0

    @property
    def held(self) -> int:
        return len(self._buffer)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The messages that are complete now, without their envelope. Raises TooLargeError after those before it."""
        self._buffer += chunk
        while self.inside or self._begins():
            end = self._buffer.find(END, max(self._searched - 1, 0))
            if (len(self._buffer) if end < 0 else end) > self.most:
                raise TooLargeError(bytes(self._buffer[:HEAD_BYTES]))
            if end < 0:
                self._searched = len(self._buffer)
                return
            content = bytes(self._buffer[:end])
            del self._buffer[: end + len(END)]
            self.inside = False
            yield self._last_begun(content)

    def _begins(self) -> bool:
        start = self._buffer.find(START)
        before = self._buffer if start < 0 else self._buffer[:start]
        self.stray += len(before.strip())
        del self._buffer[: len(before) + len(START)]
        if start < 0:
            return False
        self.inside, self._searched = True, 0
        self.begun += 1
        return True

    def _last_begun(self, content: bytes) -> bytes:
        """A sender that gave up within a message and began anew on the same connection never ended the first."""
        start = content.rfind(RESTART)
        if start < 0:
            return content
        self.stray += start
        return content[start + len(START) :]


def closed(content: bytes) -> bytes:
    """With the end of its envelope where the last segment has none: whoever reads it later sees that nothing is cut."""
    return content if content.rstrip(b"\0").endswith((b"\r", b"\n")) else content + END


def framed(content: bytes) -> bytes:
    return START + content + END
