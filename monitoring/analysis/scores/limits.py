"""Reference limits that a value is compared with: the laboratory's own, else the generic ones by age and sex."""

from __future__ import annotations

import pandas as pd

from monitoring.terms import Catalog

ENDS = ["upper_low", "upper_high", "lower_low", "lower_high"]


def limits(rows: pd.DataFrame, people: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """
    For each row (patient_id, analyte, reference_low, reference_high; same index) ENDS: between which two numbers its
    upper and its lower limit lie. They differ where sex or age is not known; NaN where there is no limit.

    `people`: by patient_id, with sex and years.
    """
    if rows.empty:  # pandas cannot join two columns of text that hold nothing
        return pd.DataFrame(columns=ENDS, index=rows.index, dtype=float)
    generic = _generic(rows, people, catalog).reindex(rows.index)
    own = {"upper": rows["reference_high"], "lower": rows["reference_low"]}
    told = {end: own[end.partition("_")[0]] for end in ENDS}
    return pd.DataFrame({end: limit.where(limit > 0, generic[end]) for end, limit in told.items()}).astype(float)


def _generic(rows: pd.DataFrame, people: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    told = rows[["patient_id", "analyte"]].reset_index(names="at").merge(_intervals(catalog), on="analyte")
    told = told.join(people[["sex", "years"]].rename(columns={"sex": "sex_told"}), on="patient_id")
    of_sex = told["sex"].eq("") | told["sex_told"].eq(told["sex"]) | ~told["sex_told"].isin(["male", "female"])
    of_age = told["years"].isna() | ((told["years"] >= told["from_years"]) & (told["years"] < told["to_years"]))
    fits = told[of_sex & of_age].groupby("at")
    return pd.DataFrame(
        {
            "upper_low": fits["high"].min(),
            "upper_high": fits["high"].max(),
            "lower_low": fits["low"].min(),
            "lower_high": fits["low"].max(),
        }
    )


def _intervals(catalog: Catalog) -> pd.DataFrame:
    rows = [
        (analyte.code, one.low, one.high, one.sex, one.from_years, one.to_years)
        for analyte in catalog.analytes.values()
        for one in analyte.intervals
    ]
    table = pd.DataFrame(rows, columns=["analyte", "low", "high", "sex", "from_years", "to_years"])
    return table.astype({"low": float, "high": float})
