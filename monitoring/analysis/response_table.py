"""Responses as they are shown: windows with markers, what speaks for and against, what is missing, options."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from monitoring.analysis.options import options
from monitoring.analysis.written import iso, rounded, rows
from monitoring.terms import Catalog

COLUMNS = ["patient_id", "t0", "drug", "label", "course_no", "steroid_hours", "windows"]
MARKER_COLUMNS = [
    "patient_id", "t0", "hours", "analyte", "state", "reason", "change_percent", "n",
    "base_value", "base_comparator", "base_collected_at", "base_confounded_why", "base_ref", "base_version",
    "now_value", "now_comparator", "now_collected_at", "now_confounded_why", "now_ref", "now_version",
]  # fmt: skip


def responses(
    verdicts: pd.DataFrame,
    markers: pd.DataFrame,
    lines: pd.DataFrame,
    bodies: pd.DataFrame,
    catalog: Catalog,
    *,
    as_of: datetime,
) -> pd.DataFrame:
    """One row a high-dose start, a patient's newest first; `windows` as the public `response` shape, and more."""
    if verdicts.empty:
        return pd.DataFrame(columns=COLUMNS)
    stand = _stands(markers, catalog)
    line = {row["patient_id"]: row for row in rows(lines[["patient_id", "line", "drugs"]])}
    body = {row["patient_id"]: row for row in rows(bodies.rename_axis("patient_id").reset_index())}
    table = []
    for key, told in verdicts.groupby(["patient_id", "t0"], sort=False):
        patient, t0 = str(key[0]), told["t0"].iloc[0]
        offered = options(line.get(patient, {}), body.get(patient, {}), catalog)
        windows = [_window(row, stand[(patient, t0, row.hours)], offered, catalog) for row in told.itertuples()]
        first = told.iloc[0]
        since = (pd.Timestamp(as_of) - t0) / pd.Timedelta(hours=1)
        table.append(
            (patient, t0, first["drug"], catalog.drugs[first["drug"]].label, int(first["course_no"]), since, windows)
        )
    return pd.DataFrame(table, columns=COLUMNS).sort_values(
        ["patient_id", "t0"], ascending=[True, False], ignore_index=True
    )


def _stands(markers: pd.DataFrame, catalog: Catalog) -> dict[Any, dict[str, dict[str, Any]]]:
    """(patient, t0, hours) -> analyte -> where it stands."""
    stands: dict[Any, dict[str, dict[str, Any]]] = {}
    for m in rows(markers[MARKER_COLUMNS]):
        stands.setdefault((m["patient_id"], m["t0"], m["hours"]), {})[m["analyte"]] = _marker(m, catalog)
    return stands


def _window(
    row: Any, stands: dict[str, dict[str, Any]], offered: list[dict[str, Any]], catalog: Catalog
) -> dict[str, Any]:
    decided = row.hours >= catalog.rules["steroid_response"].parameters["decision_hours"]
    wanted = row.verdict in ("not_responding", "mixed") or (
        row.verdict == "indeterminate" and (decided or row.worsening)
    )
    return {
        "hours": int(row.hours),
        "verdict": row.verdict,
        "assessed_at": iso(row.assessed_at),
        "due_at": iso(row.due_at),
        "worsening": bool(row.worsening),
        "markers": stands,
        "for": [name for name, stand in stands.items() if stand["state"] == "improved"],
        "against": [name for name, stand in stands.items() if stand["state"] == "worse"],
        "missing": [name for name, stand in stands.items() if stand["state"] == "missing"],
        "options": offered if wanted else [],
    }


def _marker(m: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    sides = ((m["base_ref"], m["base_version"]), (m["now_ref"], m["now_version"]))
    return {
        "state": m["state"],
        "baseline": m["base_value"],
        "baseline_comparator": m["base_comparator"] or "",
        "baseline_at": m["base_collected_at"],
        "value": m["now_value"],
        "comparator": m["now_comparator"] or "",
        "value_at": m["now_collected_at"],
        "unit": catalog.analytes[m["analyte"]].unit,
        "change_percent": rounded(m["change_percent"], 1),
        "values_used": None if m["n"] is None else int(m["n"]),
        "reason": m["reason"],
        "confounded": m["now_confounded_why"] or m["base_confounded_why"] or "",
        "refs": [[int(ref), int(version)] for ref, version in sides if ref is not None],
    }
