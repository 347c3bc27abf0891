"""Analytes not seen for longer than their due interval while the patient is under treatment. Silence is a signal."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from monitoring.analysis.columns import NEVER, by_text, framed, moments, spans, texts
from monitoring.analysis.lookback import reach
from monitoring.terms import Catalog

RULE = "labs_overdue"


def awaited(
    observations: pd.DataFrame,
    patients: pd.DataFrame,
    lines: pd.DataFrame,
    sights: pd.DataFrame,
    catalog: Catalog,
    *,
    as_of: datetime,
) -> pd.DataFrame:
    """
    One row a patient under treatment and analyte of the rule: patient_id, analyte, last_at (newest draw; NaT: never),
    last_received_at, due_at, late_at (due and grace over), overdue (bool).
    Counted from the newest draw, or from the beginning of the line where there was none; none within the look-back of a
    line that began before it counts from there.
    """
    rule = catalog.rules[RULE]
    codes = [*rule.parameters["analytes"]]
    patient, since = _treated(patients, lines, as_of)
    who, kind = (axis.ravel() for axis in np.indices((len(patient), len(codes))))
    last = _newest(observations, patient, codes)[who, kind]
    drawn, received = (moments(observations[name]) for name in ("collected_at", "received_at"))
    last_at, received_at = (np.where(last >= 0, times[last], NEVER) if len(times) else np.full(len(last), NEVER)
                            for times in (drawn, received))  # fmt: skip
    due = np.array([spans(catalog.analytes[code].due_hours or np.nan) for code in codes])
    begin = np.fmax(since, _looked_from(patient, sights, catalog))[who]
    due_at = np.where(last_at >= since[who], last_at, begin) + due[kind]
    late_at = due_at + spans(rule.parameters["grace_hours"])
    return framed(
        {
            "patient_id": patient[who], "since": since[who], "analyte": np.array(codes, dtype=object)[kind],
            "last_at": last_at, "last_received_at": received_at, "due_at": due_at, "late_at": late_at,
            "overdue": late_at < moments(pd.Series([as_of]))[0],
        }
    )  # fmt: skip


def _newest(observations: pd.DataFrame, patient: np.ndarray, codes: list[str]) -> np.ndarray:
    """For each patient (a row) and analyte the position of the newest draw, -1 where there is none."""
    kind = by_text(observations["analyte"], {code: number for number, code in enumerate(codes)}, -1)
    whose = by_text(observations["patient_id"], {str(name): number for number, name in enumerate(patient)}, -1)
    mine = np.flatnonzero((kind >= 0) & (whose >= 0))
    mine = mine[np.argsort(moments(observations["collected_at"])[mine], kind="stable")]
    found = np.full((len(patient), len(codes)), -1)
    found[whose[mine], kind[mine]] = mine
    return found


def _treated(patients: pd.DataFrame, lines: pd.DataFrame, as_of: datetime) -> tuple[np.ndarray, np.ndarray]:
    """Who is under treatment and has not left, and since when on this line."""
    left, back = moments(patients["discharged_at"]), moments(patients["admitted_at"])
    here = texts(patients["patient_id"])[~(left <= moments(pd.Series([as_of]))[0]) | (back > left)]
    on = np.flatnonzero(np.isin(texts(lines["line"]), ["none"], invert=True) & lines["patient_id"].isin(here))
    return texts(lines["patient_id"])[on], moments(lines["since"])[on]


def _looked_from(patient: np.ndarray, sights: pd.DataFrame, catalog: Catalog) -> np.ndarray:
    """Of each patient from when on draws are known to a judgement; NaT where all are."""
    cut = sights[sights["cut"]].set_index("patient_id")["newest_at"]
    return moments(cut.reindex(patient)) - spans(reach(catalog).values)
