"""
What is new about the flags since they were last written down: raised, worsened, cleared, retracted.

Judging again what was judged before gives nothing new. Missing values clear nothing. A flag whose evidence was
corrected or withdrawn, and which would not have been raised on what is known now, is retracted and says why.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.columns import NEVER, by_text, moments
from monitoring.analysis.course import Course
from monitoring.analysis.ends import EndGrounds, Versions, ended_between, ending, ends_grounds, versions_in
from monitoring.analysis.explain import explained
from monitoring.analysis.matching import numbered
from monitoring.analysis.written import rows as plain_rows
from monitoring.terms import SEVERITIES, Catalog
from storage.frames import FLAG_CHANGES, shaped

KEY = ["patient_id", "flag"]
SAID = ["sentence", "evidence", "confounders"]
HOLDING = ["raised", "worsened"]
VALUE = ["analyte", "collected_at", "ref", "version"]
POSITIONS = ["first", "turn", "now", "end", "hours"]


def changes(
    stored: pd.DataFrame,
    told: Course | Versions,
    assessment: Assessment,
    catalog: Catalog,
    *,
    run_id: str,
    explain: Collection[str] | None = None,
) -> pd.DataFrame:
    """
    New rows of FLAG_CHANGES. `stored`: those already written, of each flag at least the last; `told`: every version
    known, corrected ones too, or who asks the store for those of some values. `explain`: the patients whose flags are
    told with sentence and evidence, None for all.
    """
    assessment = assessment.near
    both = _differing(stored, assessment)
    if both.empty:
        return shaped(pd.DataFrame(), FLAG_CHANGES)
    versions = versions_in(told.observations) if isinstance(told, Course) else told
    seen, over = both["found"] != "left_only", both["was_on"] & ~both["is_on"]
    # the end of a flag is told with what was said of it: nothing new need be
    now = _explained(_whole(both[seen & ~over]), assessment, catalog, explain)
    said = {(row.patient_id, row.flag): row for part in (now, both[seen & over]) for row in part.itertuples()}
    grounds = ends_grounds(both[both["was_on"]], versions, assessment, catalog)
    rows = [row for pair in both.itertuples() for row in _rows(pair, said.get((pair.patient_id, pair.flag)), grounds)]
    return shaped(
        pd.DataFrame(rows, columns=[*FLAG_CHANGES]).assign(recorded_at=assessment.as_of, run_id=run_id), FLAG_CHANGES
    )


def news_of(stored: pd.DataFrame, assessment: Assessment) -> list[str]:
    """The patients of whom `changes` may have something new to say."""
    return [str(name) for name in _differing(stored, assessment.near)["patient_id"].unique()]


def _differing(stored: pd.DataFrame, assessment: Assessment) -> pd.DataFrame:
    """Each flag as it was last written down beside how it stands now, where the two may differ."""
    flags = assessment.flags
    was, now = _beside(stored, flags)
    told = Beside.of(stored, flags, was, now)
    differ = told.may_differ()
    before, after = (frame.take(place[differ & (place >= 0)]) for frame, place in ((stored, was), (flags, now)))
    both = before.merge(after, on=KEY, how="outer", suffixes=("_was", ""), indicator="found")
    return both.assign(was_on=both["change"].isin(HOLDING), is_on=both["state"].eq("active"))


def _beside(stored: pd.DataFrame, flags: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """For each patient and flag the position of the last that was written down, and of the flag now; -1: none."""
    number = numbered(*(pd.concat([stored[name], flags[name]]) for name in KEY))
    was, now = (np.full(number.max(initial=-1) + 1, -1) for _ in range(2))
    order = np.argsort(stored["seq"].to_numpy(), kind="stable")
    was[number[: len(stored)][order]] = order
    now[number[len(stored) :]] = np.arange(len(flags))
    return was, now


@dataclass(frozen=True)
class Beside:
    """Every flag that was written down or stands now, as arrays; what is missing on one side is False, NaN or NaT."""

    was_on: np.ndarray
    is_on: np.ndarray
    there: np.ndarray
    rank_was: np.ndarray
    rank: np.ndarray
    changed: np.ndarray
    raised: np.ndarray
    cleared: np.ndarray
    ended_before: np.ndarray

    @staticmethod
    def of(stored: pd.DataFrame, flags: pd.DataFrame, was: np.ndarray, now: np.ndarray) -> Beside:
        ranks = {str(severity): float(place) for place, severity in enumerate(SEVERITIES)}
        return Beside(
            was_on=_at(by_text(stored["change"], dict.fromkeys(HOLDING, True), False), was, False),
            is_on=_at(by_text(flags["state"], {"active": True}, False), now, False),
            there=now >= 0,
            rank_was=_at(by_text(stored["severity"], ranks, np.nan), was, np.nan),
            rank=_at(by_text(flags["severity"], ranks, np.nan), now, np.nan),
            changed=_at(moments(stored["changed_at"]), was, NEVER),
            **{name: _at(moments(flags[f"{name}_at"]), now, NEVER) for name in ("raised", "cleared")},
            ended_before=_at(moments(flags["ended_before"]), now, NEVER),
        )

    def may_differ(self) -> np.ndarray:
        new_stretch = ~self.was_on & ~self.is_on & self.there
        new_stretch &= (self.cleared > self.raised) & ~(self.changed >= self.raised)
        anew = (self.raised > self.changed) | (self.ended_before > self.changed)
        held = self.was_on & self.is_on & ((self.rank != self.rank_was) | anew)
        return np.asarray((self.was_on != self.is_on) | held | new_stretch)


def _at(values: np.ndarray, place: np.ndarray, missing: Any) -> np.ndarray:
    return np.where(place >= 0, values[place], missing) if len(values) else np.full(len(place), missing)


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
    spans = zip(judged["first"], judged["now"], judged["places"], strict=True)
    places = [[*range(first, now + 1)] if now >= 0 else [p for p in several if p >= 0] for first, now, several in spans]
    some = np.array(sorted({place for one in places for place in one}), dtype=np.int64)
    told = dict(zip(some.tolist(), plain_rows(assessment.points[VALUE].take(some)), strict=True))
    return pd.Series([[told[place] for place in one] for one in places], dtype=object)


def _nothing(rows: int) -> pd.Series:
    return pd.Series([[] for _ in range(rows)], dtype=object)


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
