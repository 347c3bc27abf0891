"""What was given, as an export tells it."""

from __future__ import annotations

import pandas as pd

from monitoring.terms import Catalog


def treatments(doses: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    renamed = {"given": "drug", "amount": "dose", "name_text": "drug_reported", "ref": "dose_id"}
    named = counted_in(doses).rename(columns=renamed)
    lines = {code: drug.line for code, drug in catalog.drugs.items()}
    return named.assign(line=named["drug"].map(lines))


def counted_in(doses: pd.DataFrame) -> pd.DataFrame:
    """A unit in one spelling, or as reported where it is none that is known here: 50 mg/h is no dose of 50."""
    known = doses["unit"].notna() & doses["unit"].ne("")
    return doses.assign(unit=doses["unit"].where(known, doses["unit_text"]))
