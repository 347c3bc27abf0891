"""
What is new about the flags since they were last written down: raised, worsened, cleared, retracted.

Judging again what was judged before gives nothing new. Missing values clear nothing. A flag whose evidence was
corrected or withdrawn, and which would not have been raised on what is known now, is retracted and says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.course import Course
from monitoring.analysis.explain import explained
from monitoring.terms import SEVERITIES, Catalog
from storage.frames import FLAG_CHANGES, shaped
from storage.versions import WITHDRAWN

KEY = ["patient_id", "flag"]
HOLDING = ["raised", "worsened"]
OPINION_EACH_TIME = ("overdue", "response_window")


def changes(stored: pd.DataFrame, told: Course, assessment: Assessment, catalog: Catalog, *, run_id: str) -> pd.DataFrame:
    """New rows of FLAG_CHANGES. `stored`: those already written; `told`: every version known, to see what was corrected."""
    last = stored.sort_values("seq").drop_duplicates(KEY, keep="last")
    both = last.merge(assessment.flags, on=KEY, how="outer", suffixes=("_was", ""), indicator="found")
    both["was_on"] = both["change"].isin(HOLDING)
    both["is_on"] = both["state"].eq("active")
    both = both[_may_differ(both)]
    if both.empty:
        return shaped(pd.DataFrame(), FLAG_CHANGES)
    now = explained(both[both["found"] != "left_only"].reset_index(drop=True), assessment, catalog)
    said = {(row.patient_id, row.flag): row for row in now.itertuples()}
    rows = [row for pair in both.itertuples() for row in _rows(pair, said.get((pair.patient_id, pair.flag)), told, assessment, catalog)]
    return shaped(pd.DataFrame(rows, columns=[*FLAG_CHANGES]).assign(recorded_at=assessment.as_of, run_id=run_id), FLAG_CHANGES)


def _may_differ(both: pd.DataFrame) -> pd.Series:
    rank = {severity: place for place, severity in enumerate(SEVERITIES)}
    worse = both["severity"].map(rank).astype(float) > both["severity_was"].map(rank).astype(float)
    new_stretch = ~both["was_on"] & ~both["is_on"] & both["found"].ne("left_only")
    new_stretch &= (both["cleared_at"] > both["raised_at"]) & ~(both["changed_at"] >= both["raised_at"])
    return (both["was_on"] != both["is_on"]) | (both["was_on"] & both["is_on"] & worse) | new_stretch


def _rows(pair: Any, now: Any, told: Course, assessment: Assessment, catalog: Catalog) -> Iterator[dict[str, Any]]:
    seq = 0 if pd.isna(pair.seq) else int(pair.seq) + 1
    if pair.is_on and not pair.was_on:
        yield _row(now, "raised", seq, now.raised_at)
    elif pair.is_on:
        yield _row(now, "worsened", seq, assessment.as_of)
    elif pair.was_on:
        ended = _ending(pair, now, told, assessment, catalog)
        if ended:
            yield _end_row(pair, seq, *ended)
    else:
        yield _row(now, "raised", seq, now.raised_at)
        yield _row(now, "cleared", seq + 1, now.cleared_at) | {"reason": now.why}


def _row(now: Any, change: str, seq: int, at: datetime) -> dict[str, Any]:
    return {
        "patient_id": now.patient_id, "flag": now.flag, "seq": seq, "change": change, "severity": now.severity,
        "began_at": now.began_at, "changed_at": at, "rule_version": now.rule_version, "sentence": now.sentence,
        "reason": "", "evidence": json.dumps(now.evidence, ensure_ascii=False),
        "confounders": json.dumps(now.confounders, ensure_ascii=False),
    }  # fmt: skip


def _end_row(pair: Any, seq: int, change: str, at: datetime, reason: str) -> dict[str, Any]:
    """The end of what was said: sentence and evidence are those it was said with."""
    return {
        "patient_id": pair.patient_id, "flag": pair.flag, "seq": seq, "change": change, "severity": pair.severity_was,
        "began_at": pair.began_at_was, "changed_at": at, "rule_version": pair.rule_version_was, "sentence": pair.sentence,
        "reason": reason, "evidence": pair.evidence, "confounders": pair.confounders,
    }  # fmt: skip


def _ending(pair: Any, now: Any, told: Course, assessment: Assessment, catalog: Catalog) -> tuple[str, datetime, str] | None:
    """How a flag that was on has ended: (change, when, reason); None: nothing is known that would end it."""
    same = now is not None and now.raised_at <= pair.changed_at and now.cleared_at >= pair.changed_at
    if not same:
        corrected = _corrected(pair, told, catalog)
        if corrected:
            return "retracted", assessment.as_of, corrected
    if now is not None:
        return "cleared", max(now.cleared_at, pair.changed_at), now.why
    words = catalog.phrases["endings"]
    if catalog.rules[pair.flag].kind in OPINION_EACH_TIME or _still_there(pair, assessment):
        return "cleared", assessment.as_of, words[catalog.rules[pair.flag].kind]
    return None


def _still_there(pair: Any, assessment: Assessment) -> bool:
    """Whether the values the flag rested on are among those judged now: then its absence is an opinion, not a gap."""
    refs = {entry["ref"] for entry in json.loads(pair.evidence) if "ref" in entry}
    points = assessment.points
    return bool(points.loc[points["patient_id"] == pair.patient_id, "ref"].isin(refs).any())


def _corrected(pair: Any, told: Course, catalog: Catalog) -> str:
    """The correction or withdrawal that took a flag's evidence away, in words; "" where none did."""
    used = {entry["ref"]: entry for entry in json.loads(pair.evidence) if "ref" in entry}
    mine = told.observations[told.observations["patient_id"] == pair.patient_id]
    newest = mine[mine["ref"].isin(used)].sort_values("version").drop_duplicates("ref", keep="last")
    later = [row for row in newest.itertuples() if row.version > used[row.ref]["version"]]
    return "; ".join(_correction(row, used[row.ref], catalog) for row in later)


def _correction(row: Any, was: dict[str, Any], catalog: Catalog) -> str:
    words = catalog.phrases["endings"]
    text = words["withdrawn" if row.status in WITHDRAWN else "corrected"]
    return text.format(
        label=catalog.analytes[was["analyte"]].label,
        old=f"{was['value_text']} {was['unit_text']}".strip(),
        new=f"{row.value_text} {row.unit_text}".strip(),
    )
