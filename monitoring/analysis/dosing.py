"""Doses against the cited ranges, and the ranges worked out for one body."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.terms import Catalog, DoseRange

READ = ["patient_id", "given", "amount_text"]
PER = {"mg/kg": ("weight_kg", "kg"), "g/kg": ("weight_kg", "kg"), "mg/m2": ("bsa_m2", "m²")}


def compared(
    on: pd.DataFrame, given: pd.DataFrame, catalog: Catalog, *, as_of: datetime
) -> dict[str, list[dict[str, Any]]]:
    """For each patient: what was given of each drug in the last 24 h, and how it stands to each cited range."""
    if on.empty:
        return {}
    recent = given[given["at"] > pd.Timestamp(as_of) - pd.Timedelta(days=1)]
    sums = recent.groupby(["patient_id", "given"])[["mg", "mg_kg", "mg_m2"]].sum(min_count=1).reset_index()
    day = {(row["patient_id"], row["given"]): row for row in sums.to_dict("records")}
    newest = on.sort_values("started_at").drop_duplicates(["patient_id", "given"], keep="last")[READ]
    told: dict[str, list[dict[str, Any]]] = {}
    for row in newest.itertuples():
        key = (str(row.patient_id), str(row.given))
        told.setdefault(key[0], []).append(_dose(row, day.get(key), catalog))
    return told


def _dose(row: Any, amounts: Mapping[Hashable, Any] | None, catalog: Catalog) -> dict[str, Any]:
    drug = catalog.drugs[row.given]
    ranges = [_against(dose, amounts) for dose in drug.doses]
    return {
        "drug": row.given,
        "label": drug.label,
        "amount": row.amount_text,
        "mg_last_24h": _number(amounts, "mg"),
        "mg_kg_last_24h": _number(amounts, "mg_kg"),
        "ranges": ranges,
    }


def _number(amounts: Mapping[Hashable, Any] | None, name: str) -> float | None:
    return None if amounts is None or math.isnan(amounts[name]) else round(float(amounts[name]), 2)


def _against(dose: DoseRange, amounts: Mapping[Hashable, Any] | None) -> dict[str, Any]:
    column = {"mg/kg/day": "mg_kg", "mg/m2/day": "mg_m2", "mg/day": "mg"}.get(dose.unit)
    amount = _number(amounts, column) if column else None
    return {
        "range": range_text(dose),
        "unit": dose.unit,
        "stands": _stands(amount, dose),
        "source": list(dose.source.cite),
        "tag": dose.source.tag,
    }


def _stands(amount: float | None, dose: DoseRange) -> str:
    if amount is None:
        return "cannot tell"
    if amount < dose.low:
        return "below"
    return "above" if amount > dose.high else "within"


def range_text(dose: DoseRange) -> str:
    ends = f"{dose.low:g}" if dose.low == dose.high else f"{dose.low:g}–{dose.high:g}"
    most = f", at most {dose.maximum:g} {dose.maximum_unit}" if dose.maximum else ""
    return f"{ends} {dose.unit}{most}"


def for_body(dose: DoseRange, body: dict[str, float]) -> str:
    """The range in mg for this weight or surface area, capped at its maximum; "" where the body is not known."""
    unit, per_day = dose.unit.removesuffix("/day"), "/day" if dose.unit.endswith("/day") else ""
    if unit not in PER:
        return ""
    size = body.get(PER[unit][0], float("nan"))
    if not size or np.isnan(size):
        return ""
    same = dose.maximum_unit.split("/")[0] == unit.split("/")[0]
    low, high = (
        min(end * size, dose.maximum) if dose.maximum and same else end * size for end in (dose.low, dose.high)
    )
    plain = unit.split("/")[0]
    ends = f"{low:,.0f}" if round(low) == round(high) else f"{low:,.0f}–{high:,.0f}"
    return f"{ends} {plain}{per_day}"
