"""What was said of patients last, from the versions of it. Imports nothing that reaches a store."""

from __future__ import annotations

import pandas as pd

NAMED = ["source", "source_id"]


def last_said(rows: pd.DataFrame) -> pd.DataFrame:
    """
    One row a patient, oldest version first in `rows`: per column the last that was said. Only the year of a birth, or
    its month, says nothing of one that is known to the day; nor does a context that its name no longer tells.
    """
    return _whole_births(_still_told(rows)).groupby("patient_id", sort=True).last().reset_index()


def _still_told(rows: pd.DataFrame) -> pd.DataFrame:
    """Without the contexts of names that said something else since, under whichever identifier of the person."""
    named = rows[rows["source_id"].notna()]
    if not len(named):
        return rows
    ordered = named.sort_values(["received_at", "version"], kind="stable")
    old = ordered.index[ordered.duplicated(["patient_id", *NAMED], keep="last")]
    return rows.assign(context=rows["context"].mask(rows.index.isin(old), None))


def _whole_births(rows: pd.DataFrame) -> pd.DataFrame:
    """Without birth dates that are the beginning of an earlier one of the same patient."""
    born = rows["birth_date"]
    part = born[born.str.len() < len("2014-03-09")]
    if not len(part):
        return rows
    theirs = rows[rows["patient_id"].isin(rows.loc[part.index, "patient_id"]) & born.notna()]
    known: dict[str, str] = {}
    shorter = []
    for place, patient, told in zip(theirs.index, theirs["patient_id"], theirs["birth_date"], strict=True):
        if known.get(patient, "") != told and known.get(patient, "").startswith(told):
            shorter.append(place)
        else:
            known[patient] = told
    return rows.assign(birth_date=born.mask(rows.index.isin(shorter), None))
