"""
What was reported, as it stands in a CSV file: with its unit, so that whoever reads it takes the column for text.

Programs guess from the first rows: 219 would be a number to them, and >40000 far below one that cannot be read.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from monitoring.exports.coded import Coded, coded, taken

UNIT_OF = {"value_reported": "unit_reported"}
WITHOUT = "(no unit)"


def worded(texts: Coded, units: Coded) -> Coded:
    """Each text with its unit, every pair joined once; what is missing stays missing."""
    known = coded(units.values)  # far fewer than there are kinds of values
    count = len(known.values)
    told, unit = np.asarray(texts.codes).astype("int64"), np.asarray(taken(known.codes, units.codes))
    pairs = coded(pa.array(told * count + unit))
    left, right = np.divmod(np.asarray(pairs.values), max(count, 1))
    there = pc.fill_null(pc.utf8_length(pc.utf8_trim_whitespace(known.values)), 0)
    beside = taken(pc.if_else(pc.greater(there, 0), known.values, WITHOUT), pa.array(right))
    return Coded(pairs.codes, pc.binary_join_element_wise(taken(texts.values, pa.array(left)), beside, " "))
