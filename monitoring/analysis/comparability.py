"""
Where the values of a series can no longer be compared: another method, specimen or laboratory than the last named one.

No line is drawn across such a break and no two values of its sides are compared, so the screen must say that it is
there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from monitoring.analysis.columns import all_blank
from monitoring.analysis.earlier import first_of, last_before
from monitoring.analysis.pairs import in_pairs
from monitoring.terms import Catalog, Rule

TRAITS = ("method", "specimen", "laboratory")


def segments(told: pd.DataFrame, series: np.ndarray, catalog: Catalog) -> np.ndarray:
    """0, 1, 2 … along each series: how many breaks lie before or at a value. `told` is sorted by series and time."""
    broken = np.zeros(len(told), dtype=bool)
    for trait in TRAITS:
        broken |= _before(named_by(told, trait, catalog), series) >= 0
    count = np.cumsum(broken)
    return count - count[first_of(series)] if broken.any() else np.zeros(len(told), dtype=int)


def named_by(told: pd.DataFrame, trait: str, catalog: Catalog) -> np.ndarray:
    """What each value is named by, as numbers; 0 where it is not."""
    if trait == "laboratory" and not catalog.laboratories:
        return np.zeros(len(told), dtype=np.int64)
    column = told["source" if trait == "laboratory" else trait]
    if trait != "laboratory" and all_blank(column):
        return np.zeros(len(told), dtype=np.int64)
    codes, names = pd.factorize(column)
    words = [laboratory_of(name, catalog) if trait == "laboratory" else name for name in names]
    number = {word: place for place, word in enumerate(dict.fromkeys(["", *words]))}
    return np.array([*(number[word] for word in words), 0])[codes]


def _before(names: np.ndarray, series: np.ndarray) -> np.ndarray:
    """For each point named otherwise than the last named one of its series, the position of that one; else -1."""
    named = names > 0
    if not named.any():
        return np.full(len(names), -1)
    last = last_before(named, series)
    return np.where(named & (last >= 0) & (names != names[last]), last, -1)


def method_changes(points: pd.DataFrame, rule: Rule, catalog: Catalog) -> pd.DataFrame:
    """
    One row a patient, the newest stretch in which some of its series had lately broken; `places` are pairs of
    positions in `points`: the last value named otherwise, and the first of the new kind.

    A series counts as broken until its new side has as many values as the rule asks for.
    """
    broken = _breaks(points, catalog)
    if broken.empty:
        return pd.DataFrame()
    broken = broken.assign(cleared_at=_settled(points, broken, int(rule.parameters["values"])))
    stretch = _joined(broken.sort_values(["patient_id", "raised_at"], kind="stable", ignore_index=True))
    words = catalog.phrases["safety"]["settled"]
    return stretch.assign(
        flag=rule.code, severity=rule.severity, why=np.where(stretch["cleared_at"].notna(), words, "")
    )


def broken_trait(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """Which trait differs between two values of which both are named; the first in the order of TRAITS."""
    return next((trait for trait in TRAITS if before[trait] and after[trait] and before[trait] != after[trait]), "")


def laboratory_of(source: str, catalog: Catalog) -> str:
    """Sources that the site does not name share one laboratory; where it names none, nothing is known of any."""
    if not catalog.laboratories:
        return ""
    return catalog.laboratories.get(source, catalog.phrases["safety"]["laboratory"])


def _breaks(points: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """A row a break: patient_id, at, before (positions), place (series and segment), began_at, raised_at."""
    series, segment = points["series"].to_numpy(), points["segment"].to_numpy()
    at = np.flatnonzero((segment[1:] != segment[:-1]) & (series[1:] == series[:-1])) + 1
    if not len(at):
        return pd.DataFrame()
    sides = [_before(named_by(points, trait, catalog), series)[at] for trait in TRAITS]
    before = np.select([side >= 0 for side in sides], sides)
    received = points["received_at"].to_numpy(dtype="datetime64[us]")
    return pd.DataFrame(
        {
            "patient_id": points["patient_id"].array[at],
            "series": series[at],
            "segment": segment[at],
            "at": at,
            "before": before,
            "began_at": points["collected_at"].array[at],
            "raised_at": pd.Series(np.maximum(received[at], received[before])).dt.tz_localize("UTC"),
        }
    )


def _settled(points: pd.DataFrame, broken: pd.DataFrame, values: int) -> pd.Series:
    """When the new side had its values, or broke again; NaT while neither is so. Never before it was raised."""
    mine = points["exact"].to_numpy() & points["usable"].to_numpy()
    mine &= np.isin(points["series"].to_numpy(), broken["series"].to_numpy())
    side = points[["series", "segment", "received_at"]].take(np.flatnonzero(mine))
    place = [side["series"], side["segment"]]
    known = side["received_at"].groupby(place).cummax()[side.groupby(["series", "segment"]).cumcount() == values - 1]
    known.index = pd.MultiIndex.from_frame(side.loc[known.index, ["series", "segment"]])
    enough = pd.Series(known.reindex(pd.MultiIndex.from_frame(broken[["series", "segment"]])).array)
    again = broken.groupby("series")["raised_at"].shift(-1)
    over = enough.where(enough.notna(), again)
    return over.where(~(over < broken["raised_at"]), broken["raised_at"])


def _joined(broken: pd.DataFrame) -> pd.DataFrame:
    """Stretches of one patient that overlap are one; of them the newest, told by its breaks that still hold, or all."""
    never = pd.Timestamp.max.tz_localize("UTC")
    until = broken["cleared_at"].fillna(never.as_unit("us"))
    so_far = until.groupby(broken["patient_id"]).cummax().groupby(broken["patient_id"]).shift()
    group = (~(broken["raised_at"] <= so_far)).cumsum()
    mine = broken.assign(group=group, until=until)
    mine = mine[mine["group"] == mine.groupby("patient_id")["group"].transform("max")]
    last = mine.groupby("patient_id")["until"].transform("max")
    told = mine[(mine["until"] == last)]
    whole = mine.groupby("patient_id").agg(began_at=("began_at", "min"), raised_at=("raised_at", "min"))
    ended = told.groupby("patient_id")["cleared_at"].max()
    places = in_pairs(told["patient_id"], told["before"], told["at"])
    return whole.assign(cleared_at=ended, places=pd.Series(places)).reset_index()
