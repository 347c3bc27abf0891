"""Texts of an export as they stand in a CSV file, see monitoring.csv_marks. For reading processes: no pandas."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc  # type: ignore[import-untyped]

from monitoring.csv_marks import AMBIGUOUS, FOR_KEYS, NUMBER

WHOLE_DAY = r"^\d{4}-\d{2}-\d{2}$"
KEYS = {"patient_id", "source_id"}  # the hospital's own
KEPT = {"birth_date": WHOLE_DAY} | dict.fromkeys(KEYS, f"^{NUMBER}$")


def marked(texts: Any, column: str) -> Any:
    """
    Those that a program would take for a formula, a number, a moment, a truth or nothing with an apostrophe more;
    the very same array where there is none. `column` tells what stays: identifiers, whole days where days are meant.
    """
    wild = pc.match_substring_regex(texts, FOR_KEYS if column in KEYS else AMBIGUOUS)
    if stays := KEPT.get(column):
        wild = pc.and_not(wild, pc.match_substring_regex(texts, stays))
    if not pc.any(wild).as_py():
        return texts
    return pc.if_else(wild, pc.binary_join_element_wise("'", texts, ""), texts)


def bare(texts: Any) -> Any:
    """
    Whether each has to stand without quotes, and can: DuckDB would take an apostrophe in quotes for a sign that
    another follows, and what follows for a number.
    """
    return pc.and_not(pc.match_substring(texts, "'"), pc.match_substring_regex(texts, '[",\r\n]'))
