"""The treatment line: what the patient is on, as the algorithm of the founding documents counts it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.analysis.columns import NEVER, by_text, moments, text_column, texts, utc
from monitoring.analysis.dosing import compared
from monitoring.analysis.matching import paired
from monitoring.analysis.spans import unions
from monitoring.terms import LINES, Catalog

COLUMNS = ["patient_id", "line", "label", "drugs", "since", "hours_on_line", "doses"]
RANK: dict[str, int] = {line: rank for rank, line in enumerate(LINES)}


def lines(
    patients: pd.DataFrame, spans: pd.DataFrame, given: pd.DataFrame, catalog: Catalog, *, as_of: datetime
) -> pd.DataFrame:
    """
    One row a patient: the highest line of which a drug still holds at `as_of`, since when that line has held without
    a break, its drugs, and their amounts of the last 24 h against the cited ranges. "none" where nothing holds.
    """
    now, names = pd.Timestamp(as_of), texts(patients["patient_id"])
    counted = spans[spans["line"].ne("none").to_numpy()]
    rank, since = _highest(counted, names, moments(pd.Series([now]))[0])
    on = counted[(counted["on_until"] > now).to_numpy()]
    doses = compared(on, given, catalog, as_of=as_of)
    line = np.array(LINES, dtype=object)[rank]
    table = pd.DataFrame({"patient_id": patients["patient_id"].array, "line": text_column(line)}).assign(
        label=text_column(np.array([catalog.phrases["lines"].get(name) for name in line], dtype=object)),
        drugs=_drugs(names, line, on),
        since=utc(since),
        hours_on_line=(now - utc(since)).total_seconds() / 3600.0,
        doses=pd.Series([doses.get(patient, []) for patient in names], dtype=object),
    )
    return table[COLUMNS]


def _highest(counted: pd.DataFrame, names: np.ndarray, now: np.datetime64) -> tuple[np.ndarray, np.ndarray]:
    """For each patient the rank of the highest line that holds, and since when it has held without a break."""
    ranks = by_text(counted["line"], RANK, 0)
    held = unions(counted.assign(rank=ranks.astype(float)), ["patient_id", "rank"])
    started, until = (moments(held[name]) for name in ("started_at", "on_until"))
    here = np.flatnonzero((started <= now) & (until > now))
    of_each = held["rank"].to_numpy(dtype=float)[here].astype(int)
    order = np.argsort(of_each, kind="stable")
    who, row = paired([names], [texts(held["patient_id"])[here[order]]])
    rank, since = np.zeros(len(names), dtype=int), np.full(len(names), NEVER)
    rank[who], since[who] = of_each[order[row]], started[here[order[row]]]
    return rank, since


def _drugs(names: np.ndarray, line: np.ndarray, on: pd.DataFrame) -> pd.Series:
    """The drugs of the current line, the newest first."""
    newest = on.sort_values("started_at", ascending=False)
    by: dict[Any, dict[str, None]] = {}
    for patient, of, given in zip(*(texts(newest[name]) for name in ("patient_id", "line", "given")), strict=True):
        by.setdefault((patient, of), {})[given] = None
    return pd.Series([[*by.get(key, ())] for key in zip(names, line, strict=True)], dtype=object)
