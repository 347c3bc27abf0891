"""
Everybody judged and what is new written down: by all of history or, when asked, by no more of it than it takes.

The last days are enough for most patients: what was said before stands in the stored history. Of whom they are not
enough, all is read; and so it is for everybody when the last judgement is long ago, or was made by other rules.

Nothing asks for it yet (`whole` is True everywhere): on random wards of long stays a few flags still come out otherwise
than by all of history, and a judgement that is quick and sometimes wrong is worth nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pandas as pd

from monitoring.analysis.assessment import Assessment, assess
from monitoring.analysis.course import UNJUDGED, Course
from monitoring.analysis.earlier_said import HOLDS, Earlier
from monitoring.analysis.in_doubt import HOLDING, Seen, in_doubt
from monitoring.analysis.lookback import EXACT, OF_SERIES, Lookback, lookback
from monitoring.analysis.recording import changes
from monitoring.analysis.written import moment
from monitoring.reading import told
from monitoring.terms import Catalog
from storage import history, queries
from storage.engine import Store
from storage.writes import record_flag_changes, record_judgement

NOTED_HOURS = 1.0  # judgements that follow each other sooner need not each be noted


def judge_and_record(
    store: Store,
    catalog: Catalog,
    *,
    as_of: datetime,
    run_id: str,
    patients: list[str] | None = None,
    whole: bool = True,
) -> int:
    """
    Judge what is known at `as_of` and write what is new about the flags; the number of patients judged. Of named
    `patients`, and with `whole` of everybody, all of history is read; otherwise no more of it than it takes.
    """
    now = moment(as_of)
    judged_at = history.last_judged(store, rules=catalog.version, as_of=as_of)
    span = None if whole or patients is not None else lookback(catalog, as_of=now, judged_at=_moment(judged_at))
    ward = _Ward(store, catalog, as_of, run_id)
    count = ward.whole(patients) if span is None else ward.recent(span)
    if patients is None and (judged_at is None or as_of - judged_at >= pd.Timedelta(hours=NOTED_HOURS)):
        record_judgement(store, as_of=as_of, rules=catalog.version, run_id=run_id)
    return count


def _moment(at: datetime | None) -> pd.Timestamp | None:
    return None if at is None else moment(at)


def last_days(store: Store, *, as_of: datetime, span: Lookback) -> Course:
    """What was told of everybody's last days; of doses, persons and weights all that ever was."""
    course = told(store, as_of=as_of, since=span.since, without=UNJUDGED)
    sizes = history.sizes(store, before=span.since, as_of=as_of, without=UNJUDGED)
    if sizes.empty:
        return course
    return replace(course, observations=pd.concat([sizes, course.observations], ignore_index=True))


class _Ward:
    def __init__(self, store: Store, catalog: Catalog, as_of: datetime, run_id: str) -> None:
        self.store, self.catalog, self.as_of, self.run_id = store, catalog, as_of, run_id

    def whole(self, patients: list[str] | None) -> int:
        """Judged by all that is known of these patients; None: of everybody."""
        course = told(self.store, as_of=self.as_of, patients=patients, without=UNJUDGED)
        said = queries.last_flag_changes(self.store, as_of=self.as_of, patients=patients)
        self._write(said, course, assess(course, self.catalog, as_of=self.as_of))
        return len(course.patients)

    def recent(self, span: Lookback) -> int:
        """Judged by the last days, and by all that is known where these are not enough."""
        course = last_days(self.store, as_of=self.as_of, span=span)
        said = queries.last_flag_changes(self.store, as_of=self.as_of)
        longer = history.older(self.store, before=span.since, as_of=self.as_of)
        seen = assess(course, self.catalog, as_of=self.as_of, earlier=_earlier(said, longer, span, self.catalog))
        doubted = longer & self._doubted(course, seen, said, span)
        if doubted:
            self.whole(sorted(doubted))
        certain = _without(doubted, longer, said, seen, self.catalog)
        self._write(certain[0], course, certain[1])
        return len(course.patients)

    def _doubted(self, course: Course, seen: Assessment, said: pd.DataFrame, span: Lookback) -> frozenset[str]:
        corrected = history.corrections(self.store, as_of=self.as_of)
        late = history.late(self.store, before=span.trusted, since=span.heard, as_of=self.as_of)
        return late | in_doubt(Seen(course, seen, said, corrected, span, self.catalog))

    def _write(self, said: pd.DataFrame, course: Course, assessment: Assessment) -> None:
        record_flag_changes(self.store, changes(said, course, assessment, self.catalog, run_id=self.run_id))


def _earlier(said: pd.DataFrame, longer: frozenset[str], span: Lookback, catalog: Catalog) -> Earlier:
    # who leaves takes the flag off the list; the values it rests on are no less out of order for that
    left = said["change"].eq("cleared") & said["reason"].eq(catalog.phrases["endings"]["discharged"])
    on = said["change"].isin(HOLDING) | left
    mine = said["patient_id"].isin(longer) & on & _of_kinds(said, OF_SERIES, catalog)
    return Earlier(since=span.trusted, patients=longer, standing=said.loc[mine, HOLDS])


def _without(
    doubted: frozenset[str], longer: frozenset[str], said: pd.DataFrame, seen: Assessment, catalog: Catalog
) -> tuple[pd.DataFrame, Assessment]:
    """What was said and what is seen, where the last days are enough to compare them."""
    flags = seen.flags[~seen.flags["patient_id"].isin(doubted)]
    flags = flags[~flags["patient_id"].isin(longer) | _of_kinds(flags, EXACT, catalog)]
    said = said[~said["patient_id"].isin(doubted)]
    # a flag of a series without a value in these days goes on as it is
    silent = _of_kinds(said, OF_SERIES, catalog) & ~_keys(said).isin(_keys(flags))
    said = said[~said["patient_id"].isin(longer) | (_of_kinds(said, EXACT, catalog) & ~silent)]
    return said, replace(seen, flags=flags.reset_index(drop=True))


def _of_kinds(frame: pd.DataFrame, kinds: Sequence[str], catalog: Catalog) -> pd.Series:
    return frame["flag"].map({code: rule.kind for code, rule in catalog.rules.items()}).isin(kinds)


def _keys(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[["patient_id", "flag"]])
