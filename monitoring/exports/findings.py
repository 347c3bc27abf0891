"""What an examiner saw, beside its text as what it is: a number, or yes and no as a truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

TRUTHS = {"yes": True, "no": False}


def typed(seen: pd.DataFrame) -> pd.DataFrame:
    """`seen`: findings with `value` as stored; with two columns more, of which at most one has something in a row."""
    number = pd.to_numeric(seen["value"], errors="coerce").astype("float64")
    truth = seen["value"].map(TRUTHS).astype("boolean")
    return seen.assign(value_as_number=number.where(np.isfinite(number)), value_as_boolean=truth)
