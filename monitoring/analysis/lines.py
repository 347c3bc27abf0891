"""The treatment line: what the patient is on, as the algorithm of the founding documents counts it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from monitoring.analysis.dosing import compared
from monitoring.analysis.matching import of_each
from monitoring.analysis.spans import unions
from monitoring.terms import LINES, Catalog

COLUMNS = ["patient_id", "line", "label", "drugs", "since", "hours_on_line", "doses"]
RANK = {line: rank for rank, line in enumerate(LINES)}


def lines(
    patients: pd.DataFrame, spans: pd.DataFrame, given: pd.DataFrame, catalog: Catalog, *, as_of: datetime
) -> pd.DataFrame:
    """
    One row a patient: the highest line of which a drug still holds at `as_of`, since when that line has held without
    a break, its drugs, and their amounts of the last 24 h against the cited ranges. "none" where nothing holds.
    """
    now = pd.Timestamp(as_of)
    counted = spans[spans["line"] != "none"]
    held = unions(counted.assign(rank=counted["line"].map(RANK).astype(float)), ["patient_id", "rank"])
    held = held[(held["started_at"] <= now) & (held["on_until"] > now)].sort_values("rank")
    top = held.drop_duplicates("patient_id", keep="last").set_index("patient_id")
    on = counted[counted["on_until"] > now]
    table = pd.DataFrame({"patient_id": patients["patient_id"]})
    rank = of_each(table["patient_id"], top["rank"]).fillna(0).astype(int)
    table["line"] = rank.map(dict(enumerate(LINES)))
    table["label"] = table["line"].map(catalog.phrases["lines"])
    table["drugs"] = _drugs(table, on)
    table["since"] = of_each(table["patient_id"], top["started_at"])
    table["hours_on_line"] = (now - table["since"]).dt.total_seconds() / 3600.0
    doses = compared(on, given, catalog, as_of=as_of)
    table["doses"] = pd.Series([doses.get(patient, []) for patient in table["patient_id"]], dtype=object)
    return table[COLUMNS]


def _drugs(table: pd.DataFrame, on: pd.DataFrame) -> list[list[str]]:
    """The drugs of the current line, the newest first."""
    newest = on.sort_values("started_at", ascending=False).drop_duplicates(["patient_id", "line", "given"])
    by: dict[Any, list[str]] = newest.groupby(["patient_id", "line"])["given"].agg(list).to_dict()
    return [by.get(key, []) for key in zip(table["patient_id"], table["line"], strict=True)]
