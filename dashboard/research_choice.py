"""What a research table can be asked for, and the days chosen as moments of the ward's clock. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from dashboard.bedside import Ward, shown_analytes
from dashboard.patient_sheet import choices
from dashboard.selection import LabsAsked
from monitoring.terms import Catalog

IDENTIFIED: Final = (
    "Without this, identifiers are replaced by pseudonyms and every time of a patient is moved by the same number "
    "of weeks: intervals, weekday and season stay, nobody is named."
)


def patients(ward: Ward) -> list[str]:
    """Identifiers in the order of the beds: what stands in the address must still be right when a bed is changed."""
    return [told["id"] for told in choices(ward)]


def analytes(ward: Ward, catalog: Catalog) -> dict[str, str]:
    """Label -> code, of those that anybody has a value of."""
    present = {code for side in ward.sides for code in side.trends}
    return {analyte.label: analyte.code for analyte in shown_analytes(catalog, present)}


def asked(
    patients: Sequence[str],
    analytes: Sequence[str],
    start: date | None,
    end: date | None,
    *,
    identified: bool,
    zone: tzinfo,
) -> LabsAsked:
    """Days are whole days of the ward's clock, both ends included."""
    return LabsAsked(
        patients=tuple(patients),
        analytes=tuple(analytes),
        start=datetime.combine(start, time(), zone) if start else None,
        end=datetime.combine(end + timedelta(days=1), time(), zone) - timedelta(microseconds=1) if end else None,
        identified=identified,
    )
