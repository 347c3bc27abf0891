"""
What a judgement needs of the store and no more: as far back as it looks (analysis/lookback.py), in the columns it asks.

Judging what is read here says of every flag what judging the whole history says, since the core itself looks no
further back; a test holds both beside each other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.columns import by_text, moments, spans, utc
from monitoring.analysis.course import TOLD, UNJUDGED, Course, unread
from monitoring.analysis.ends import Versions
from monitoring.analysis.lookback import NO_RESULT, Begun, Sight, around, asked_of, begun, reach, recent_doses
from monitoring.analysis.resting import rested_on
from monitoring.analysis.spans import unions
from monitoring.analysis.temperatures import FINDING, with_temperatures
from monitoring.analysis.written import moment
from monitoring.terms import Catalog
from storage import cited, last_drawn, queries, recent
from storage.engine import Store
from storage.frames import OBSERVATIONS, empty
from storage.kept import Kept
from storage.versions import current, one_per_administration

FIRST = pd.Timestamp(0, tz="UTC")
FAR = np.datetime64("9999-01-01", "us")
EVER = pd.Timestamp(FAR, tz="UTC")  # the same at each judgement: what is asked again is known by it


def told_recently(
    store: Store,
    catalog: Catalog,
    *,
    as_of: datetime,
    patients: list[str] | None = None,
    shown: bool = False,
    kept: Kept | None = None,
) -> tuple[Course, Begun]:
    """
    The course to judge, its observations without the columns that no judgement asks, and what follows from its doses.
    `shown`: with them, and with the values of responses that are told and no longer judged. `kept`: what was read for
    the judgement before.
    """
    bare: Collection[str] = () if shown else unread(catalog)
    now, far = moment(as_of), reach(catalog)
    people = queries.patients(store, as_of=as_of, patients=patients)
    if kept is not None:
        kept.begin(store, people["patient_id"].tolist(), as_of=as_of)
    sight = _sight(store, people["patient_id"], now, kept)
    back = _since(people["patient_id"], sight, far.doses)
    unasked = () if shown else UNJUDGED
    doses = recent_doses(recent.doses(store, back, as_of=as_of, without=unasked, kept=kept), sight, catalog)
    sizes = recent.sizes(store, back, as_of=as_of, without=bare, kept=kept)
    doses = one_per_administration(current(doses))
    before = begun(Course(people, current(sizes), doses, pd.DataFrame()), sight, catalog)
    read = _joined(
        [
            _since(people["patient_id"], sight, far.values),
            around(before.starts if shown else before.judged, sight, catalog),
        ]
    )
    before_that = _before(people["patient_id"], sight, far.values)
    cut = last_drawn.newest(store, before_that, as_of=as_of, without=NO_RESULT, kept=kept)
    read = _joined([read, cut.assign(since=cut["drawn_at"], until=cut["drawn_at"])[["patient_id", "since", "until"]]])
    weighed = None if shown or catalog.laboratories else asked_of(catalog)  # of each laboratory a series may break
    if weighed is not None:
        read = read.assign(whole_from=_whole_from(read, sight, cut))
    values = recent.observations(store, read, as_of=as_of, without=bare, analytes=weighed, kept=kept)
    if weighed is not None and len(several := _several_names(values, weighed)):
        theirs = read[read["patient_id"].isin(several)]
        whole = recent.observations(store, theirs, as_of=as_of, without=bare, kept=kept)
        values = pd.concat([values[~values["patient_id"].isin(several)], whole], ignore_index=True)
    findings = recent.findings(store, read, as_of=as_of, name=FINDING, kept=kept)
    return Course(people, _with(values, sizes), doses, findings), before


def shown_recently(store: Store, catalog: Catalog, *, as_of: datetime, patients: list[str] | None = None) -> Course:
    """The same with every column and every finding, to be judged and shown."""
    course, _ = told_recently(store, catalog, as_of=as_of, patients=patients, shown=True)
    return replace(course, findings=queries.findings(store, as_of=as_of, patients=patients))


def spelled(assessment: Assessment, store: Store, flags: pd.DataFrame, *, as_of: datetime) -> Assessment:
    """With what the evidence of some flags says of their values: the texts as reported, and the unit."""
    drawn = rested_on(flags, assessment, assessment.catalog)
    measured = with_temperatures(replace(assessment.course, observations=empty(OBSERVATIONS)), assessment.catalog)
    both = [cited.versions(store, drawn, as_of=as_of), measured.observations]
    told = pd.concat([part for part in both if len(part)] or both[:1], ignore_index=True)
    texts = told[["patient_id", "ref", "version", "source", *TOLD]].drop_duplicates(["patient_id", "ref", "version"])
    points = _filled(assessment.points, texts)
    same = assessment.marker_points is assessment.points
    return replace(
        assessment, points=points, marker_points=points if same else _filled(assessment.marker_points, texts)
    )


def versions(store: Store, *, as_of: datetime) -> Versions:
    """Every version of some values, asked of the store when somebody wants to know."""
    return lambda drawn: cited.versions(store, drawn, as_of=as_of)


def _sight(store: Store, patients: pd.Series, now: pd.Timestamp, kept: Kept | None) -> Sight:
    ever = pd.DataFrame({"patient_id": patients, "since": FIRST, "until": EVER})
    found = last_drawn.newest(store, ever, as_of=now, without=NO_RESULT, kept=kept)
    drawn = np.minimum(moments(found["drawn_at"]), moments(pd.Series([now]))[0]).astype(np.int64)
    return Sight(now, dict(zip(found["patient_id"], drawn.tolist(), strict=True)))


def _since(patients: pd.Series, sight: Sight, hours: float) -> pd.DataFrame:
    """Of each patient from so many hours before the newest result until ever."""
    begins = utc(sight.before(patients, hours))
    return pd.DataFrame({"patient_id": patients.array, "since": begins, "until": EVER})


def _before(patients: pd.Series, sight: Sight, hours: float) -> pd.DataFrame:
    ends = utc(sight.before(patients, hours) - spans(0.0) - np.timedelta64(1, "us"))
    return pd.DataFrame({"patient_id": patients.array, "since": FIRST, "until": ends})


def _joined(stretches: list[pd.DataFrame]) -> pd.DataFrame:
    """Stretches that overlap are one, so that nothing is read twice."""
    told = pd.concat([part for part in stretches if len(part)] or stretches[:1], ignore_index=True)
    named = told.rename(columns={"since": "started_at", "until": "on_until"})
    return unions(named, ["patient_id"]).rename(columns={"started_at": "since", "on_until": "until"})


def _whole_from(read: pd.DataFrame, sight: Sight, cut: pd.DataFrame) -> pd.DatetimeIndex:
    """From when on each stretch is read with what no rule weighs: at the results that say how far is looked back."""
    since, until = moments(read["since"]), moments(read["until"])
    before = moments(cut.set_index("patient_id")["drawn_at"].reindex(read["patient_id"]))
    told = np.full(len(read), FAR)
    for drawn in (sight.before(read["patient_id"], 0.0), before):
        told = np.where((drawn >= since) & (drawn <= until), drawn, told)
    return utc(told)


def _several_names(values: pd.DataFrame, weighed: Collection[str]) -> np.ndarray:
    """
    Patients of whom a series no rule weighs names two methods or two specimens: all of it is read, since a break of it
    is told.
    """
    rest = ~by_text(values["analyte"], dict.fromkeys(weighed, True), False).astype(bool)
    series, names = ["patient_id", "analyte"], ["method", "specimen"]
    told = values.loc[rest, [*series, *names]].replace(dict.fromkeys(names, ""), None).groupby(series)[names].nunique()
    return told.index[(told > 1).any(axis=1)].get_level_values("patient_id").unique().to_numpy()


def _with(values: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """With the weights and heights that were measured before."""
    if sizes.empty:
        return values
    told = pd.concat([sizes, values], ignore_index=True)
    return told.drop_duplicates(["patient_id", "ref", "version"], ignore_index=True)


def _filled(points: pd.DataFrame, texts: pd.DataFrame) -> pd.DataFrame:
    bare = points.drop(columns=[name for name in ("source", *TOLD) if name in points])
    return bare.merge(texts, on=["patient_id", "ref", "version"], how="left")
