"""What a research table can be asked for, and the days chosen as moments of the ward's clock. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

import pandas as pd

from dashboard.bedside import Ward, shown_analytes
from dashboard.patient_sheet import choices
from dashboard.selection import LabsAsked
from monitoring.cohorts import Members, few
from monitoring.disguise import pseudonyms
from monitoring.terms import Catalog

IDENTIFIED: Final = (
    "Without this, identifiers are replaced by pseudonyms and every time of a patient is moved by the same number "
    "of weeks: intervals, weekday and season stay, nobody is named."
)

MOST_NAMED: Final = 3  # analytes in the name of a file


def named(ward: Ward, key: bytes | None) -> dict[str, str]:
    """
    What a patient is called here -> identifier. In the order of the beds by identifier: what stands in the address must
    still be right when a bed is changed. With `key` by pseudonym, for who may not see who they are, and in that order.
    """
    known = [*(told["id"] for told in choices(ward)), *sorted(ward.earlier)]
    if key is None:
        return {name: name for name in known}
    return dict(sorted((name, patient) for patient, name in pseudonyms(known, key).items()))


def analytes(catalog: Catalog) -> dict[str, str]:
    """Label -> code, of all there are: a ward is read a few days back, and somebody may have had a value before."""
    return {analyte.label: analyte.code for analyte in shown_analytes(catalog, catalog.analytes)}


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


def file_name(asked: LabsAsked, values: int) -> str:
    """
    Which choice it is: analytes, whether of some patients or days alone, and the number of values as the page says it.
    No moment and no day: beside moved dates they would tell by how much.
    """
    many = len(asked.analytes) > MOST_NAMED
    parts = (
        f"{len(asked.analytes)}-analytes" if many else "-".join(asked.analytes),
        "some-patients" if asked.patients else "",
        "some-days" if asked.start or asked.end else "",
        f"{values}-values",
        "identified" if asked.identified else "",
    )
    return f"maswatch-labs-{'-'.join(part for part in parts if part)}.csv"


def counts(told: Members, catalog: Catalog) -> pd.DataFrame:
    """How many are left after each criterion, as they may be told."""
    rows = [(step.words[:1].upper() + step.words[1:], few(step.left, catalog)) for step in told.steps]
    return pd.DataFrame(rows, columns=["Criterion", "Patients"])


def within(asked: LabsAsked, told: Members) -> LabsAsked | None:
    """The same of those who are in the cohort too; None where nobody is."""
    inside = set(told.patients)
    left = [patient for patient in asked.patients if patient in inside] if asked.patients else told.patients
    return replace(asked, patients=tuple(left)) if left else None
