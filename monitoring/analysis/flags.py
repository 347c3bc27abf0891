"""Every flag at one moment: what holds, since when, and what has ended. The newest stretch of each patient and flag."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pandas as pd

from monitoring.analysis.matching import of_each
from monitoring.analysis.response_flags import response_flags
from monitoring.analysis.rules import stretches
from monitoring.terms import Catalog

COLUMNS = ["patient_id", "flag", "severity", "state", "began_at", "raised_at", "cleared_at", "rule_version", "why",
           "first", "turn", "now", "end", "t0", "hours", "ended_before", "why_before", "places"]  # fmt: skip
TIMES = ["began_at", "raised_at", "cleared_at", "t0", "ended_before"]


def judged(
    points: pd.DataFrame,
    verdicts: pd.DataFrame,
    awaited: pd.DataFrame,
    lines: pd.DataFrame,
    catalog: Catalog,
    *,
    also: Iterable[pd.DataFrame] = (),
) -> pd.DataFrame:
    """
    One row a patient and flag (COLUMNS): the newest stretch, `state` "active" or "cleared" with `why` it ended.
    `first`, `turn`, `now` and `end` are positions in `points`; `t0` and `hours` name the window a response
    flag rests on; `places` are the positions of a flag that rests on no line (`also`, see safety.py).
    """
    ended = catalog.phrases["endings"]
    series = stretches(points, catalog).assign(hours=0)
    series["why"] = series["cleared_at"].notna().map({True: ended["value"], False: ""})
    parts = [
        series,
        *also,
        _overdue(awaited, catalog),
        *response_flags(verdicts, lines, catalog),
    ]
    told = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=COLUMNS)], ignore_index=True)
    told = told.reindex(columns=[*COLUMNS])
    for name in TIMES:
        told[name] = pd.to_datetime(told[name], utc=True)
    told = told.sort_values(["patient_id", "flag", "raised_at", "began_at"])
    before = told.groupby(["patient_id", "flag"])
    told["ended_before"], told["why_before"] = before["cleared_at"].shift(), before["why"].shift()
    told = told.drop_duplicates(["patient_id", "flag"], keep="last")
    told["places"] = [found if isinstance(found, tuple) else () for found in told["places"]]
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
