"""
Changed rules beside the active ones, over the same courses: what they would have raised that was not, and the reverse.

Pure: courses and catalogs in, frames out. Neither run knows anything of a later time, see stays.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitoring.analysis.stays import Watched

KEY = ["patient_id", "flag"]
SIDES = ("active", "changed")
HOW = ("more", "fewer", "earlier", "later", "severity", "same")
COMPARED = [*KEY, "how", "active_at", "changed_at", "active_severity", "changed_severity", "hours"]
FLAGS = [
    "flag", "raised_active", "raised_changed", "per_patient_day_active", "per_patient_day_changed", "more", "fewer",
    "earlier", "earlier_hours", "later", "later_hours", "severity", "patients",
]  # fmt: skip
VERDICTS = ["hours", "active", "changed", "windows"]
WINDOW = ["patient_id", "t0", "hours"]


@dataclass(frozen=True)
class Shadow:
    """
    `flags`: a row a flag (FLAGS): raisings by either, by patient-day, with the median hours of those earlier and later;
    `severity`: raised at the same time, at another worst severity; `patients`: of whom anything differs.
    `compared`: a row a raising (COMPARED). `verdicts`: response windows judged otherwise (VERDICTS).
    """

    flags: pd.DataFrame
    compared: pd.DataFrame
    verdicts: pd.DataFrame


def shadow(active: Watched, changed: Watched, *, days: float, since: pd.Timestamp | None) -> Shadow:
    """`days`: patient-days watched by both. What both raised before `since` is left out."""
    both = compared(active.raisings, changed.raisings)
    if since is not None:
        both = both[both[["active_at", "changed_at"]].max(axis=1) >= since].reset_index(drop=True)
    return Shadow(by_flag(both, days, since), both, other_verdicts(active.verdicts, changed.verdicts))


def compared(active: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """Each raising by either, beside the nearest of the other that shares its time; `hours`: so much later."""
    ours, theirs = _side(active, "active"), _side(changed, "changed")
    pairs = _pairs(ours, theirs)
    alone = [
        side[~side[f"{name}_place"].isin(pairs[f"{name}_place"])]
        for side, name in zip((ours, theirs), SIDES, strict=True)
    ]
    whole = pd.concat([pairs, *alone], ignore_index=True)
    hours = (whole["changed_at"] - whole["active_at"]).dt.total_seconds() / 3600.0
    told = whole.assign(hours=hours, how=_how(whole, hours))
    return told.sort_values(["flag", "patient_id", "active_at", "changed_at"], ignore_index=True)[COMPARED]


def _pairs(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Raisings that share some time, the nearest first; of those at one time the first with the first."""
    pairs = ours.merge(theirs, on=KEY)
    apart = (pairs["active_at"] > pairs["changed_end"]) | (pairs["changed_at"] > pairs["active_end"])
    away = (pairs["changed_at"] - pairs["active_at"]).abs()
    turns = (pairs["changed_turn"] - pairs["active_turn"]).abs()
    near = pairs.assign(away=away, turns=turns)[~apart].sort_values(["away", "turns"], kind="stable")
    return near.drop_duplicates("active_place").drop_duplicates("changed_place")


def _side(raisings: pd.DataFrame, name: str) -> pd.DataFrame:
    told = raisings.sort_values("raised_at", kind="stable", ignore_index=True)
    told[f"{name}_turn"] = told.groupby(KEY).cumcount()
    told = told.rename_axis(f"{name}_place").reset_index()
    names = {"raised_at": f"{name}_at", "ended_at": f"{name}_end", "severity": f"{name}_severity"}
    return told.rename(columns=names)


def _how(whole: pd.DataFrame, hours: pd.Series) -> np.ndarray:
    conditions = [
        whole["active_at"].isna(),
        whole["changed_at"].isna(),
        hours < 0,
        hours > 0,
        whole["active_severity"] != whole["changed_severity"],
    ]
    return np.select([one.to_numpy(dtype=bool) for one in conditions], HOW[:-1], default=HOW[-1])


def by_flag(told: pd.DataFrame, days: float, since: pd.Timestamp | None) -> pd.DataFrame:
    """FLAGS, in order of code; a median of nothing is NaN, and so is a rate over no time."""
    counts = pd.crosstab(told["flag"], told["how"]).reindex(columns=list(HOW), fill_value=0)
    table = counts.assign(
        patients=told[told["how"] != "same"].groupby("flag")["patient_id"].nunique(),
    )
    table["patients"] = table["patients"].fillna(0).astype("int64")
    for side in SIDES:
        raised = told[f"{side}_at"].notna() if since is None else told[f"{side}_at"] >= since
        table[f"raised_{side}"] = raised.groupby(told["flag"]).sum().astype("int64")
        table[f"per_patient_day_{side}"] = table[f"raised_{side}"] / (days or np.nan)
    for how in ("earlier", "later"):
        table[f"{how}_hours"] = told[told["how"] == how].groupby("flag")["hours"].median().abs()
    return table.rename_axis("flag").reset_index()[FLAGS]


def other_verdicts(active: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """How many response windows went from one verdict to another; "none" where only one of the two saw the window."""
    names = [*WINDOW, "verdict"]
    both = active[names].merge(changed[names], on=WINDOW, how="outer", suffixes=("_active", "_changed"))
    both = both.rename(columns={f"verdict_{side}": side for side in SIDES}).fillna(dict.fromkeys(SIDES, "none"))
    told = both[both["active"] != both["changed"]]
    return told.groupby(["hours", *SIDES]).size().rename("windows").reset_index()[VERDICTS]
