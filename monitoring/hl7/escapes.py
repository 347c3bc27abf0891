"""What a sender wrote between escape marks, as the text it stands for."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from monitoring.hl7.charsets import text_of

HEX = re.compile(r"X((?:[0-9A-Fa-f]{2})+)")
BREAKS = (".br", ".sp", ".ce")
HIGHLIGHTS = ("H", "N")


class Marks(NamedTuple):
    """The five signs that MSH-1 and MSH-2 name, and the encoding of the message."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    encoding: str = "utf-8"


def unescaped(text: str, marks: Marks) -> str:
    """An escape that is not known here, or not closed, stays as it was written."""
    if marks.escape not in text:
        return text
    return _escapes(marks.escape).sub(lambda found: _meaning(found[1], found[0], marks), text)


@lru_cache(maxsize=8)
def _escapes(mark: str) -> re.Pattern[str]:
    sign = re.escape(mark)
    return re.compile(f"{sign}([^{sign}]{{1,200}}){sign}")


def _meaning(code: str, written: str, marks: Marks) -> str:
    signs = {
        "F": marks.field, "S": marks.component, "R": marks.repetition, "E": marks.escape, "T": marks.subcomponent,
    }  # fmt: skip
    if code in signs:
        return signs[code]
    if code.startswith(BREAKS):
        return "\n"
    if code in HIGHLIGHTS:
        return ""
    if found := HEX.fullmatch(code):
        return text_of(bytes.fromhex(found[1]), marks.encoding)
    return written
