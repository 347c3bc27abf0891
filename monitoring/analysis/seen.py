"""Whether an examiner saw what a finding names."""

from __future__ import annotations

import numpy as np
import pandas as pd

THERE, NOT_THERE = 1.0, 0.0
WORDS = {"yes": THERE, "no": NOT_THERE}


def present(values: pd.Series) -> pd.Series:
    """1 for there, 0 for not there; a number (how far a spleen reaches below the ribs) is there when above zero."""
    numbers = pd.to_numeric(values.replace(WORDS), errors="coerce").astype(float)
    return numbers.where(numbers.isna(), np.where(numbers > 0, THERE, NOT_THERE))
