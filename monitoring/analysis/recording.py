"""
What is new about the flags since they were last written down: raised, worsened, cleared, retracted.

Judging again what was judged before gives nothing new. Missing values clear nothing. A flag whose evidence was
corrected or withdrawn, and which would not have been raised on what is known now, is retracted and says why.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.course import Course
from monitoring.analysis.ends import EndGrounds, ended_between, ending, ends_grounds
from monitoring.analysis.explain import explained
from monitoring.terms import SEVERITIES, Catalog
from storage.frames import FLAG_CHANGES, shaped

KEY = ["patient_id", "flag"]
SAID = ["sentence", "evidence", "confounders"]
HOLDING = ["raised", "worsened"]
POSITIONS = ["first", "turn", "now", "end", "hours"]


def changes(
    stored: pd.DataFrame,
    told: Course,
    assessment: Assessment,
    catalog: Catalog,
    *,
    run_id: str,
    explain: Collection[str] | None = None,
) -> pd.DataFrame:
    """
    New rows of FLAG_CHANGES. `stored`: those already written, of each flag at least the last; `told`: every version
    known, corrected ones too. `explain`: the patients whose flags are told with sentence and evidence, None for all.
    """
    last = stored.sort_values("seq").drop_duplicates(KEY, keep="last").reset_index(drop=True)
    # evidence is long, and few flags change: it is left out of the join and put back to those that do
    both = last.drop(columns=SAID).reset_index(names="place")
    both = both.merge(assessment.flags, on=KEY, how="outer", suffixes=("_was", ""), indicator="found")
    both["was_on"] = both["change"].isin(HOLDING)
    both["is_on"] = both["state"].eq("active")
    both = both[_may_differ(both)].join(last[SAID], on="place")
    if both.empty:
        return shaped(pd.DataFrame(), FLAG_CHANGES)
    seen, over = both["found"] != "left_only", both["was_on"] & ~both["is_on"]
    # the end of a flag is told with what was said of it: nothing new need be
    now = _explained(_whole(both[seen & ~over]), assessment, catalog, explain)
    said = {(row.patient_id, row.flag): row for part in (now, both[seen & over]) for row in part.itertuples()}
    grounds = ends_grounds(both[both["was_on"]], told, assessment, catalog)
    rows = [row for pair in both.itertuples() for row in _rows(pair, said.get((pair.patient_id, pair.flag)), grounds)]
    return shaped(
        pd.DataFrame(rows, columns=[*FLAG_CHANGES]).assign(recorded_at=assessment.as_of, run_id=run_id), FLAG_CHANGES
    )


def _explained(
    judged: pd.DataFrame, assessment: Assessment, catalog: Catalog, explain: Collection[str] | None
) -> pd.DataFrame:
    if explain is None:
        return explained(judged, assessment, catalog)
    wanted = judged["patient_id"].isin(list(explain))
    rest = judged[~wanted].reset_index(drop=True)
    bare = rest.assign(sentence="", evidence=_values(rest, assessment), confounders=_nothing(len(rest)))
    if not wanted.any():
        return bare
    told = explained(judged[wanted].reset_index(drop=True), assessment, catalog)
    return pd.concat([part for part in (told, bare) if len(part)], ignore_index=True)


def _values(judged: pd.DataFrame, assessment: Assessment) -> pd.Series:
    """Of each flag which values it rests on, and no more: enough to see whether they are still judged."""
    ref, version = (assessment.points[name].to_numpy() for name in ("ref", "version"))
    spans = zip(judged["first"], judged["now"], judged["places"], strict=True)
    places = [[*range(first, now + 1)] if now >= 0 else [p for p in several if p >= 0] for first, now, several in spans]
    return pd.Series([[{"ref": int(ref[p]), "version": int(version[p])} for p in one] for one in places], dtype=object)


def _nothing(rows: int) -> pd.Series:
    return pd.Series([[] for _ in range(rows)], dtype=object)


def _may_differ(both: pd.DataFrame) -> pd.Series:
    rank = {severity: place for place, severity in enumerate(SEVERITIES)}
    worse = both["severity"].map(rank).astype(float) > both["severity_was"].map(rank).astype(float)
    new_stretch = ~both["was_on"] & ~both["is_on"] & both["found"].ne("left_only")
    new_stretch &= (both["cleared_at"] > both["raised_at"]) & ~(both["changed_at"] >= both["raised_at"])
    held = both["was_on"] & both["is_on"]
    lower = both["severity"].map(rank).astype(float) < both["severity_was"].map(rank).astype(float)
    anew = (both["raised_at"] > both["changed_at"]) | (both["ended_before"] > both["changed_at"])
    return (both["was_on"] != both["is_on"]) | (held & (worse | lower | anew)) | new_stretch


def _whole(judged: pd.DataFrame) -> pd.DataFrame:
    """Positions as whole numbers again: a join with rows that have none makes them floats."""
    return judged.reset_index(drop=True).astype(dict.fromkeys(POSITIONS, "int64"))


def _rows(pair: Any, now: Any, grounds: EndGrounds) -> Iterator[dict[str, Any]]:
    seq = 0 if pd.isna(pair.seq) else int(pair.seq) + 1
    if pair.is_on and not pair.was_on:
        yield _row(now, "raised", seq, now.raised_at)
    elif pair.is_on:
        yield from _held(pair, now, seq, grounds)
    elif pair.was_on:
        ended = ending(pair, now, grounds)
        if ended:
            yield _end_row(pair, seq, *ended)
    else:
        yield _row(now, "raised", seq, now.raised_at)
        yield _row(now, "cleared", seq + 1, now.cleared_at) | {"reason": now.why}


def _held(pair: Any, now: Any, seq: int, grounds: EndGrounds) -> Iterator[dict[str, Any]]:
    """A flag that was on and is on: the same one, a worse one, or another after the first had ended unseen."""
    ended = ended_between(pair, now, grounds)
    if ended:
        yield _end_row(pair, seq, *ended)
        yield _row(now, "raised", seq + 1, max(now.raised_at, ended[1]))
    elif SEVERITIES.index(now.severity) > SEVERITIES.index(pair.severity_was):
        yield _row(now, "worsened", seq, grounds.as_of)


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
        "began_at": pair.began_at_was, "changed_at": at, "rule_version": pair.rule_version_was,
        "sentence": pair.sentence,
        "reason": reason, "evidence": pair.evidence, "confounders": pair.confounders,
    }  # fmt: skip
