"""
Whether what was said of flags follows from the facts: judged again as of the moments at which it was written down.

All of a patient's history is read for it, not only as far back as the cycle looks: another way to the same answer.
What was said under another version of a rule is counted and left alone, since that rule stands here no more; and of
moments at which another catalog judged, what this one would not have said is counted, and what it would have said as
well is no difference: a rule of the same version may have stood beside others then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pandas as pd

from monitoring.analysis.assessment import assess
from monitoring.flag_news import flag_news
from monitoring.in_force import since
from monitoring.terms import Catalog
from monitoring.whole_course import told
from storage import integrity, merges, queries
from storage.engine import Store

FLAG = ["patient_id", "flag"]
CHANGE = [*FLAG, "seq"]
SAID = ["change", "severity", "changed_at"]
BEFORE = timedelta(microseconds=1)
UNWRITTEN = "judged and not written"


@dataclass
class Verified:
    """
    `moments` looked at, with the `changes` written down then; `other_version`: of those, what another version of its
    rule said; `other_catalog`: what another catalog said and this one would not say so. `differing`: CHANGE,
    recorded_at, and `found` "written and not judged", "judged and not written" or "judged otherwise".
    """

    moments: int = 0
    changes: int = 0
    other_version: int = 0
    other_catalog: int = 0
    differing: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=[*CHANGE, "recorded_at", "found"]))


def verified(store: Store, catalog: Catalog, *, last: int | None, now: datetime) -> Verified:
    """The `last` moments (None: all) at which anything was said, and whether anything was left unsaid since."""
    written = integrity.said_at(store, last=last)
    whole, ruled_since = Verified(len(written)), since(store, catalog)
    for moment in written:
        found = _at(store, catalog, moment.to_pydatetime(), whole)
        if moment >= ruled_since:
            _also(whole, found)
        else:
            whole.other_catalog += int(found["found"].ne(UNWRITTEN).sum())
    began = integrity.last_cycle(store)
    if began is not None and began >= ruled_since:
        _also(whole, _unsaid(store, catalog, began, now))
    return whole


def _also(whole: Verified, found: pd.DataFrame) -> None:
    """What follows from a difference that was found already is no second one."""
    news = _without(found, whole.differing) if len(found) else found
    parts = [part for part in (whole.differing, news) if len(part)]
    whole.differing = pd.concat(parts, ignore_index=True) if parts else whole.differing


def _at(store: Store, catalog: Catalog, moment: datetime, whole: Verified) -> pd.DataFrame:
    """Of those of whom something was said at that moment."""
    written = integrity.said(store, moment)
    judged = _news(store, catalog, moment, moment - BEFORE, sorted(set(written["patient_id"])))
    judged = judged[judged["patient_id"].isin(written["patient_id"])]
    before = queries.last_flag_changes(store, as_of=moment - BEFORE, patients=sorted(set(written["patient_id"])))
    stale, was_stale = _stale(written, catalog), _stale(before, catalog)
    whole.changes += len(written)
    whole.other_version += int(stale.sum())
    others = pd.concat([written.loc[stale, FLAG], before.loc[was_stale, FLAG]])
    parts = [_without(frame, others) for frame in (written, judged)]
    return _differing(*parts).assign(recorded_at=moment)


def _unsaid(store: Store, catalog: Catalog, began: datetime, now: datetime) -> pd.DataFrame:
    """
    What the last cycle, which `began` then, should have written down and nobody has since; what came or was due after
    it is no fault.
    """
    last = queries.last_flag_changes(store, as_of=now)
    judged = _without(_news(store, catalog, began, now, None), last[_stale(last, catalog)])
    judged = judged[judged["changed_at"].le(began)]
    return _differing(judged.iloc[:0], judged).assign(recorded_at=began)


def _stale(said: pd.DataFrame, catalog: Catalog) -> pd.Series:
    versions = {code: rule.version for code, rule in catalog.rules.items()}
    return said["rule_version"].ne(said["flag"].map(versions))


def _without(frame: pd.DataFrame, flags: pd.DataFrame) -> pd.DataFrame:
    return frame[~pd.MultiIndex.from_frame(frame[FLAG]).isin(pd.MultiIndex.from_frame(flags[FLAG]))]


def _news(
    store: Store, catalog: Catalog, as_of: datetime, said_by: datetime, patients: list[str] | None
) -> pd.DataFrame:
    course = told(store, as_of=as_of, patients=patients)
    assessment = assess(course, catalog, as_of=as_of)
    stored = queries.flag_changes(store, as_of=said_by, patients=patients)
    return flag_news(stored, course, assessment, catalog, merged=merges.merged(store, as_of=as_of), run_id="")


def _differing(written: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    both = written[CHANGE + SAID].merge(
        judged[CHANGE + SAID], on=CHANGE, how="outer", suffixes=("", "_judged"), indicator="found"
    )
    same = pd.concat([both[name].eq(both[f"{name}_judged"]) for name in SAID], axis=1).all(axis=1)
    words = {"left_only": "written and not judged", "right_only": UNWRITTEN, "both": "judged otherwise"}
    return both.assign(found=both["found"].astype("str").map(words))[~same][[*CHANGE, "found"]]
