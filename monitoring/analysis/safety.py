"""The flags that warn of the values themselves, or join several analytes: one list of stretches for `flags.judged`."""

from __future__ import annotations

import pandas as pd

from monitoring.analysis.comparability import method_changes
from monitoring.analysis.lineages import low_lines
from monitoring.analysis.suspicions import Suspected, of_kind
from monitoring.terms import Catalog


def safety(doubts: Suspected, patients: pd.DataFrame, catalog: Catalog) -> list[pd.DataFrame]:
    """
    Stretches: patient_id, flag, severity, began_at, raised_at, cleared_at (NaT while it holds), why, and `places`, the
    positions in `doubts.points` that the flag rests on, in the order its explainer in `explain_safety` expects.
    """
    points = doubts.points
    breaks = [method_changes(points, rule, catalog) for rule in of_kind(catalog, "comparability")]
    lines = [low_lines(points, patients, rule, catalog) for rule in of_kind(catalog, "lineages")]
    return [_placed(part) for part in [*doubts.stretches, *breaks, *lines] if len(part)]


def _placed(part: pd.DataFrame) -> pd.DataFrame:
    """No line was fitted: the positions of one are empty."""
    return part.assign(first=-1, turn=-1, now=-1, end=-1, hours=0)
