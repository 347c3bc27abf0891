"""MSH-18, the character set a message says it is written in, as Python names it."""

from __future__ import annotations

import codecs
import re

LATIN = re.compile(r"8859[/-](\d{1,2})")
NAMES = {
    "ASCII": "utf-8",  # every ASCII text is UTF-8 too, and senders that say ASCII and send more mostly mean that
    "UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-8",  # wide text was told apart by its bytes before a message was looked for
    "ISO IR6": "utf-8",
    "ISO IR14": "shift_jis",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
}


def encoding_of(told: str, otherwise: str) -> str:
    """`told`: MSH-18 with its repetitions. `otherwise`: where it says nothing that is known; UTF-8 when empty."""
    found = [name for name in map(_named, told.upper().split("~")) if name]
    switched = [name for name in found if name.startswith("iso2022")]
    return (switched or found or [otherwise or "utf-8"])[0]


def text_of(content: bytes, encoding: str) -> str:
    """Bytes that are no text become lone surrogates."""
    try:
        return content.decode(encoding, "surrogateescape")
    except UnicodeError:  # the codecs that switch within a text do not take every stray byte
        return content.decode("utf-8", "surrogateescape")


def _named(told: str) -> str:
    told = told.strip()
    if latin := LATIN.search(told):
        return _codec(f"iso8859-{latin[1]}")
    return NAMES.get(told, "") or _codec(told)


def _codec(name: str) -> str:
    try:
        b"0\xff".decode(name, "surrogateescape")  # rot13 and its like are codecs, but of no text in bytes
        return codecs.lookup(name).name if name else ""
    except (LookupError, ValueError, TypeError, AssertionError):
        return ""
