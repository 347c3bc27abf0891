"""
What became known of every patient since it was last seen on rounds. Frames in, plain rows out; imports no streamlit.

"Since" is the last mark that nobody took back, else the last day. News is what was received after it, whenever it was
drawn or given: a result that came late is as new as one drawn a minute ago.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd

from dashboard.bedside import Row, Rows, rows_of
from monitoring.analysis.lines import RANK
from monitoring.terms import LINES
from storage import queries, talk
from storage.engine import Store
from storage.frames import TEXT, TIME, shaped
from storage.rounds import amended, rounds, standing

UNMARKED: Final = timedelta(hours=24)
ANSWERS: Final = {
    "patient_id": TEXT, "flag": TEXT, "at": TIME, "by": TEXT, "kind": TEXT, "words": TEXT, "until": TIME,
}  # fmt: skip
NEWS: Final = (
    "patient_id", "analyte", "value", "comparator", "collected_at", "received_at", "segment", "usable",
    "confounded_by", "ref", "series",
)  # fmt: skip
JUDGED_BY: Final = ("evidence", "confounders")  # of a flag's earlier changes nobody shows it
BEFORE: Final = {"value": "was", "comparator": "was_comparator", "collected_at": "was_at", "segment": "was_segment"}
Amended = Callable[..., pd.DataFrame]


@dataclass(frozen=True)
class Told:
    """
    What people said, and what laboratories took back: frames of their shapes in storage. `marks`: what stands.

    `count` is of everything ever said and taken back: another number, another state of things.
    """

    count: int
    marks: pd.DataFrame
    amended: pd.DataFrame
    acknowledgements: pd.DataFrame
    snoozes: pd.DataFrame
    comments: pd.DataFrame


@dataclass(frozen=True)
class Since:
    """
    One patient's news, each a plain row; see the functions of the same names for their columns.

    `by` is who marked the patient as seen, empty where nobody did and the last day counts. `values`: how many new ones
    there are in `results`. `notes`: the newest first.
    """

    at: pd.Timestamp
    by: str
    values: int = 0
    results: Sequence[Row] = ()
    withdrawn: Rows = ()
    flags: Rows = ()
    doses: Rows = ()
    line_before: str = ""
    answers: Rows = ()
    findings: Sequence[Row] = ()
    notes: Rows = ()

    @property
    def marked(self) -> bool:
        return self.by != ""


def told(store: Store, *, as_of: datetime, amended: Amended = amended) -> Told:
    """
    Everything a round needs beside the state of the ward: one read a kind, whoever is on the ward. `amended`: how what
    laboratories changed is read, which takes the longest by far.
    """
    every = rounds(store, as_of=as_of)
    marks = standing(every)
    seen = marks.loc[marks["done"].eq(1)].groupby("patient_id")["at"].max()
    # the longest ago that anybody was seen; what changed before is no news to anybody
    since = min([pd.Timestamp(as_of) - UNMARKED, *seen.tolist()]).to_pydatetime()
    # the same for all who ask within the hour; what is older than asked for is left out later
    since = since.replace(minute=0, second=0, microsecond=0)
    said = {
        "amended": amended(store, since=since, as_of=as_of),
        "acknowledgements": queries.acknowledgements(store, as_of=as_of),
        "snoozes": queries.snoozes(store, as_of=as_of),
        "comments": talk.comments(store, as_of=as_of),
    }
    return Told(len(every) + sum(len(frame) for frame in said.values()), marks, **said)


def since_rounds(state: Any, told: Told) -> dict[str, Since]:
    """Everybody's news at the moment of `state` (a WardState)."""
    said, course = state.assessment, state.assessment.course
    if course.patients.empty:
        return {}
    seen = _last_seen(course.patients["patient_id"], told.marks, state.as_of)
    at = seen["at"]
    parts = {
        "results": _by_patient(results(said.points, told.amended, at)),
        "withdrawn": _by_patient(withdrawn(said.points, told.amended, at)),
        "flags": _by_patient(flags(state.history, at)),
        "doses": _by_patient(doses(course.doses, said.spans, at, as_of=state.as_of)),
        "answers": _by_patient(answers(told, at)),
        "findings": _by_patient(findings(course.findings, at)),
        "notes": _by_patient(_notes(told.marks)),
    }
    before = lines_before(said.spans, at)
    return {
        patient: Since(
            at=row["at"],
            by=row["by"],
            values=sum(int(one["count"]) for one in parts["results"].get(patient, ())),
            line_before=before.get(patient, "none"),
            **{name: rows.get(patient, ()) for name, rows in parts.items()},
        )
        for patient, row in zip(seen.index, rows_of(seen), strict=True)
    }


def results(points: pd.DataFrame, amended: pd.DataFrame, at: pd.Series) -> pd.DataFrame:
    """
    One row a patient and analyte with new values: the newest of them as in `points`, `count` of new ones, the newest
    value known before (was, was_comparator, was_at, was_segment) and, of one that was corrected, `corrected_from`.
    """
    slim = points[list(NEWS)]
    new = _after(slim[slim["received_at"] > at.min()], "received_at", at)
    if new.empty:
        return new.assign(count=0, corrected_from=float("nan"), **dict.fromkeys(BEFORE.values(), float("nan")))
    # points come in order of series and time, and a number tells series apart faster than two texts do
    of_these = slim[slim["series"].isin(new["series"].unique())]
    known = of_these[~of_these.index.isin(new.index)]
    last = known.drop_duplicates("series", keep="last")[["series", *BEFORE]].rename(columns=BEFORE)
    counted = new.assign(count=new.groupby("series")["value"].transform("size"))
    newest = counted.drop_duplicates("series", keep="last").merge(last, on="series", how="left")
    old = _as_known(amended, at)[["patient_id", "ref", "value"]].rename(columns={"value": "corrected_from"})
    return newest.merge(old, on=["patient_id", "ref"], how="left")


def withdrawn(points: pd.DataFrame, amended: pd.DataFrame, at: pd.Series) -> pd.DataFrame:
    """Values known at the last rounds that a laboratory has taken back since: as they were."""
    old = _as_known(amended, at)
    here = points[["patient_id", "ref"]].drop_duplicates()
    both = old.merge(here, on=["patient_id", "ref"], how="left", indicator=True)
    return both[both["_merge"].eq("left_only")].drop(columns="_merge")


def _as_known(amended: pd.DataFrame, at: pd.Series) -> pd.DataFrame:
    """The version of each changed value that was known at the last rounds, of those that changed after."""
    since = amended["patient_id"].map(at)
    before = amended[amended["received_at"] <= since].drop_duplicates(["patient_id", "ref"], keep="last")
    later = amended.loc[amended["received_at"] > since, ["patient_id", "ref"]].drop_duplicates()
    return before.merge(later, on=["patient_id", "ref"])


def flags(history: pd.DataFrame, at: pd.Series) -> pd.DataFrame:
    """One row a patient and flag that changed: its last change, and `changes`, all of them in order ("raised", …)."""
    told = history.drop(columns=list(JUDGED_BY), errors="ignore")
    new = _after(told, "recorded_at", at).sort_values(["patient_id", "flag", "seq"])
    key = ["patient_id", "flag"]
    every = new.groupby(key, sort=False)["change"].agg(list)  # in the order of the rows beside them
    return new.drop_duplicates(key, keep="last").assign(changes=every.to_numpy(dtype=object))


def doses(doses: pd.DataFrame, spans: pd.DataFrame, at: pd.Series, *, as_of: datetime) -> pd.DataFrame:
    """Spans that became known, or ended, since: as in `spans`, with `stopped` and the dose's `received_at`."""
    received = doses[["patient_id", "ref", "received_at"]]
    known = spans.merge(received, on=["patient_id", "ref"], how="left")
    since = known["patient_id"].map(at)
    stopped = (known["started_at"] <= since) & (known["ended_at"] > since) & (known["ended_at"] <= as_of)
    told = known.assign(stopped=stopped)[(known["received_at"] > since) | stopped]
    return told.sort_values("started_at", kind="stable")


def lines_before(spans: pd.DataFrame, at: pd.Series) -> dict[str, str]:
    """The line each patient was on at the last rounds, as is known now; those on none are left out."""
    since = spans["patient_id"].map(at)
    on = spans[spans["line"].ne("none") & (spans["started_at"] <= since) & (spans["on_until"] > since)]
    top = on["line"].map(RANK).groupby(on["patient_id"]).max()
    return {str(patient): LINES[int(rank)] for patient, rank in top.items()}


def answers(told: Told, at: pd.Series) -> pd.DataFrame:
    """What people answered to flags: patient_id, flag, at, by, kind ("seen", "snoozed", "said"), words, until."""
    kinds = (
        told.acknowledgements.assign(kind="seen").rename(columns={"reason": "words"}),
        told.snoozes.assign(kind="snoozed").rename(columns={"reason": "words"}),
        told.comments.assign(kind="said").rename(columns={"text": "words"}),
    )
    said = pd.concat([shaped(kind, ANSWERS) for kind in kinds], ignore_index=True)
    return _after(said, "at", at).sort_values("at", kind="stable")


def findings(findings: pd.DataFrame, at: pd.Series) -> pd.DataFrame:
    """The newest of each finding, with `new`: known only since the last rounds."""
    last = newest_findings(findings)
    return last.assign(new=last["received_at"] > last["patient_id"].map(at))


def newest_findings(findings: pd.DataFrame) -> pd.DataFrame:
    """The last of each kind that was seen of each patient."""
    return findings.sort_values("observed_at", kind="stable").drop_duplicates(["patient_id", "finding"], keep="last")


def _notes(marks: pd.DataFrame) -> pd.DataFrame:
    return marks[marks["note"].ne("")].sort_values("at", ascending=False, kind="stable")


def _last_seen(patients: Iterable[str], marks: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """By patient: at, by."""
    done = marks[marks["done"].eq(1)].sort_values("at", kind="stable").drop_duplicates("patient_id", keep="last")
    seen = done.set_index("patient_id")[["at", "by"]].reindex(list(patients))
    since = seen["at"].fillna(pd.Timestamp(as_of) - UNMARKED)
    return seen.assign(at=since, by=seen["by"].fillna("").astype(str))


def _after(frame: pd.DataFrame, column: str, at: pd.Series) -> pd.DataFrame:
    return frame[frame[column] > frame["patient_id"].map(at)]


def _by_patient(frame: pd.DataFrame) -> Mapping[str, Rows]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows_of(frame):
        found[str(row["patient_id"])].append(row)
    return {patient: tuple(rows) for patient, rows in found.items()}
