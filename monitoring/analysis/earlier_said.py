"""
What was said of a flag before the values at hand begin, where only the last days of a patient are judged.

A flag of one series is on until a value ends it, however long ago it was raised. So the days at hand begin with what
stands in the stored history, and only the days whose every window is complete add to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.analysis.matching import of_each
from monitoring.terms import SEVERITIES, Rule

HOLDS = ["patient_id", "flag", "severity", "began_at", "changed_at"]
RANK = {severity: place for place, severity in enumerate(SEVERITIES)}


@dataclass(frozen=True)
class Earlier:
    """
    `patients`: those of whom older values are not at hand. Of theirs, what was drawn before `since` only serves to
    weigh later values. `standing`: the flags that hold, as last written (HOLDS, a row a patient and flag).
    """

    since: pd.Timestamp
    patients: frozenset[str]
    standing: pd.DataFrame

    def heard(self, signal: np.ndarray, points: pd.DataFrame) -> np.ndarray:
        """The signals that count."""
        if not self.patients:
            return signal
        before = (points["collected_at"] < self.since) & points["patient_id"].isin(self.patients)
        return np.where(before.to_numpy(dtype=bool), 0, signal)

    def stands(self, rule: Rule, points: pd.DataFrame) -> np.ndarray | None:
        """The points of series in which the rule's flag holds already."""
        on = self._of(rule)
        return points["patient_id"].isin(on["patient_id"]).to_numpy(dtype=bool) if len(on) else None

    def carried_on(self, found: pd.DataFrame, rule: Rule, received: pd.Series) -> pd.DataFrame:
        """The first stretch of each standing flag goes on from what was written: severity, beginning and raising."""
        on = self._of(rule).set_index("patient_id")
        mine = found["patient_id"].isin(on.index) & ~found["patient_id"].duplicated()
        if not mine.any():
            return found
        was = {name: of_each(found["patient_id"], on[name]) for name in HOLDS[2:]}
        ended = received.reindex(found["end"]).set_axis(found.index).where(found["end"] >= 0)
        milder = mine & (found["severity"].map(RANK) < was["severity"].map(RANK))
        return found.assign(
            severity=found["severity"].where(~milder, was["severity"]),
            began_at=found["began_at"].where(~mine, was["began_at"]),
            raised_at=found["raised_at"].where(~mine, was["changed_at"]),
            cleared_at=found["cleared_at"].where(~mine, ended),
        )

    def _of(self, rule: Rule) -> pd.DataFrame:
        return self.standing[self.standing["flag"].eq(rule.code)]


NOTHING_EARLIER = Earlier(pd.Timestamp(0, tz="UTC"), frozenset(), pd.DataFrame(columns=HOLDS))
