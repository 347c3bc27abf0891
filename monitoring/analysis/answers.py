"""
What people answered to flags, and what became of it: in force, or ended and by what.

An answer is given to one change of a flag. It ends with the first of these: the flag's next change (it worsened, or
ended), a higher line of treatment begun after the answer, its being taken back, another of its kind, and for a snooze
its time. It never hides a flag and never ends one. What ended an answer is found from the facts known at `as_of`, so
a dose entered in error and withdrawn has ended nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from monitoring.analysis.lines import RANK
from monitoring.analysis.recording import HOLDING, KEY
from monitoring.analysis.written import moment
from monitoring.terms import Catalog
from storage.frames import SNOOZES, shaped

ACKNOWLEDGED, SNOOZED = "acknowledged", "snoozed"
SAID = {ACKNOWLEDGED: ["by", "reason", "at"], SNOOZED: ["by", "reason", "at", "until"]}
COLUMNS = [*KEY, ACKNOWLEDGED, SNOOZED, "answers_ended"]


@dataclass(frozen=True)
class Answers:
    """As stored: frames of the shapes ACKNOWLEDGEMENTS, SNOOZES and ANSWER_ENDS."""

    acknowledgements: pd.DataFrame
    snoozes: pd.DataFrame
    ends: pd.DataFrame


def answered(
    answers: Answers, history: pd.DataFrame, spans: pd.DataFrame, catalog: Catalog, *, as_of: datetime
) -> pd.DataFrame:
    """
    One row a patient and flag of `history` (COLUMNS): the answer of each kind in force as a dict, or None, and a list
    of those to this raising of the flag that have ended, with `ended_at` and `why` in words, the oldest end first.
    """
    standing: dict[tuple[str, str, str], dict[str, Any]] = {}
    over: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in lived(answers, history, spans, catalog, as_of=as_of).sort_values("ended_at").to_dict("records"):
        said = {name: row[name] for name in SAID[row["answer"]]}
        if pd.isna(row["ended_at"]):
            standing[row["patient_id"], row["flag"], row["answer"]] = said
        else:
            over[row["patient_id"], row["flag"]].append(
                {"answer": row["answer"], **said, "ended_at": row["ended_at"], "why": row["why"]}
            )
    flags = history[KEY].drop_duplicates(ignore_index=True)
    keys = list(flags.itertuples(index=False, name=None))
    told = {kind: [standing.get((*key, kind)) for key in keys] for kind in SAID} | {
        "answers_ended": [over.get(key, []) for key in keys]
    }
    return flags.assign(**{name: pd.Series(values, dtype=object) for name, values in told.items()})[COLUMNS]


def lived(
    answers: Answers, history: pd.DataFrame, spans: pd.DataFrame, catalog: Catalog, *, as_of: datetime
) -> pd.DataFrame:
    """
    One row an answer given by `as_of` to the newest raising of a flag: patient_id flag seq answer by reason at until,
    with `ended_at` and `why`, NaT and missing while it is in force. `history`: FLAG_CHANGES as known at `as_of`,
    of each flag at least those since it was last raised; `spans`: those of the assessment at `as_of`.
    """
    now, words = moment(as_of), catalog.phrases["answer_ends"]
    given = _given(answers, now)
    history = history[history["patient_id"].isin(given["patient_id"].unique())]  # most of a long one nobody answered
    told = _of_this_raising(given, history)
    if told.empty:
        return told.assign(ended_at=told["at"], why="")
    ends = pd.concat(
        [
            _changed(told, history, words),
            _next_line(told, spans, catalog),
            _taken_back(told, answers.ends, words),
            _replaced(told, words),
            told[["number"]].assign(ended_at=told["until"], why=words["over"]),
        ]
    )
    ends = ends[ends["ended_at"] <= now].sort_values("ended_at", kind="stable")
    return told.merge(ends.drop_duplicates("number"), on="number", how="left").drop(columns="number")


def longest_hours(severity: str, catalog: Catalog) -> float:
    """For how long a flag of this severity may be snoozed at a time."""
    name = "snooze_urgent_longest_hours" if severity == "urgent" else "snooze_longest_hours"
    return float(catalog.settings[name])


def _given(answers: Answers, now: pd.Timestamp) -> pd.DataFrame:
    """Both kinds in one frame, in order of time; an acknowledgement has no `until`."""
    both = [shaped(answers.acknowledgements, SNOOZES), shaped(answers.snoozes, SNOOZES)]
    told = pd.concat([frame.assign(answer=kind) for frame, kind in zip(both, SAID, strict=True)])
    return told[told["at"] <= now].sort_values("at", kind="stable", ignore_index=True)


def _of_this_raising(told: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """The answers to a change that said a flag holds, not to one before the flag was raised anew; numbered."""
    holding = history[history["change"].isin(HOLDING)]
    raised = holding[holding["change"].eq("raised")].groupby(KEY)["seq"].max().rename("raised_seq")
    told = told.merge(holding[[*KEY, "seq"]], on=[*KEY, "seq"]).merge(raised.reset_index(), on=KEY)
    told = told[told["seq"] >= told["raised_seq"]].drop(columns="raised_seq").reset_index(drop=True)
    return told.assign(number=told.index)


def _changed(told: pd.DataFrame, history: pd.DataFrame, words: Any) -> pd.DataFrame:
    """The flag's next change; what could be known before the answer, and was written down after it, ends it at once."""
    after = history[[*KEY, "seq", "change", "changed_at"]].assign(seq=history["seq"] - 1)
    both = told.merge(after, on=[*KEY, "seq"])
    at = both["changed_at"].where(both["changed_at"] >= both["at"], both["at"])
    return both[["number"]].assign(ended_at=at, why=both["change"].map(words))


def _next_line(told: pd.DataFrame, spans: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """The first start after the answer of a line above the one the patient was on when it was given."""
    given = spans[["patient_id", "line", "started_at", "on_until"]].assign(rank=spans["line"].map(RANK).astype(float))
    both = told[["number", "patient_id", "at"]].merge(given[given["rank"] > 0], on="patient_id")
    on = both[(both["started_at"] <= both["at"]) & (both["on_until"] > both["at"])]
    was = both["number"].map(on.groupby("number")["rank"].max()).fillna(0)
    higher = both[(both["started_at"] > both["at"]) & (both["rank"] > was)]
    first = higher.sort_values("started_at", kind="stable").drop_duplicates("number")
    text, labels = catalog.phrases["answer_ends"]["next_line"], catalog.phrases["lines"]
    why = [text.format(line=labels[line]) for line in first["line"]]
    return first[["number"]].assign(ended_at=first["started_at"], why=why)


def _taken_back(told: pd.DataFrame, ends: pd.DataFrame, words: Any) -> pd.DataFrame:
    key = [*KEY, "seq", "answer"]
    both = told[["number", *key, "at"]].merge(ends[[*key, "at", "by"]], on=key, suffixes=("", "_end"))
    both = both[both["at_end"] >= both["at"]]
    why = [words["taken_back"].format(by=by) for by in both["by"]]
    return both[["number"]].assign(ended_at=both["at_end"], why=why)


def _replaced(told: pd.DataFrame, words: Any) -> pd.DataFrame:
    """The newest of a kind counts alone: a shorter snooze ends a longer one."""
    later = told.groupby([*KEY, "seq", "answer"])["at"].shift(-1)
    return told[["number"]].assign(ended_at=later, why=words["replaced"])
