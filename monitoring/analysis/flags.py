"""Every flag at one moment: what holds, since when, and what has ended. The newest stretch of each patient and flag."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pandas as pd

from monitoring.analysis.matching import of_each
from monitoring.analysis.rules import stretches
from monitoring.terms import Catalog, Rule

COLUMNS = ["patient_id", "flag", "severity", "state", "began_at", "raised_at", "cleared_at", "rule_version", "why",
           "first", "turn", "now", "end", "t0", "hours"]  # fmt: skip
TIMES = ["began_at", "raised_at", "cleared_at", "t0"]


def judged(
    points: pd.DataFrame, verdicts: pd.DataFrame, awaited: pd.DataFrame, lines: pd.DataFrame, catalog: Catalog
) -> pd.DataFrame:
    """
    One row a patient and flag (COLUMNS): the newest stretch, `state` "active" or "cleared" with `why` it ended.
    `first`, `turn`, `now` and `end` are positions in `points`; `t0` and `hours` name the window a response
    flag rests on.
    """
    ended = catalog.phrases["endings"]
    series = stretches(points, catalog).assign(hours=0)
    series["why"] = series["cleared_at"].notna().map({True: ended["value"], False: ""})
    parts = [
        series,
        _overdue(awaited, catalog),
        *(
            _of_response(verdicts, lines, rule, ended)
            for rule in catalog.rules.values()
            if rule.kind == "response_window"
        ),
    ]
    told = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=COLUMNS)], ignore_index=True)
    told = told.reindex(columns=[*COLUMNS])
    for name in TIMES:
        told[name] = pd.to_datetime(told[name], utc=True)
    told = told.sort_values(["patient_id", "flag", "raised_at", "began_at"]).drop_duplicates(
        ["patient_id", "flag"], keep="last"
    )
    told["state"] = told["cleared_at"].isna().map({True: "active", False: "cleared"})
    told["rule_version"] = told["flag"].map({code: rule.version for code, rule in catalog.rules.items()})
    return told.reindex(columns=COLUMNS).reset_index(drop=True)


def discharged(flags: pd.DataFrame, patients: pd.DataFrame, catalog: Catalog, *, as_of: datetime) -> pd.DataFrame:
    """The same flags, ended for those who have left: a fact ends them, never its absence."""
    left = patients.set_index("patient_id")[["admitted_at", "discharged_at"]]
    away = left[(left["discharged_at"] <= pd.Timestamp(as_of)) & ~(left["admitted_at"] > left["discharged_at"])]
    gone = of_each(flags["patient_id"], away["discharged_at"])
    ends = flags["state"].eq("active") & gone.notna()
    return flags.assign(
        cleared_at=flags["cleared_at"].where(~ends, gone),
        state=flags["state"].mask(ends, "cleared"),
        why=flags["why"].mask(ends, catalog.phrases["endings"]["discharged"]),
    )


def _overdue(awaited: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """One flag a patient for all analytes awaited; it began when the first fell due."""
    late = awaited[awaited["overdue"]]
    if late.empty:
        return pd.DataFrame()
    told = late.groupby("patient_id").agg(began_at=("due_at", "min"), raised_at=("late_at", "min")).reset_index()
    rule = catalog.rules["labs_overdue"]
    return told.assign(flag=rule.code, severity=rule.severity, why="", first=-1, turn=-1, now=-1, end=-1, hours=0)


def _of_response(verdicts: pd.DataFrame, lines: pd.DataFrame, rule: Rule, ended: Mapping[str, str]) -> pd.DataFrame:
    """A flag that rests on a window's verdict; ended by a later verdict, a new steroid start or the next line."""
    if verdicts.empty:
        return pd.DataFrame()
    held = (
        verdicts["verdict"].eq("not_responding")
        if rule.parameters["verdict"] == "not_responding"
        else verdicts["worsening"]
    )
    on = verdicts[held & verdicts["hours"].isin(rule.parameters["hours"]) & verdicts["assessed_at"].notna()]
    on = on.sort_values(["patient_id", "t0", "hours"])
    last = on.drop_duplicates("patient_id", keep="last")[["patient_id", "t0", "hours"]]
    first = (
        on[on["t0"].isin(last["t0"])]
        .merge(last[["patient_id", "t0"]], on=["patient_id", "t0"])
        .drop_duplicates("patient_id")
    )
    told = first[["patient_id", "seen_at", "assessed_at"]].merge(last, on="patient_id")
    told = told.rename(columns={"seen_at": "began_at", "assessed_at": "raised_at"})
    told["began_at"] = told["began_at"].where(told["began_at"].notna(), told["raised_at"])
    told = _ended(told, verdicts, lines, rule, ended)
    return told.assign(flag=rule.code, severity=rule.severity, first=-1, turn=-1, now=-1, end=-1)


def _ended(
    told: pd.DataFrame, verdicts: pd.DataFrame, lines: pd.DataFrame, rule: Rule, ended: Mapping[str, str]
) -> pd.DataFrame:
    """Of all that may have ended each flag, the earliest; NaT where nothing did."""
    later = verdicts.merge(
        told[["patient_id", "t0", "hours", "raised_at"]], on=["patient_id", "t0"], suffixes=("", "_flag")
    )
    answers = later[(later["hours"] > later["hours_flag"]) & later["verdict"].isin(rule.parameters["ended_by"])]
    newer = verdicts.merge(told[["patient_id", "t0"]], on="patient_id", suffixes=("", "_flag"))
    newer = newer[newer["t0"] > newer["t0_flag"]]
    next_line = lines[lines["line"].isin(["second", "refractory"])].merge(
        told[["patient_id", "raised_at"]], on="patient_id"
    )
    next_line = next_line[next_line["since"] > next_line["raised_at"]]
    ends = pd.concat(
        [
            answers[["patient_id", "assessed_at"]]
            .set_axis(["patient_id", "cleared_at"], axis=1)
            .assign(why=ended["verdict"]),
            newer[["patient_id", "known_at"]]
            .set_axis(["patient_id", "cleared_at"], axis=1)
            .assign(why=ended["new_course"]),
            next_line[["patient_id", "since"]]
            .set_axis(["patient_id", "cleared_at"], axis=1)
            .assign(why=ended["next_line"]),
        ]
    )
    ends["cleared_at"] = pd.to_datetime(ends["cleared_at"], utc=True)
    ends = ends.dropna(subset="cleared_at").sort_values("cleared_at").drop_duplicates("patient_id")
    out = told.merge(ends, on="patient_id", how="left")
    return out.assign(
        why=out["why"].fillna(""),
        cleared_at=out["cleared_at"].where(~(out["cleared_at"] < out["raised_at"]), out["raised_at"]),
    )
