"""
What is new about the flags, also of those whose record was joined with another one, or parted from it again.

A record that goes on under another number is judged no more, and what was said under the old one ends with that. What
was said of joined records ends when they are parted, where none of its evidence is left.
"""

from __future__ import annotations

import json

import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.course import Course
from monitoring.analysis.ends import Versions, versions_in
from monitoring.analysis.recording import HOLDING, KEY, changes
from monitoring.terms import Catalog
from storage.frames import FLAG_CHANGES, shaped
from storage.merges import Merged


def flag_news(
    stored: pd.DataFrame,
    told: Course | Versions,
    assessment: Assessment,
    catalog: Catalog,
    *,
    merged: Merged,
    run_id: str,
) -> pd.DataFrame:
    """As `recording.changes`, with the ends that merges and their taking back bring. Shape FLAG_CHANGES."""
    told = versions_in(told.observations) if isinstance(told, Course) else told
    if merged.into.empty and not merged.parted:
        return changes(stored, told, assessment, catalog, run_id=run_id)
    away = stored["patient_id"].isin(merged.into.index)
    new = changes(stored[~away], told, assessment, catalog, run_id=run_id)
    last = stored.sort_values("seq").drop_duplicates(KEY, keep="last")
    on = last[last["change"].isin(HOLDING)]
    gone = on[on["patient_id"].isin(merged.into.index)]
    left = _without_ground(on[on["patient_id"].isin(merged.parted)], new, assessment, told)
    words, now = catalog.phrases["endings"], pd.Series(pd.Timestamp(assessment.as_of), index=left.index)
    since = merged.at.reindex(gone["patient_id"]).set_axis(gone.index)
    ends = [_ended(gone, since, words["merged"]), _ended(left, now, words["parted"])]
    stamped = [part.assign(recorded_at=assessment.as_of, run_id=run_id) for part in ends if len(part)]
    told_now = [part for part in (new, *stamped) if len(part)]
    return shaped(pd.concat(told_now, ignore_index=True), FLAG_CHANGES) if told_now else new


def _without_ground(on: pd.DataFrame, new: pd.DataFrame, assessment: Assessment, versions: Versions) -> pd.DataFrame:
    """Of flags that were on: those that hold no more, of whose end nothing is said, and whose values are all gone."""
    holding = assessment.flags[assessment.flags["state"].eq("active")]
    settled = pd.MultiIndex.from_frame(pd.concat([holding[KEY], new[KEY]], ignore_index=True))
    on = on[~pd.MultiIndex.from_frame(on[KEY]).isin(settled)]
    entries = [
        {(patient, entry["ref"]): entry.get("collected_at") for entry in json.loads(evidence) if "ref" in entry}
        for patient, evidence in zip(on["patient_id"], on["evidence"], strict=True)
    ]
    keys = {key: drawn for mine in entries for key, drawn in mine.items()}
    there = set(versions(keys)[["patient_id", "ref"]].itertuples(index=False, name=None)) if keys else set()
    return on[pd.Series([not (mine.keys() & there) for mine in entries], index=on.index, dtype=bool)]


def _ended(on: pd.DataFrame, since: pd.Series, reason: str) -> pd.DataFrame:
    """Sentence and evidence stay those it was said with."""
    if on.empty:
        return on
    when = since.where(since > on["changed_at"], on["changed_at"])
    return on.assign(seq=on["seq"] + 1, change="cleared", changed_at=when, reason=reason)
