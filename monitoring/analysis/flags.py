"""Every flag at one moment: what holds, since when, and what has ended. The newest stretch of each patient and flag."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import numpy as np
import pandas as pd

from monitoring.analysis.columns import NEVER, moments, ranked, text_column, texts, utc
from monitoring.analysis.matching import last_of_each, numbered, of_each
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
    series = stretches(points, catalog)
    series = series.assign(hours=0, why=np.where(series["cleared_at"].notna(), ended["value"], ""))
    parts = [
        series,
        *also,
        _overdue(awaited, catalog),
        *response_flags(verdicts, lines, catalog),
    ]
    told = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=COLUMNS)], ignore_index=True)
    told = _in_order(told.reindex(columns=COLUMNS))
    flag = numbered(texts(told["patient_id"]), texts(told["flag"]))
    same = np.r_[False, flag[1:] == flag[:-1]][: len(flag)]
    before = np.where(same, np.arange(len(flag)) - 1, -1)
    cleared, why = moments(told["cleared_at"]), texts(told["why"])
    newest = last_of_each(flag)
    told = told.take(newest).reset_index(drop=True)
    cleared_before, why_before = (
        np.where(same, cleared[before], NEVER),
        np.where(same, why[before], np.array(None, dtype=object)),
    )
    versions = {code: rule.version for code, rule in catalog.rules.items()}
    return told.assign(
        ended_before=utc(cleared_before[newest]),
        why_before=pd.Series(why_before[newest], dtype="str"),
        places=pd.Series([found if isinstance(found, tuple) else () for found in told["places"]], dtype=object),
        state=text_column(np.where(np.isnat(cleared[newest]), "active", "cleared").astype(object)),
        rule_version=text_column(np.array([versions.get(code) for code in told["flag"]], dtype=object)),
    )


def _in_order(told: pd.DataFrame) -> pd.DataFrame:
    """By patient and flag, the newest stretch last."""
    times = {name: utc(_times(told[name])) for name in TIMES}
    keys = (moments(pd.Series(times[name])) for name in ("began_at", "raised_at"))
    order = np.lexsort((*keys, ranked(told["flag"]), ranked(told["patient_id"])))
    return told.assign(**times).take(order).reset_index(drop=True)


def _times(column: pd.Series) -> np.ndarray:
    """A column of times that some kinds of flag have and others have not."""
    known = isinstance(column.dtype, pd.DatetimeTZDtype)
    return moments(column if known else pd.Series(pd.to_datetime(column, utc=True)))


def discharged(flags: pd.DataFrame, patients: pd.DataFrame, catalog: Catalog, *, as_of: datetime) -> pd.DataFrame:
    """The same flags, ended for those who have left: a fact ends them, never its absence."""
    left, back = moments(patients["discharged_at"]), moments(patients["admitted_at"])
    away = np.flatnonzero((left <= moments(pd.Series([as_of]))[0]) & ~(back > left))
    if not len(away) or flags.empty:
        return flags
    gone = of_each(flags["patient_id"], pd.Series(utc(left[away]), index=texts(patients["patient_id"])[away]))
    ends = flags["state"].eq("active") & gone.notna()
    return flags.assign(
        cleared_at=flags["cleared_at"].where(~ends, gone),
        state=flags["state"].mask(ends, "cleared"),
        why=flags["why"].mask(ends, catalog.phrases["endings"]["discharged"]),
    )


def _overdue(awaited: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """One flag a patient for all analytes awaited; it began when the first fell due."""
    if not awaited["overdue"].any():
        return pd.DataFrame()
    late = awaited[awaited["overdue"]]
    told = late.groupby("patient_id").agg(began_at=("due_at", "min"), raised_at=("late_at", "min")).reset_index()
    rule = catalog.rules["labs_overdue"]
    return told.assign(flag=rule.code, severity=rule.severity, why="", first=-1, turn=-1, now=-1, end=-1, hours=0)
