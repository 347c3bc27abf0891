"""Values of a keyed series, put beside the rows of a frame."""

from __future__ import annotations

import pandas as pd


def of_each(keys: pd.Series, values: pd.Series) -> pd.Series:
    """For each key its value, missing where there is none; keeps the type of `values`, also when there are none."""
    return pd.Series(values.reindex(keys.to_numpy()).array, index=keys.index)
