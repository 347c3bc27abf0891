"""Who is who: rows of text -> numbers that are one person's, and records that were joined; and whose a number is."""

from __future__ import annotations

import pandas as pd

from monitoring.csv_columns import AUTHORITY
from monitoring.sieve import Circumstances, Rows, Sieve

NO_SURVIVOR = "The message joins two records and does not say which number they go on under."


def sift_identifiers(rows: Rows, at: Circumstances) -> tuple[pd.DataFrame, Sieve]:
    """`alias` of `alias_authority` is the patient whom `patient_id` of its authority is."""
    sieve = Sieve(rows)
    frame = _numbers(rows, "alias")
    return frame[sieve.passed], sieve


def sift_merges(rows: Rows, at: Circumstances) -> tuple[pd.DataFrame, Sieve]:
    """`patient_id` goes on as `into`, each with its authority. `reason`: what said so."""
    sieve = Sieve(rows)
    sieve.refuse(rows.cells("into").blank, "no_patient", NO_SURVIVOR)
    frame = _numbers(rows, "into").assign(reason=rows.cells("reason").column(str.strip))
    return frame[sieve.passed], sieve


def signed(rows: Rows, facts: pd.DataFrame) -> pd.DataFrame:
    """The facts with the authority over their patients' numbers, where any row names one."""
    cells = rows.cells(AUTHORITY)
    if "authority" in facts.columns or bool(cells.blank.all()):
        return facts
    return facts.assign(authority=cells.column(str.strip).take(facts.index.to_numpy()))


def _numbers(rows: Rows, other: str) -> pd.DataFrame:
    names = {
        "patient_id": "patient_id",
        "authority": AUTHORITY,
        other: other,
        f"{other}_authority": f"{other}_authority",
    }
    return pd.DataFrame({name: rows.cells(column).column(str.strip) for name, column in names.items()})
