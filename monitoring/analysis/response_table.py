"""Responses as they are shown and printed: windows with markers, what speaks for and against, what is missing, options."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from monitoring.analysis.options import options
from monitoring.analysis.written import clean, iso, rounded
from monitoring.terms import Catalog

COLUMNS = ["patient_id", "t0", "drug", "label", "course_no", "steroid_hours", "windows"]


def responses(verdicts: pd.DataFrame, markers: pd.DataFrame, lines: pd.DataFrame, bodies: pd.DataFrame, catalog: Catalog, *, as_of: datetime) -> pd.DataFrame:
    """One row a high-dose start, the newest first within a patient; `windows` as the public `response` shape, and more."""
    if verdicts.empty:
        return pd.DataFrame(columns=COLUMNS)
    stand = {key: rows for key, rows in markers.groupby(["patient_id", "t0", "hours"], sort=False)}
    line = lines.set_index("patient_id")[["line", "drugs"]].to_dict("index")
    body = bodies.to_dict("index")
    rows = []
    for (patient, t0), told in verdicts.groupby(["patient_id", "t0"], sort=False):
        offered = options(line.get(patient, {}), body.get(patient, {}), catalog)
        windows = [_window(row, stand[(patient, t0, row.hours)], offered, catalog) for row in told.itertuples()]
        first = told.iloc[0]
        since = (pd.Timestamp(as_of) - t0) / pd.Timedelta(hours=1)
        rows.append((patient, t0, first["drug"], catalog.drugs[first["drug"]].label, int(first["course_no"]), since, windows))
    return pd.DataFrame(rows, columns=COLUMNS).sort_values(["patient_id", "t0"], ascending=[True, False], ignore_index=True)


def _window(row: Any, markers: pd.DataFrame, offered: list[dict[str, Any]], catalog: Catalog) -> dict[str, Any]:
    stands = {str(m.analyte): _marker(m, catalog) for m in markers.itertuples()}
    decided = row.hours >= catalog.rules["steroid_response"].parameters["decision_hours"]
    wanted = row.verdict in ("not_responding", "mixed") or (row.verdict == "indeterminate" and (decided or row.worsening))
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


def _marker(m: Any, catalog: Catalog) -> dict[str, Any]:
    analyte = catalog.analytes[m.analyte]
    return {
        "state": m.state,
        "baseline": clean(m.base_value),
        "baseline_comparator": _text(m.base_comparator),
        "baseline_at": iso(m.base_collected_at),
        "value": clean(m.now_value),
        "comparator": _text(m.now_comparator),
        "value_at": iso(m.now_collected_at),
        "unit": analyte.unit,
        "change_percent": rounded(m.change_percent, 1),
        "values_used": None if pd.isna(m.n) else int(m.n),
        "reason": m.reason,
        "confounded": _text(m.now_confounded_why) or _text(m.base_confounded_why),
        "refs": [[int(ref), int(version)] for ref, version in ((m.base_ref, m.base_version), (m.now_ref, m.now_version)) if pd.notna(ref)],
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
