"""
Numbers as laboratories print them: digits, one decimal mark, perhaps an exponent, perhaps a comparator before it.

Whatever else Python's float() would kindly accept (inf, 1_000, digits of other scripts) is no number here, and a
number that can be read in two ways is none either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

PLAIN = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
COMPARED = re.compile(r"(<=|>=|<|>|≤|≥)\s*(.*)", re.DOTALL)
COMPARATORS = {"≤": "<=", "≥": ">="}
WITH_COMMA = re.compile(r"[<>=≤≥\s]*-?(?:[0-9]*|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+(?:[eE][+-]?[0-9]+)?\s*")
THOUSANDS = re.compile(r"[<>=≤≥\s]*-?[1-9][0-9]{0,2},[0-9]{3}\s*")
GROUPED = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]{3})+)(,[0-9]+(?:[eE][+-]?[0-9]+)?)")

BLANK = "There is no value."
WORDS = "The value is text, not a number."
MORE = "The value has something beside its number."
DIGITS = "The value is written with digits other than 0 to 9."
SIZE = "The value is too large or too small to be kept as a number."
COMMA = "The value has a comma that may stand for a decimal point or for thousands."
DOT = "The value has a point that may stand for thousands, since this file writes decimals with a comma."


@dataclass(frozen=True)
class Numbers:
    """As many of each as texts were given. `fault`: why a text is no number, "" where it is one; `value` NaN then."""

    value: np.ndarray
    comparator: np.ndarray
    fault: np.ndarray


def numbers(texts: Iterable[str], decimal: str = ".") -> Numbers:
    """Every text as a number. `decimal` is the file's decimal mark, see `decimal_mark`."""
    read = [number(text, decimal) for text in texts]
    value, comparator, fault = zip(*read, strict=True) if read else ((), (), ())
    return Numbers(np.array(value, dtype="float64"), np.array(comparator, dtype=object), np.array(fault, dtype=object))


def number(text: str, decimal: str = ".") -> tuple[float, str, str]:
    """(value, comparator, fault) of one text."""
    if decimal == "." and PLAIN.fullmatch(text):
        return _sized(text, "")
    rest, comparator = text.strip(), ""
    if compared := COMPARED.fullmatch(rest):
        comparator, rest = COMPARATORS.get(compared[1], compared[1]), compared[2]
    fault = _mark_fault(rest, decimal)
    if fault:
        return float("nan"), "", fault
    rest = _pointed(rest) if decimal == "," else rest
    return _sized(rest, comparator) if PLAIN.fullmatch(rest) else (float("nan"), "", _fault(rest))


def decimal_mark(columns: Iterable[Iterable[str]], delimiter: str) -> str:
    """
    "," where any number of the file can only be one with a decimal comma, else ".".

    "1,234" may mean a thousand and proves nothing, and in a comma-separated file no comma is a decimal one.
    """
    if delimiter == ",":
        return "."
    commas = {text for column in columns for text in column if "," in text}
    proven = any(WITH_COMMA.fullmatch(text) and not THOUSANDS.fullmatch(text) for text in commas)
    return "," if proven else "."


def _mark_fault(text: str, decimal: str) -> str:
    if not text or not (text[0] in "-,." or text[0].isdigit()):
        return ""
    if decimal == "." and "," in text:
        return COMMA
    return DOT if decimal == "," and "." in text and not GROUPED.fullmatch(text) else ""


def _pointed(text: str) -> str:
    if grouped := GROUPED.fullmatch(text):
        text = grouped[1].replace(".", "") + grouped[2]
    return text.replace(",", ".") if text.count(",") == 1 else text


def _sized(text: str, comparator: str) -> tuple[float, str, str]:
    value = float(text)
    vanished = value == 0 and re.search("[1-9]", re.split("[eE]", text)[0])
    if vanished or value in (float("inf"), float("-inf")):
        return float("nan"), "", SIZE
    return value, comparator, ""


def _fault(text: str) -> str:
    if not text:
        return BLANK
    if re.match(r"[-+.]?[0-9]", text):
        return MORE
    return DIGITS if any(sign.isdigit() for sign in text) and not re.search(r"[0-9]", text) else WORDS
