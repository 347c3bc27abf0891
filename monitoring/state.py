"""
Where every patient stands at a moment: facts from the store, judged, joined with what was said and answered before.

The command line, the dashboard and the cycle judge by the same core: reading gives the flags that a cycle at that
moment would write, so that a screen is never older than the clock. Whoever shows a whole course reads its whole
history; a ward and the cycle read as far back as the core looks (recent_course.py), which changes no flag.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import pandas as pd

from monitoring.analysis.answers import Answers, answered
from monitoring.analysis.assessment import Assessment, as_known, assess, judge
from monitoring.analysis.course import Course
from monitoring.analysis.ends import Versions, corrected
from monitoring.analysis.explain import explained
from monitoring.analysis.of_some import of_some
from monitoring.analysis.recording import KEY, news_of
from monitoring.analysis.written import moment
from monitoring.flag_news import flag_news
from monitoring.memory import uncollected
from monitoring.recent_course import shown_recently, spelled, told_recently, versions
from monitoring.terms import Catalog
from monitoring.whole_course import told
from storage import merges, queries
from storage.engine import Store
from storage.frames import FLAG_CHANGES, empty
from storage.kept import Kept
from storage.writes import record_flag_changes

FLAGS = [
    "patient_id", "flag", "severity", "state", "began_at", "raised_at", "cleared_at", "retracted_at", "rule_version",
    "sentence", "evidence", "confounders", "acknowledged", "snoozed", "answers_ended", "reason", "seq", "changed_at",
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


@dataclass(frozen=True)
class Judged:
    """How many patients were judged, and what is new of their flags (shape FLAG_CHANGES)."""

    count: int
    changes: pd.DataFrame


class Judge(Protocol):
    """Whoever judges some patients, or all; see `judged`."""

    def __call__(
        self, store: Store, catalog: Catalog, *, as_of: datetime, run_id: str, patients: list[str] | None = None
    ) -> Judged: ...


def state(
    store: Store, catalog: Catalog, *, as_of: datetime, patients: list[str] | None = None, in_words: bool = True,
    without: Collection[str] = (),
) -> WardState:  # fmt: skip
    """
    Judged of the whole history. Not `in_words`: of each flag where it stands, and neither why nor who answered.
    `without`: columns of values that nobody asks for, of analysis.course.UNJUDGED.
    """
    course = told(store, as_of=as_of, patients=patients, without=without)
    return _stands(store, catalog, course, course, as_of=as_of, patients=patients, in_words=in_words)


def recent_state(store: Store, catalog: Catalog, *, as_of: datetime, patients: list[str] | None = None) -> WardState:
    """The same flags and verdicts; what is shown beside them reaches back as far as the judgement looks."""
    course = shown_recently(store, catalog, as_of=as_of, patients=patients)
    return _stands(store, catalog, course, versions(store, as_of=as_of), as_of=as_of, patients=patients)


def _stands(
    store: Store,
    catalog: Catalog,
    course: Course,
    told: Course | Versions,
    *,
    as_of: datetime,
    patients: list[str] | None,
    in_words: bool = True,
) -> WardState:
    assessment = assess(course, catalog, as_of=as_of)
    stored = queries.flag_changes(store, as_of=as_of, patients=patients)
    merged = merges.merged(store, as_of=as_of)
    new = flag_news(stored, told, assessment, catalog, merged=merged, run_id="")
    history = pd.concat([frame for frame in (stored, new) if len(frame)] or [stored], ignore_index=True)
    if not in_words:
        return WardState(as_of, assessment, _where(history), history)
    answers = _answers(store, as_of, patients)
    return WardState(as_of, assessment, _flags(history, answers, assessment, catalog), history)


def answered_since(before: WardState, store: Store, catalog: Catalog, *, as_of: datetime) -> WardState:
    """The same judgement with what people had answered by `as_of`: an answer changes no judgement, so none is made."""
    answers = _answers(store, as_of, None)
    fresh = answered(answers, before.history, before.assessment.spans, catalog, as_of=as_of)
    bare = before.flags.drop(columns=[name for name in fresh.columns if name not in KEY])
    return replace(before, flags=bare.merge(fresh, on=KEY, how="left")[FLAGS])


def judge_and_record(
    store: Store,
    catalog: Catalog,
    *,
    as_of: datetime,
    run_id: str,
    patients: list[str] | None = None,
    judge: Judge | None = None,
) -> int:
    """
    Judge what is known at `as_of` and write what is new about the flags; the number of patients judged. `judge`: who
    does it, where it is not this process alone.
    """
    told = (judge or judged)(store, catalog, as_of=as_of, run_id=run_id, patients=patients)
    record_flag_changes(store, told.changes)
    return told.count


@uncollected()
def judged(
    store: Store,
    catalog: Catalog,
    *,
    as_of: datetime,
    run_id: str,
    patients: list[str] | None = None,
    kept: Kept | None = None,
) -> Judged:
    """What judging at `as_of` would write down; nothing is written. `kept`: what was read for it the last time."""
    course, begun = told_recently(store, catalog, as_of=as_of, patients=patients, kept=kept)
    now = moment(as_of)
    assessment = judge(as_known(course, catalog, as_of=now), catalog, as_of=now, before=begun)
    stored = queries.last_flag_changes(store, as_of=as_of, patients=patients, without=SAID)
    merged = merges.merged(store, as_of=as_of)
    joined = {*merged.into.index, *merged.parted} & {*stored["patient_id"]}
    differ = _told_anew(news_of(stored, assessment), store, joined, as_of=as_of)
    news = sorted({*differ["patient_id"], *joined})
    if not news:
        return Judged(len(course.patients), empty(FLAG_CHANGES))
    few = of_some(assessment, news)
    few = spelled(few, store, _of_news(few.flags, differ, joined), as_of=as_of)
    whole = queries.last_flag_changes(store, as_of=as_of, patients=news)
    asked = versions(store, as_of=as_of)
    changes = flag_news(whole, asked, few, catalog, merged=merged, run_id=run_id)
    return Judged(len(course.patients), changes)


def _told_anew(differ: pd.DataFrame, store: Store, joined: Collection[str], *, as_of: datetime) -> pd.DataFrame:
    """Without flags that are lessened alone: they would be worked out for nothing as long as they hold."""
    quiet = differ["lessened"] & ~differ["patient_id"].isin([*joined])
    if not quiet.any():
        return differ[KEY]
    said = queries.last_flag_changes(store, as_of=as_of, patients=sorted({*differ.loc[quiet, "patient_id"]}))
    said = said[pd.MultiIndex.from_frame(said[KEY]).isin(pd.MultiIndex.from_frame(differ.loc[quiet, KEY]))]
    anew = pd.MultiIndex.from_frame(corrected(said, versions(store, as_of=as_of)))
    return differ.loc[~quiet | pd.MultiIndex.from_frame(differ[KEY]).isin(anew), KEY]


def _of_news(flags: pd.DataFrame, differ: pd.DataFrame, joined: Collection[str]) -> pd.DataFrame:
    """Of the flags as they stand those that differ from what was said, and all of records that were joined."""
    wanted = pd.MultiIndex.from_frame(flags[KEY]).isin(pd.MultiIndex.from_frame(differ))
    return flags[wanted | flags["patient_id"].isin([*joined]).to_numpy()]


def _answers(store: Store, as_of: datetime, patients: list[str] | None) -> Answers:
    return Answers(
        queries.acknowledgements(store, as_of=as_of, patients=patients),
        queries.snoozes(store, as_of=as_of, patients=patients),
        queries.answer_ends(store, as_of=as_of, patients=patients),
    )


def _flags(history: pd.DataFrame, answers: Answers, assessment: Assessment, catalog: Catalog) -> pd.DataFrame:
    table = _where(history)
    table = table.assign(**{name: table[name].map(json.loads) for name in ("evidence", "confounders")})
    table = _as_it_stands(table, assessment, catalog)
    answer = answered(answers, history, assessment.spans, catalog, as_of=assessment.as_of)
    return table.merge(answer, on=KEY, how="left")[FLAGS]


def _where(history: pd.DataFrame) -> pd.DataFrame:
    """Where each flag stands by what was said of it last."""
    ordered = history.sort_values([*KEY, "seq"])
    last = ordered.drop_duplicates(KEY, keep="last").set_index(KEY)
    raised = ordered[ordered["change"].eq("raised")].drop_duplicates(KEY, keep="last").set_index(KEY)["changed_at"]
    return last.assign(
        state=last["change"].map(STATES),
        raised_at=raised.reindex(last.index),
        cleared_at=last["changed_at"].where(last["change"].eq("cleared")),
        retracted_at=last["changed_at"].where(last["change"].eq("retracted")),
    ).reset_index()


def _as_it_stands(table: pd.DataFrame, assessment: Assessment, catalog: Catalog) -> pd.DataFrame:
    """Sentence and evidence of active flags from the newest values; a flag known by its history alone keeps its own."""
    holding = assessment.flags[assessment.flags["state"].eq("active")]
    fresh = explained(holding, assessment, catalog)[[*KEY, *SAID]]
    both = table.merge(fresh, on=KEY, how="left", suffixes=("", "_now"))
    renewed = both["state"].eq("active") & both["sentence_now"].notna()
    return table.assign(**{name: both[name].where(~renewed, both[f"{name}_now"]).array for name in SAID})
