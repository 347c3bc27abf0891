"""
Who is here, on which line, and which flags hold, without reading or judging more than these rest on: doses and sizes
for the line, a word a patient for the newest result, and for the flags what a cycle would judge and say.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd

from monitoring.analysis.administrations import SIZES
from monitoring.analysis.course import Course, known
from monitoring.analysis.recording import KEY
from monitoring.analysis.written import moment
from monitoring.measured import Measured, measured
from monitoring.recent_course import EVER, FIRST
from monitoring.state import STATES, judged
from monitoring.terms import Catalog
from storage import last_drawn, merges, queries
from storage.engine import Store


def standing(store: Store, catalog: Catalog, *, as_of: datetime, patients: list[str] | None = None) -> Measured:
    """Of observations it has the weights and heights, and the temperatures that an examiner wrote down."""
    told = Course(
        patients=queries.patients(store, as_of=as_of, patients=patients),
        observations=queries.observations(store, as_of=as_of, patients=patients, analytes=[*SIZES]),
        doses=queries.doses(store, as_of=as_of, patients=patients),
        findings=queries.findings(store, as_of=as_of, patients=patients),
    )
    return measured(told, catalog, as_of=as_of).assessment


def newest_drawn(store: Store, found: Measured, *, as_of: datetime) -> pd.Series:
    """Patient -> when the newest value that stands was drawn; nobody is in it of whom nothing was measured."""
    names, joined = found.course.patients["patient_id"], merges.merged(store, as_of=as_of)
    several = sorted({*joined.into, *joined.into.index})  # whose versions count across both records
    alone = names[~names.isin(several)]
    stretches = pd.DataFrame({"patient_id": alone, "since": FIRST, "until": EVER})
    drawn = last_drawn.newest(store, stretches, as_of=as_of, without=()).rename(columns={"drawn_at": "collected_at"})
    told = [drawn, found.course.observations[["patient_id", "collected_at"]]]
    if both := sorted({*names} & {*several}):
        course = replace(found.course, observations=queries.observations(store, as_of=as_of, patients=both))
        told.append(known(course, as_of=moment(as_of)).observations[["patient_id", "collected_at"]])
    return pd.concat(told, ignore_index=True).groupby("patient_id")["collected_at"].max()


def holding(store: Store, catalog: Catalog, *, as_of: datetime, patients: list[str] | None = None) -> pd.DataFrame:
    """patient_id and flag of what holds then: what was said, and what a cycle at that moment would say beside it."""
    said = queries.last_flag_changes(store, as_of=as_of, patients=patients)
    news = judged(store, catalog, as_of=as_of, run_id="", patients=patients).changes
    both = pd.concat([frame for frame in (said, news) if len(frame)] or [said], ignore_index=True)
    last = both.sort_values([*KEY, "seq"]).drop_duplicates(KEY, keep="last")
    return last.loc[last["change"].map(STATES).eq("active"), KEY]
