"""What a patient's page does not show because it was last measured longer ago than is read at first. No streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside, shown_analytes
from dashboard.charts import PANELS
from dashboard.selection import PatientAsked
from monitoring.terms import Catalog

NAMED: Final = 4


@dataclass(frozen=True)
class Older:
    """`words` name the analytes with the age of their last value, `hover` its time; `href` shows them."""

    words: str
    hover: str
    href: str
    where: str


def older(
    side: Bedside, drawn: Mapping[str, pd.Timestamp], catalog: Catalog, asked: PatientAsked, *, zone: tzinfo
) -> Older | None:
    """None where nothing is left out. `drawn`: when each analyte was last drawn at all."""
    codes = [code for code in drawn if code in PANELS and code not in side.trends]
    if asked.far or not codes:
        return None
    named = [(one.label, drawn[one.code]) for one in shown_analytes(catalog, codes)]
    told = [f"{wording.running(label)} ({wording.age(at, side.as_of)} old)" for label, at in named]
    more = f", +{len(told) - NAMED}" if len(told) > NAMED else ""
    admitted = side.patient["admitted_at"]
    span, where = ("stay", "the stay") if not (admitted > max(at for _, at in named)) else ("all", "all stays")
    return Older(
        words=", ".join(told[:NAMED]) + more,
        hover=wording.joined(*(f"{label} {wording.stamp(at, zone)}" for label, at in named)),
        href=asked.address(span=span),
        where=where,
    )
