"""What a report says in numbers, one table a question. A few patients are told as a few, and not drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import CensoredData, ecdf

from monitoring.report.courses import Courses, spans

GROUPS: Mapping[str, str] = {"responding": "Responding", "not_responding": "Not responding", "mixed": "Mixed"}
LINES = ("second", "refractory")
UNKNOWN = "not known"


@dataclass(frozen=True)
class Limits:
    """`k`: of fewer patients nothing is told; `every_hours`: steps of completeness and of the trajectories."""

    k: int
    every_hours: float
    before_hours: float
    after_hours: float
    window_hours: int


def few(count: int, k: int) -> int | str:
    return f"fewer than {k}" if 0 < count < k else count


def together(counts: list[int], k: int) -> list[int | str]:
    """
    Counts that add up to one that is known: where a single one is a few, the next smallest is not told either, since
    the rest would tell it.
    """
    told: list[int | str] = [few(count, k) for count in counts]
    hidden = [place for place, count in enumerate(counts) if 0 < count < k]
    others = [place for place, count in enumerate(counts) if count >= k]
    if len(hidden) == 1 and others:
        told[min(others, key=counts.__getitem__)] = "not told"
    return told


def flow(courses: Courses, limits: Limits) -> pd.DataFrame:
    """step, patients, part: from everybody to those whose response was judged; a `part` is one of the line above."""
    told, verdict = courses.patients, verdicts(courses, limits)
    began = int(told["first_steroid_at"].notna().sum())
    by_verdict = together([int(verdict.eq(code).sum()) for code in GROUPS], limits.k)
    judged = f"Response judged at {limits.window_hours} h of the first course"
    rows: list[tuple[str, int | str, bool]] = [
        *((words, few(count, limits.k) if isinstance(count, int) else count, False) for words, count in courses.steps),
        ("In this report", few(len(told), limits.k), False),
        ("With a high-dose steroid course", few(began, limits.k), False),
        ("Second-line or refractory treatment after it", few(int(second_line(courses)["event"].sum()), limits.k), True),
        (judged, few(int(verdict.isin(list(GROUPS)).sum()), limits.k), False),
        *((name, count, True) for name, count in zip(GROUPS.values(), by_verdict, strict=True)),
    ]
    return pd.DataFrame(rows, columns=["step", "patients", "part"])


def verdicts(courses: Courses, limits: Limits) -> pd.Series:
    """Patient -> the verdict on the first steroid course."""
    told = courses.responses
    first = told[told["course_no"].eq(1) & told["hours"].eq(limits.window_hours)]
    return first.drop_duplicates("patient_id").set_index("patient_id")["verdict"]


def people(courses: Courses, age_groups: list[str], limits: Limits) -> pd.DataFrame:
    """trait, group, patients."""
    rows: list[tuple[str, str, int | str]] = []
    for trait, words in (("sex", "Sex"), ("age_group", "Age"), ("context", "Context")):
        named = courses.patients[trait].astype("object").fillna(UNKNOWN)
        counts = {str(name): int(count) for name, count in named.value_counts().items()}
        known = age_groups if trait == "age_group" else sorted({*counts} - {UNKNOWN})
        groups = [name for name in known if name in counts]
        groups += [UNKNOWN] if UNKNOWN in counts else []
        told = together([counts[group] for group in groups], limits.k)
        rows += [(words, group, count) for group, count in zip(groups, told, strict=True)]
    return pd.DataFrame(rows, columns=["trait", "group", "patients"])


def completeness(courses: Courses, analytes: list[str], limits: Limits) -> pd.DataFrame:
    """analyte, patients, and quartiles of the share of steps, from first to last result, in which it was drawn."""
    drawn = spans(courses)
    steps = (drawn["last"] - drawn["first"]).dt.total_seconds() // (3600 * limits.every_hours) + 1
    own = courses.labs[courses.labs["analyte"].isin(analytes)]
    since = (own["collected_at"] - own["patient_id"].map(drawn["first"])).dt.total_seconds()
    hit = own.assign(step=since // (3600 * limits.every_hours)).drop_duplicates(["patient_id", "analyte", "step"])
    count = (
        hit.groupby(["analyte", "patient_id"])
        .size()
        .unstack("patient_id")
        .reindex(analytes)
        .reindex(columns=drawn.index)
    )
    share = count.fillna(0).div(steps, axis=1)
    quartiles = share.quantile([0.25, 0.5, 0.75], axis=1).T.round(3).set_axis(["low", "median", "high"], axis=1)
    told = quartiles.rename_axis("analyte").reset_index()
    told.insert(1, "patients", [few(int(n), limits.k) for n in (count.fillna(0) > 0).sum(axis=1)])
    return told if len(drawn) >= limits.k else told.iloc[:0]


def trajectories(courses: Courses, analytes: list[str], limits: Limits) -> pd.DataFrame:
    """
    analyte, group, hours, patients, low, median, high: by verdict, steps of hours since the steroid start. Each
    patient counts once a step, with the median of the values in it; a bound stands at its limit.
    """
    labs = courses.labs[courses.labs["analyte"].isin(analytes)]
    hours = labs["hours_since_steroid"]
    labs = labs[hours.between(-limits.before_hours, limits.after_hours)]
    step = (labs["hours_since_steroid"] / limits.every_hours).round() * limits.every_hours
    told = labs.assign(group=labs["patient_id"].map(verdicts(courses, limits)), hours=step)
    told = told[told["group"].isin(list(GROUPS))]
    key = ["analyte", "group", "hours"]
    each = told.groupby([*key, "patient_id"])["value"].median().reset_index()
    grouped = each.groupby(key)["value"]
    quartiles = {"low": 0.25, "median": 0.5, "high": 0.75}
    columns = {"patients": grouped.size()} | {name: grouped.quantile(share) for name, share in quartiles.items()}
    table = pd.DataFrame(columns)  # has its columns also when nobody is in it
    return table[table["patients"] >= limits.k].reset_index()


def second_line(courses: Courses) -> pd.DataFrame:
    """Of patients with a steroid course: hours to the second line, or to the last result (event False)."""
    began = courses.patients.dropna(subset="first_steroid_at").set_index("patient_id")["first_steroid_at"]
    given = courses.treatments[courses.treatments["line"].isin(LINES)]
    after = given[given["started_at"] >= given["patient_id"].map(began)]
    second = after.groupby("patient_id")["started_at"].min().reindex(began.index)
    last = spans(courses)["last"].reindex(began.index).fillna(began)
    event = second.notna() & (second <= last)
    until = second.where(event, last)
    hours = ((until - began).dt.total_seconds() / 3600.0).clip(lower=0.0)
    return pd.DataFrame({"hours": hours, "event": event})


def incidence(courses: Courses, limits: Limits) -> pd.DataFrame:
    """hours, incidence, low, high, at_risk: one less Kaplan-Meier's estimate, with 95 % log-log limits (Greenwood)."""
    told = second_line(courses)
    columns = ["hours", "incidence", "low", "high", "at_risk"]
    if len(told) < limits.k or not told["event"].any():
        return pd.DataFrame(columns=columns, dtype=float)
    sample = CensoredData(
        uncensored=told.loc[told["event"], "hours"].to_numpy(), right=told.loc[~told["event"], "hours"].to_numpy()
    )
    survival = ecdf(sample).sf
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = survival.confidence_interval(0.95, method="log-log")
    times = survival.quantiles
    at_risk = [int((told["hours"] >= time).sum()) for time in times]
    table = pd.DataFrame(
        {"hours": times, "incidence": 1 - survival.probabilities, "low": 1 - limit.high.probabilities,
         "high": 1 - limit.low.probabilities, "at_risk": at_risk}
    )  # fmt: skip
    return table[(table["at_risk"] >= limits.k) & (table["hours"] <= limits.after_hours * 2)].reset_index(drop=True)


def burden(courses: Courses, labels: Mapping[str, str], limits: Limits) -> pd.DataFrame:
    """flag, severity, raised, patients, per_100_days: how often each flag was raised for the days under observation."""
    days = float(spans(courses)["days"].sum())
    raised = courses.flag_changes[courses.flag_changes["change"].eq("raised")]
    rows: list[dict[str, Any]] = []
    for flag, told in raised.groupby("flag"):
        count = told["patient_id"].nunique()
        told_all = count >= limits.k
        rows.append({
            "flag": labels.get(str(flag), str(flag)), "severity": str(told["severity"].iloc[0]),
            "raised": len(told) if told_all else None, "patients": few(count, limits.k),
            "per_100_days": round(100 * len(told) / days, 2) if told_all and days else None,
        })  # fmt: skip
    columns = ["flag", "severity", "raised", "patients", "per_100_days"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["per_100_days", "flag"], ascending=[False, True], ignore_index=True)
