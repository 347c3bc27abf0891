"""From when until when each patient was watched, and what cycles at every step of that time would have said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from monitoring.analysis.assessment import Assessment
from monitoring.analysis.course import Course, only, received
from monitoring.analysis.matching import of_each
from monitoring.analysis.moments import assess_each
from monitoring.analysis.recording import HOLDING, changes
from monitoring.analysis.replay import AT_ONCE, HAPPENED, RESPONSES, Said
from monitoring.terms import Catalog

DAY = pd.Timedelta(days=1)
RAISINGS = ["patient_id", "flag", "severity", "raised_at", "ended_at"]
Step = tuple[Course, pd.Timestamp]


@dataclass(frozen=True)
class Watched:
    """`raisings` (RAISINGS, a row each; ended_at NaT while it holds) and the last `verdicts` given (RESPONSES)."""

    raisings: pd.DataFrame
    verdicts: pd.DataFrame
    steps: int


def stays(course: Course, *, since: pd.Timestamp | None, until: pd.Timestamp) -> pd.DataFrame:
    """
    Per patient (the index) came_at and left_at: from the first that was received, or `since`, to the discharge, else a
    day past the last that was received (silence is judged too), at most `until`. Who was not there then is left out.
    """
    told = [getattr(course, name)[["patient_id", "received_at"]] for name in HAPPENED]
    found = pd.concat([frame for frame in told if len(frame)] or told[:1]).groupby("patient_id")["received_at"]
    first, last = found.min(), found.max() + DAY
    left = _discharged(course.patients).reindex(last.index)
    last = last.where(left.isna(), left)
    came = first if since is None else first.where(first >= since, since)
    stay = pd.DataFrame({"came_at": came, "left_at": last.where(last <= until, until)})
    return stay[stay["came_at"] < stay["left_at"]]


def patient_days(stay: pd.DataFrame) -> float:
    return float((stay["left_at"] - stay["came_at"]).dt.total_seconds().sum()) / 86400.0


def watched(course: Course, catalog: Catalog, *, stay: pd.DataFrame, every: pd.Timedelta) -> Watched:
    """All patients judged at each step with what had been received by then, and nothing later."""
    said, verdicts, steps = Said(), [], 0
    for batch in _batches(course, stay, every):
        for (told, _), assessment in zip(batch, assess_each(batch, catalog), strict=True):
            before = said.last_of(told.patients["patient_id"])
            said.add(changes(before, told, assessment, catalog, run_id=""))
            verdicts.append(_given(assessment))
        steps += len(batch)
    return Watched(_raisings(said.all()), _last(verdicts), steps)


def _discharged(patients: pd.DataFrame) -> pd.Series:
    """When each patient left who has not come back."""
    told = patients.set_index("patient_id")
    return told["discharged_at"].mask(told["admitted_at"] > told["discharged_at"])


def _batches(course: Course, stay: pd.DataFrame, every: pd.Timedelta) -> Iterator[list[Step]]:
    """The steps in order, as many together as AT_ONCE allows; a step at which nobody is there is none."""
    batch: list[Step] = []
    size = 0
    for now in pd.date_range(stay["came_at"].min(), stay["left_at"].max() + every, freq=every) if len(stay) else ():
        here = stay.index[(stay["came_at"] <= now) & (stay["left_at"] > now - every)]
        if here.empty:
            continue
        told = received(only(course, here.tolist()), as_of=now)
        if batch and size + len(told.observations) > AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append((told, now))
        size += len(told.observations)
    if batch:
        yield batch


def _given(assessment: Assessment) -> pd.DataFrame:
    told = assessment.verdicts
    return told.loc[told["verdict"] != "too_early", RESPONSES] if len(told) else pd.DataFrame(columns=RESPONSES)


def _last(verdicts: list[pd.DataFrame]) -> pd.DataFrame:
    told = [frame for frame in verdicts if len(frame)]
    if not told:
        return pd.DataFrame(columns=RESPONSES)
    return pd.concat(told, ignore_index=True).drop_duplicates(["patient_id", "t0", "hours"], keep="last")


def _raisings(said: pd.DataFrame) -> pd.DataFrame:
    """Every raising at its worst, with the clearing or retraction that followed it."""
    told = said.sort_values(["patient_id", "flag", "seq"], ignore_index=True)
    told["number"] = told["change"].eq("raised").cumsum()
    holding = told["change"].isin(HOLDING)
    ends = told[~holding].drop_duplicates("number").set_index("number")["changed_at"]
    worst = told[holding].drop_duplicates("number", keep="last").set_index("number")["severity"]
    raised = told[told["change"].eq("raised")].rename(columns={"changed_at": "raised_at"})
    number = raised["number"]
    return raised.assign(ended_at=of_each(number, ends), severity=of_each(number, worst))[RAISINGS].reset_index(
        drop=True
    )
