"""
Bytes to lines of text. A byte that is no text costs its own line, never the file.

Undecodable bytes become lone surrogates and so can be turned back into exactly the bytes that came.
"""

from __future__ import annotations

import base64
import codecs
import io
import re
from dataclasses import dataclass

from monitoring.errors import IntakeError

UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
SAMPLE_BYTES = 2000
# Text in Latin letters has a NUL in every second byte of UTF-16; no other text has nearly as many.
NUL_SHARE = 0.4
LOST = "\ufffd"  # a character that an earlier program could not read and replaced
UNSOUND = re.compile("[\x00\ufffd\ud800-\udfff]")
BASE64 = "base64:"


@dataclass(frozen=True)
class Decoded:
    """`lines` keep their line end, which is always one "\\n". `sound`: no line holds a NUL or an undecodable byte."""

    lines: list[str]
    encoding: str
    sound: bool

    @property
    def closed(self) -> bool:
        """Whether the last line has its line end: a file cut off in the middle has not."""
        return not self.lines or self.lines[-1].endswith("\n")


def decode(content: bytes, encoding: str = "") -> Decoded:
    """`encoding`: that of the source's settings, for bytes that do not say it themselves; UTF-8 when empty."""
    found = _encoding(content, encoding)
    text = _text(content, found).removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(io.StringIO(text, newline="\n").readlines(), found, _sound(text))


def known_encoding(name: str) -> str:
    """`name` as Python spells it; raises IntakeError where it is none that text can be told in byte by byte."""
    try:
        b"0\xff".decode(name or "utf-8", "surrogateescape")
        return codecs.lookup(name).name if name else ""
    except (LookupError, ValueError, TypeError):
        raise IntakeError(f"encoding {name!r} is not known; write one like utf-8 or windows-1252.") from None


def plain_utf8(content: bytes, told: str = "") -> bool:
    """Whether the file is UTF-8 without a byte that is no text. `told`: the encoding of the source's settings."""
    if _encoding(content, told) != "utf-8":
        return False
    try:
        return content.isascii() or bool(content.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def unsound(text: str) -> bool:
    return UNSOUND.search(text) is not None


def kept(text: str, encoding: str) -> str:
    """`text` as a store can hold it: itself, or its bytes in base64, said so."""
    if "\x00" not in text and _encodable(text):
        return text
    return BASE64 + base64.b64encode(_bytes(text, encoding)).decode("ascii")


def kept_bytes(content: bytes, encoding: str = "") -> str:
    """The same for a whole file."""
    found = _encoding(content, encoding)
    text = _text(content, found)
    if "\x00" not in text and _encodable(text) and found == "utf-8":
        return text
    return BASE64 + base64.b64encode(content).decode("ascii")


def original_bytes(raw: str) -> bytes:
    """What `kept_bytes` was given."""
    if raw.startswith(BASE64):
        return base64.b64decode(raw.removeprefix(BASE64))
    return raw.encode("utf-8")


def _encoding(content: bytes, told: str) -> str:
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if content[:2] in UTF16:
        return UTF16[content[:2]]
    sample = content[:SAMPLE_BYTES]
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        places = sample[first::2]
        if len(places) > 1 and places.count(0) > NUL_SHARE * len(places) > sample[1 - first :: 2].count(0):
            return name
    return told or "utf-8"


def _text(content: bytes, encoding: str) -> str:
    if encoding.startswith("utf-16"):
        whole = content[: len(content) // 2 * 2]
        return whole.decode(encoding, "surrogatepass") + LOST * (len(content) % 2)
    return content.decode(encoding, "surrogateescape")


def _bytes(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape")


def _sound(text: str) -> bool:
    return "\x00" not in text and LOST not in text and _encodable(text)


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
