"""Analytes not seen for longer than their due interval while the patient is under treatment. Silence is a signal."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from monitoring.terms import Catalog

RULE = "labs_overdue"


def awaited(
    observations: pd.DataFrame, patients: pd.DataFrame, lines: pd.DataFrame, catalog: Catalog, *, as_of: datetime
) -> pd.DataFrame:
    """
    One row a patient under treatment and analyte of the rule: patient_id, analyte, last_at (newest draw; NaT: never),
    last_received_at, due_at, late_at (due and grace over), overdue (bool).
    Counted from the newest draw, or from the beginning of the line where there was none.
    """
    rule = catalog.rules[RULE]
    wanted = pd.DataFrame({"analyte": rule.parameters["analytes"]})
    wanted["due"] = pd.to_timedelta([catalog.analytes[code].due_hours for code in wanted["analyte"]], unit="h")
    table = _treated(patients, lines, as_of).merge(wanted, how="cross")
    mine = observations[observations["analyte"].isin(wanted["analyte"])]
    newest = mine.sort_values("collected_at").drop_duplicates(["patient_id", "analyte"], keep="last")
    newest = newest.rename(columns={"collected_at": "last_at", "received_at": "last_received_at"})
    table = table.merge(
        newest[["patient_id", "analyte", "last_at", "last_received_at"]],
        on=["patient_id", "analyte"],
        how="left",
    )
    counted = table["last_at"].where(table["last_at"] >= table["since"], table["since"])
    table["due_at"] = counted + table["due"]
    table["late_at"] = table["due_at"] + pd.Timedelta(hours=rule.parameters["grace_hours"])
    return table.assign(overdue=table["late_at"] < pd.Timestamp(as_of)).drop(columns="due")


def _treated(patients: pd.DataFrame, lines: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    left = patients["discharged_at"].notna() & (patients["discharged_at"] <= pd.Timestamp(as_of))
    back = patients["admitted_at"].notna() & (patients["admitted_at"] > patients["discharged_at"])
    here = patients.loc[~left | back, "patient_id"]
    on = lines[(lines["line"] != "none") & lines["patient_id"].isin(here)]
    return on[["patient_id", "since"]].reset_index(drop=True)
