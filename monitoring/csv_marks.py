"""
Texts of a CSV file that no spreadsheet takes for a formula, and back.

A text that begins with = + - @ or a tab, perhaps behind apostrophes, is written with one apostrophe more, and intake
takes one off again: the mark that spreadsheets themselves use for "this is text". Numbers stay as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FORMULA = r"'*[=+\-@\t\r]"
MARKED = re.compile(r"'+[=+\-@\t\r]")
NUMBER = r"[+-]?\d+(\.\d+)?"


def harmless(texts: pd.Series) -> pd.Series:
    """The texts, those that a spreadsheet would calculate marked."""
    wild = texts.str.match(FORMULA).fillna(False).astype(bool)
    if not wild.any():
        return texts
    wild &= ~texts.str.fullmatch(NUMBER).fillna(False).astype(bool)
    return texts.where(~wild, "'" + texts)


def unmarked(text: str) -> str:
    """What was meant by a marked cell."""
    return text[1:] if MARKED.match(text) else text
