"""
How much later than the value a flag tells the newest of its analyte was drawn.

A flag holds until values clear it, and tells the value on which it last held. Where newer ones lie between the two
limits, or count for nothing, it says that there are newer ones, and nothing of what they say.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from monitoring.analysis.columns import Laid, texts
from monitoring.analysis.evidence import Row, calculation

LATER = "{told} ({hours:g} h before the newest)"
Newest = Mapping[tuple[str, str], float]  # patient and analyte -> the hour of the newest value


def newest_hours(flags: pd.DataFrame, points: pd.DataFrame) -> Newest:
    """Of the patients of `flags`, whatever method or specimen the newest value is of."""
    laid, hour = Laid.of(points), points["hour"].to_numpy()
    mine = np.flatnonzero(pd.Series(laid.patient, dtype=object).isin(texts(flags["patient_id"])))
    last = np.r_[laid.begins, len(hour)][mine + 1] - 1
    order = np.argsort(hour[last], kind="stable")  # of several series of an analyte the one that ends last is told last
    names = zip(laid.patient[mine[order]], laid.analyte[mine[order]], strict=True)
    return dict(zip(names, hour[last[order]].tolist(), strict=True))


def dated(told: str, hours: float) -> str:
    """`told` of a value, and by how many hours it is not the newest."""
    return LATER.format(told=told, hours=hours) if hours else told


def hours_later(patient: str, point: Row, newest: Newest) -> float:
    """As it is told: whole hours, of less than one hour tenths; 0 where the value is the newest."""
    hours = newest[patient, point["analyte"]] - point["hour"]
    return max(round(hours, 0 if hours >= 1 else 1), 0.1) if hours > 0 else 0.0


def later_sum(hours: float, label: str) -> list[Row]:
    """The same as evidence, where there is anything to tell."""
    how = "of all methods, less the time of the value told"
    return [calculation(f"{label}: newest value drawn later", hours, "h", how)] if hours else []
