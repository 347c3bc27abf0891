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
from monitoring.analysis.columns import NEVER, by_text, moments, ranked
from monitoring.analysis.course import Course
from monitoring.analysis.ends import EndGrounds, Versions, ended_between, ending, ends_grounds, versions_in
from monitoring.analysis.explain import explained
from monitoring.analysis.matching import numbered
from monitoring.analysis.resting import VALUE, named, rested
from monitoring.analysis.written import rows as plain_rows
from monitoring.terms import SEVERITIES, Catalog
from storage.frames import FLAG_CHANGES, shaped

KEY = ["patient_id", "flag"]
SAID = ["sentence", "evidence", "confounders"]
HOLDING = ["raised", "worsened"]
RANKS = {str(severity): float(place) for place, severity in enumerate(SEVERITIES)}
PAIR = [*KEY, "seq", "was_on", "is_on", "severity_was", "began_at_was", "rule_version_was", "changed_at", *SAID]
NOW = [
    *KEY,
    "severity",
    "began_at",
    "raised_at",
    "cleared_at",
    "rule_version",
    "why",
    "ended_before",
    "why_before",
    *SAID,
]
POSITIONS = ["first", "turn", "now", "end", "hours"]


def changes(
    stored: pd.DataFrame,
    told: Course | Versions,
    assessment: Assessment,
    catalog: Catalog,
    *,
    run_id: str,
    doubtful: Collection[str] | None = None,
) -> pd.DataFrame:
    """
    New rows of FLAG_CHANGES. `stored`: those already written, of each flag at least the last; `told`: every version
    known, corrected ones too, or who asks the store for those of some values. `doubtful`: None to tell every flag with
    sentence and evidence; else with what it rests on alone, fully for these patients, whose values were corrected.
    """
    assessment = assessment.near
    both = _differing(stored, assessment)
    if both.empty:
        return shaped(pd.DataFrame(), FLAG_CHANGES)
    versions = versions_in(told.observations) if isinstance(told, Course) else told
    over = both["was_on"] & ~both["is_on"]
    # the end of a flag is told with what was said of it: nothing new need be
    now = _explained(_whole(both[both["there"] & ~over]), assessment, catalog, doubtful)
    parts = (now[NOW], both.loc[both["there"] & over, NOW])
    said = {(row.patient_id, row.flag): row for part in parts for row in part.itertuples()}
    grounds = ends_grounds(both[both["was_on"]], versions, assessment, catalog)
    pairs = both[PAIR].itertuples()
    rows = [row for pair in pairs for row in _rows(pair, said.get((pair.patient_id, pair.flag)), grounds)]
    return shaped(
        pd.DataFrame(rows, columns=[*FLAG_CHANGES]).assign(recorded_at=assessment.as_of, run_id=run_id), FLAG_CHANGES
    )


def news_of(stored: pd.DataFrame, assessment: Assessment) -> pd.DataFrame:
    """
    The flags (KEY) of which `changes` may have something new to say. `lessened`: of one that only holds with less
    severity than was written down, which is told where its evidence was corrected, and else never.
    """
    both = _differing(stored, assessment.near)
    anew = (both["raised_at"] > both["changed_at"]) | (both["ended_before"] > both["changed_at"])
    rank, was = (by_text(both[name], RANKS, np.nan) for name in ("severity", "severity_was"))
    told = both[KEY].assign(lessened=both["was_on"] & both["is_on"] & ~anew & (rank < was))
    return told.drop_duplicates(KEY)


def _differing(stored: pd.DataFrame, assessment: Assessment) -> pd.DataFrame:
    """Each flag as it was last written down beside how it stands now, where the two may differ."""
    flags = assessment.flags
    was, now = _beside(stored, flags)
    told = Beside.of(stored, flags, was, now)
    differ = np.flatnonzero(told.may_differ())
    before, after = _at_places(stored, was[differ]), _at_places(flags, now[differ])
    names = {name: before[name].where(was[differ] >= 0, after[name]) for name in KEY}
    shared = {name: f"{name}_was" for name in before.columns if name in after.columns}
    both = pd.concat([before.rename(columns=shared), after], axis=1).assign(**names, there=now[differ] >= 0)
    order = np.lexsort([ranked(both[name]) for name in KEY[::-1]])
    return both.assign(was_on=told.was_on[differ], is_on=told.is_on[differ]).take(order).reset_index(drop=True)


def _at_places(frame: pd.DataFrame, places: np.ndarray) -> pd.DataFrame:
    """The rows at these positions, a row of nothing for -1."""
    return frame.reset_index(drop=True).reindex(places).reset_index(drop=True)


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
        return Beside(
            was_on=_at(by_text(stored["change"], dict.fromkeys(HOLDING, True), False), was, False),
            is_on=_at(by_text(flags["state"], {"active": True}, False), now, False),
            there=now >= 0,
            rank_was=_at(by_text(stored["severity"], RANKS, np.nan), was, np.nan),
            rank=_at(by_text(flags["severity"], RANKS, np.nan), now, np.nan),
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
    judged: pd.DataFrame, assessment: Assessment, catalog: Catalog, doubtful: Collection[str] | None
) -> pd.DataFrame:
    if doubtful is None:
        return explained(judged, assessment, catalog)
    wanted = judged["patient_id"].isin(list(doubtful)).to_numpy()
    evidence = _values(judged, assessment)
    some = np.flatnonzero(wanted)
    for place, told in zip(some, rested(judged.take(some).reset_index(drop=True), assessment, catalog), strict=True):
        evidence[place] = told
    column = pd.Series(evidence, dtype=object)
    return judged.assign(sentence="", evidence=column, confounders=_nothing(len(judged)))


def _values(judged: pd.DataFrame, assessment: Assessment) -> list[list[dict[str, Any]]]:
    """Of each flag which values it rests on itself: enough to see whether they are still judged."""
    places = named(judged)
    some = np.array(sorted({place for one in places for place in one}), dtype=np.int64)
    told = dict(zip(some.tolist(), plain_rows(assessment.points[VALUE].take(some)), strict=True))
    return [[told[place] for place in one] for one in places]


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
