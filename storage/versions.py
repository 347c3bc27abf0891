"""Which of the stored versions count. Pure: the same rule for what is known now and for what was known then."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

# told back by the source, or never done: kept, and no part of any judgement
WITHDRAWN = frozenset({"entered-in-error", "cancelled", "not-done"})

# an end is told or not: what is seen of a dose from some moment on is then seen of both
ADMINISTRATION = ["patient_id", "given", "started_at", "ended_at", "amount", "unit"]
DRAW = ["patient_id", "analyte", "method", "collected_at"]
SEEN = ["patient_id", "finding", "value", "observed_at"]


def current(frame: pd.DataFrame) -> pd.DataFrame:
    """
    The latest version of each (patient_id, ref), without those withdrawn; rows keep their order and index.

    As known at a moment: `current(frame[frame.received_at <= as_of])`.
    """
    kept = _latest(frame) & ~frame["status"].isin(WITHDRAWN).to_numpy()
    return frame if kept.all() else frame[kept]


def one_per_administration(frame: pd.DataFrame) -> pd.DataFrame:
    """
    Of current doses that several sources tell alike (same patient, what was given, times, amount and unit) the one
    received first; ties go to the smaller ref. What one source tells twice was given twice.
    """
    source = frame["source"]
    if not len(frame) or source.eq(source.iloc[0]).all():
        return frame
    return _one_of_each(frame, ADMINISTRATION, ["received_at", "ref"], keep="first", of="source")


def one_per_finding(frame: pd.DataFrame) -> pd.DataFrame:
    """The same of current findings, where it is all one who told them again."""
    return _one_of_each(frame, SEEN, ["received_at", "ref"], keep="first")


def one_per_draw(frame: pd.DataFrame) -> pd.DataFrame:
    """
    Of several current values for one draw (same patient, analyte, method and collected_at) the one received last.

    Ties go to the later resulted_at, then to the greater ref, so that no order of arrival decides.
    """
    return _one_of_each(frame, DRAW, ["received_at", "resulted_at", "ref"], keep="last")


def _one_of_each(
    frame: pd.DataFrame, same: list[str], order: list[str], *, keep: Literal["first", "last"], of: str = ""
) -> pd.DataFrame:
    """
    Of the rows that are the `same` the first or the last in that order. `of`: those of one are each another, and the
    second of one is only the same as the second of another.
    """
    shared = np.flatnonzero(frame.duplicated(same, keep=False))
    if not len(shared):
        return frame
    ranked = frame.iloc[shared].assign(place=shared).sort_values(order, na_position="first", kind="stable")
    if of:
        turn = ranked.groupby([*same, of], dropna=False).cumcount()
        ranked, same = ranked.assign(turn=turn), [*same, "turn"]
    again = ranked.loc[ranked.duplicated(same, keep=keep), "place"]
    if not len(again):
        return frame
    kept = np.ones(len(frame), dtype=bool)
    kept[again] = False
    return frame[kept]


def _latest(frame: pd.DataFrame) -> np.ndarray:
    """A first version alone replaces nothing: only those whose ref was told again need be compared."""
    latest, ref = np.ones(len(frame), dtype=bool), frame["ref"].to_numpy()
    again = ref[frame["version"].to_numpy() > 1]
    if not len(again):
        return latest
    shared = np.flatnonzero(np.isin(ref, again))
    some = frame[["patient_id", "ref", "version"]].iloc[shared].assign(place=shared)
    ranked = some.sort_values("version", kind="stable")
    latest[ranked.loc[ranked.duplicated(["patient_id", "ref"], keep="last"), "place"]] = False
    return latest
