"""
Where every patient stands at a moment: facts from the store, judged, joined with what was said and answered before.

One path for the command line, the dashboard and the cycle: reading gives the flags that a cycle at that moment
would write, so that a screen is never older than the clock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from monitoring.analysis.assessment import Assessment, assess
from monitoring.analysis.course import Course
from monitoring.analysis.explain import explained
from monitoring.analysis.recording import KEY, changes
from monitoring.analysis.written import rows
from monitoring.terms import Catalog
from storage import queries
from storage.engine import Store
from storage.writes import record_flag_changes

FLAGS = [
    "patient_id", "flag", "severity", "state", "began_at", "raised_at", "cleared_at", "retracted_at", "rule_version",
    "sentence", "evidence", "confounders", "acknowledged", "reason", "seq",
]  # fmt: skip
SAID = ["sentence", "evidence", "confounders"]
STATES = {"raised": "active", "worsened": "active", "cleared": "cleared", "retracted": "retracted"}


@dataclass(frozen=True)
class WardState:
    """An assessment, and `flags`: one row a patient and flag (FLAGS), the newest of its kind, history included."""

    as_of: datetime
    assessment: Assessment
    flags: pd.DataFrame
    history: pd.DataFrame


def told(store: Store, *, as_of: datetime, patients: list[str] | None = None) -> Course:
    """Every version of every fact received by `as_of`."""
    return Course(
        patients=queries.patients(store, as_of=as_of, patients=patients),
        observations=queries.observations(store, as_of=as_of, patients=patients),
        doses=queries.doses(store, as_of=as_of, patients=patients),
        findings=queries.findings(store, as_of=as_of, patients=patients),
    )


def state(store: Store, catalog: Catalog, *, as_of: datetime, patients: list[str] | None = None) -> WardState:
    course = told(store, as_of=as_of, patients=patients)
    assessment = assess(course, catalog, as_of=as_of)
    stored = queries.flag_changes(store, as_of=as_of, patients=patients)
    new = changes(stored, course, assessment, catalog, run_id="")
    history = pd.concat([frame for frame in (stored, new) if len(frame)] or [stored], ignore_index=True)
    acknowledged = queries.acknowledgements(store, as_of=as_of)
    return WardState(as_of, assessment, _flags(history, acknowledged, assessment, catalog), history)


def judge_and_record(
    store: Store, catalog: Catalog, *, as_of: datetime, run_id: str, patients: list[str] | None = None
) -> int:
    """Judge what is known at `as_of` and write what is new about the flags; the number of patients judged."""
    course = told(store, as_of=as_of, patients=patients)
    assessment = assess(course, catalog, as_of=as_of)
    stored = queries.flag_changes(store, as_of=as_of, patients=patients)
    record_flag_changes(store, changes(stored, course, assessment, catalog, run_id=run_id))
    return len(course.patients)


def _flags(history: pd.DataFrame, acknowledged: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> pd.DataFrame:
    ordered = history.sort_values([*KEY, "seq"])
    last = ordered.drop_duplicates(KEY, keep="last").set_index(KEY)
    raised = ordered[ordered["change"].eq("raised")].drop_duplicates(KEY, keep="last").set_index(KEY)["changed_at"]
    table = last.assign(
        state=last["change"].map(STATES),
        raised_at=raised.reindex(last.index),
        cleared_at=last["changed_at"].where(last["change"].eq("cleared")),
        retracted_at=last["changed_at"].where(last["change"].eq("retracted")),
        evidence=last["evidence"].map(json.loads),
        confounders=last["confounders"].map(json.loads),
    ).reset_index()
    table = _as_it_stands(table, assessment, catalog)
    answered = _answers(acknowledged)
    keys = zip(table["patient_id"], table["flag"], table["seq"], strict=True)
    return table.assign(acknowledged=pd.Series([answered.get(key) for key in keys], dtype=object))[FLAGS]


def _as_it_stands(table: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> pd.DataFrame:
    """Sentence and evidence of active flags from the newest values; a flag known by its history alone keeps its own."""
    holding = assessment.flags[assessment.flags["state"].eq("active")]
    fresh = explained(holding, assessment, catalog)[[*KEY, *SAID]]
    both = table.merge(fresh, on=KEY, how="left", suffixes=("", "_now"))
    renewed = both["state"].eq("active") & both["sentence_now"].notna()
    return table.assign(**{name: both[name].where(~renewed, both[f"{name}_now"]).array for name in SAID})


def _answers(acknowledged: pd.DataFrame) -> dict[tuple[str, str, int], dict[str, Any]]:
    """An acknowledgement answers one change of a flag; a worsening is a later change, and unanswered."""
    newest = acknowledged.sort_values("at").drop_duplicates(["patient_id", "flag", "seq"], keep="last")
    told = rows(newest[["patient_id", "flag", "seq", "by", "reason", "at"]])
    return {(a["patient_id"], a["flag"], a["seq"]): {name: a[name] for name in ("by", "reason", "at")} for a in told}
