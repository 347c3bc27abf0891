"""Every version of every fact, with the span in which it was the last word."""

from __future__ import annotations

import pandas as pd

from monitoring.analysis.course import Course
from monitoring.exports.doses import counted_in
from monitoring.exports.findings import typed
from monitoring.exports.wanted import Wanted

FACT = ["patient_id", "ref"]


def versions(told: Course, wanted: Wanted) -> dict[str, pd.DataFrame]:
    """`told` as the store gives it: every version received by the moment of the export."""
    labs = _spanned(told.observations).rename(columns={"ref": "value_id"})
    if wanted.analytes:
        labs = labs[labs["analyte"].isin(wanted.analytes)]
    doses = {"ref": "dose_id", "given": "drug", "amount": "dose"}
    return {
        "labs_versions": _between(labs, "collected_at", wanted),
        "treatments_versions": _spanned(counted_in(told.doses)).rename(columns=doses),
        "findings_versions": _between(
            typed(_spanned(told.findings)).rename(columns={"ref": "finding_id"}), "observed_at", wanted
        ),
    }


def _spanned(frame: pd.DataFrame) -> pd.DataFrame:
    """A later version ends the one before it; of each patient what was told more than once comes first."""
    alone = frame.groupby(FACT, sort=False)["version"].transform("size").eq(1)
    ordered = frame.assign(alone=alone).sort_values(["patient_id", "alone", "ref", "version"], ignore_index=True)
    until = ordered.groupby(FACT, sort=False)["received_at"].shift(-1)
    return ordered.assign(known_at=ordered["received_at"], known_until=until)


def _between(frame: pd.DataFrame, time: str, wanted: Wanted) -> pd.DataFrame:
    if wanted.start:
        frame = frame[frame[time] >= pd.Timestamp(wanted.start)]
    return frame[frame[time] <= pd.Timestamp(wanted.end)] if wanted.end else frame
