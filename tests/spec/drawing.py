"""Courses drawn as tables, and what is judged of them at an hour. Times are hours and minutes from one midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zlib import crc32

import pandas as pd

from monitoring.analysis.assessment import Assessment, assess
from monitoring.analysis.course import Course
from monitoring.analysis.explain import explained
from monitoring.catalog import load_catalog
from monitoring.terms import Catalog
from storage.frames import DOSES, FINDINGS, OBSERVATIONS, PATIENTS, shaped

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


@cache
def catalog() -> Catalog:
    return load_catalog()


def at(hour: str | float) -> datetime:
    """at(30), at("30:01"): so long after midnight; a leading minus is before it."""
    text = str(hour)
    sign = -1 if text.startswith("-") else 1
    whole, _, minutes = text.lstrip("-").partition(":")
    return MIDNIGHT + sign * timedelta(hours=float(whole), minutes=float(minutes or 0))


def drawn(
    table: str, *, patient: str = "A", weight: float | None = 70.0, height: float | None = 175.0, **of_patient: object
) -> Course:
    """
    A course from a table with the columns hour, analyte codes and, if wanted, received (hour), given, method, specimen,
    source, status.

    given: "methylprednisolone 1000 mg", several parted by ";". A cell "" or "-" is nothing; ">40000" is a bound.
    """
    rows = _cells(table)
    body = {"patient_id": patient, "weight_kg": weight, "height_cm": height, "received_at": at(-10000)} | of_patient
    return Course(
        patients=shaped(pd.DataFrame([body]), PATIENTS),
        observations=shaped(pd.DataFrame([o for row in rows for o in _observations(row, patient)]), OBSERVATIONS),
        doses=shaped(pd.DataFrame([d for row in rows for d in _doses(row, patient)]), DOSES),
        findings=shaped(pd.DataFrame(), FINDINGS),
    )


def together(*courses: Course) -> Course:
    """Several patients in one course."""
    names = ("patients", "observations", "doses", "findings")
    return Course(**{name: pd.concat([getattr(c, name) for c in courses], ignore_index=True) for name in names})


def judged(table: str, *, as_of: str | float, **body: object) -> Assessment:
    return assess(drawn(table, **body), catalog(), as_of=at(as_of))  # type: ignore[arg-type]


def flags_of(assessment: Assessment) -> dict[str, str]:
    """Flag code -> severity of what is active."""
    on = assessment.flags[assessment.flags["state"] == "active"]
    return dict(zip(on["flag"], on["severity"], strict=True))


def flag(assessment: Assessment, code: str) -> pd.Series:
    return explained(assessment.flags[assessment.flags["flag"] == code], assessment, catalog()).iloc[0]


def verdicts_of(assessment: Assessment) -> dict[int, str]:
    """Window hours -> verdict, of the newest steroid start."""
    newest = assessment.verdicts[assessment.verdicts["t0"] == assessment.verdicts["t0"].max()]
    return dict(zip(newest["hours"], newest["verdict"], strict=True))


def marker(assessment: Assessment, analyte: str, hours: int) -> pd.Series:
    m = assessment.markers
    return m[(m["analyte"] == analyte) & (m["hours"] == hours)].iloc[0]


def _cells(table: str) -> list[dict[str, str]]:
    lines = [line for line in table.strip().splitlines() if set(line.strip()) - set("-+| ")]
    names, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _observations(row: dict[str, str], patient: str) -> list[dict[str, object]]:
    known = catalog().analytes
    return [
        _observation(row, name, cell, patient) for name, cell in row.items() if name in known and cell not in ("", "-")
    ]


def _observation(row: dict[str, str], analyte: str, cell: str, patient: str) -> dict[str, object]:
    number = cell.lstrip("<>=")
    unit = catalog().analytes[analyte].unit
    version = int(row.get("version") or 1)
    return {
        "patient_id": patient,
        "analyte": analyte,
        "collected_at": at(row["hour"]),
        "received_at": at(row.get("received") or row["hour"]),
        "value": float(number),
        "comparator": cell[: len(cell) - len(number)],
        "unit": unit,
        "value_text": cell,
        "unit_text": unit,
        "method": row.get("method", ""),
        "specimen": row.get("specimen", ""),
        "source": row.get("source", ""),
        "status": row.get("status") or "final",
        "ref": crc32(f"{analyte} {row['hour']} {row.get('method', '')}".encode()),
        "version": version,
    }


def _doses(row: dict[str, str], patient: str) -> list[dict[str, object]]:
    given = [cell.strip() for cell in row.get("given", "").split(";") if cell.strip() not in ("", "-")]
    return [_dose(row, cell, patient, place) for place, cell in enumerate(given)]


def _dose(row: dict[str, str], cell: str, patient: str, place: int) -> dict[str, object]:
    code, amount, unit = [*cell.split(" "), "", ""][:3]
    return {
        "patient_id": patient,
        "given": code,
        "name_text": code,
        "started_at": at(row["hour"]),
        "ended_at": at(row["until"]) if row.get("until") else pd.NaT,
        "received_at": at(row.get("received") or row["hour"]),
        "amount": float(amount) if amount else float("nan"),
        "unit": unit,
        "amount_text": amount,
        "unit_text": unit,
        "status": "completed",
        "ref": crc32(f"{code} {row['hour']} {place}".encode()),
        "version": 1,
    }
