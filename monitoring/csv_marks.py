"""
Texts of a CSV file that no program takes for anything else, and back.

A text that begins with = + - @ or a tab, which a spreadsheet would calculate, is written with one apostrophe more, and
intake takes one off again: the mark that spreadsheets themselves use for "this is text". An export marks those too
that pandas, polars, DuckDB or R would take for a number (39.4), a moment, a truth (T) or nothing at all (NA). yes and
no stay as they are, and so do the hospital's own identifiers, by which other tables are joined.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FORMULA = r"'*[=+\-@\t\r]"
NUMBER = r"[+-]?\d+(\.\d+)?"
DIGIT = "[0-9٠-٩۰-۹०-९０-９]"  # polars takes those of every script for numbers, and then cannot read them
_WORDS = (
    r"NA|N/A|n/a|#NA|#N/A|#N/A N/A|<NA>|NULL|null|None|1\.#(?:IND|QNAN)|[tTfF]|"
    "(?i:nan|inf|infinity|true|false|epoch)"
)
_NUMBERS = (
    rf"(?:{DIGIT}+\.?{DIGIT}*|\.{DIGIT}+)(?:[eE][+-]?{DIGIT}*)?(?:(?:[+-][0-9.eE]+)?i)?|"
    r"0[xX][0-9a-fA-F.]+(?:[pP][+-]?[0-9]+)?|0[bB][01]+"
)
_DAYS = (  # 2.1.0 is none to any of them
    rf"{DIGIT}{{1,4}}[-/ ]{DIGIT}{{1,2}}[-/ ]{DIGIT}{{1,4}}|"
    rf"{DIGIT}{{1,4}}\.{DIGIT}{{1,2}}\.{DIGIT}{{2,4}}|{DIGIT}{{2,4}}\.{DIGIT}{{1,2}}\.{DIGIT}"
)
_TIMES = rf"{DIGIT}{{1,2}}:{DIGIT}{{1,2}}(?::.*)?"
MISTAKEN = rf"'*\s*(?:{_WORDS}|{_NUMBERS}|(?:{_DAYS})(?:[ T].*)?|{_TIMES})\s*"
AMBIGUOUS = rf"^(?:{FORMULA}|{MISTAKEN}$)"  # begins with what stands for a formula, or is as a whole something else
FOR_KEYS = rf"^(?:{FORMULA}|'{MISTAKEN}$)"  # identifiers: what a spreadsheet calculates, or intake would shorten
_AMBIGUOUS = re.compile(AMBIGUOUS)


def harmless(texts: pd.Series) -> pd.Series:
    """The texts, those that a spreadsheet would calculate marked; numbers stay as they are."""
    wild = texts.str.match(FORMULA).fillna(False).astype(bool)
    if not wild.any():
        return texts
    wild &= ~texts.str.fullmatch(NUMBER).fillna(False).astype(bool)
    return texts.where(~wild, "'" + texts)


def unmarked(text: str) -> str:
    """What was meant by a marked cell."""
    return text[1:] if text.startswith("'") and _AMBIGUOUS.match(text[1:]) else text
