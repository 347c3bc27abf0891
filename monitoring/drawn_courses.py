"""
Courses drawn as text tables, as the golden courses and the tests hold them.

One line a moment, cells parted by "|". Columns: hour ("30", "30:01", "-2"), then any of received (hour), version,
status, given, until (hour), method, specimen, source, codes of analytes (in the catalog's unit, ">40000" is a bound)
and codes of findings. given is like "methylprednisolone 1000 mg", several parted by ";". An empty cell or "-" is
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import pandas as pd

from monitoring.analysis.course import Course
from monitoring.terms import Catalog
from storage.frames import DOSES, FINDINGS, OBSERVATIONS, PATIENTS, shaped

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)  # hour 0 of every drawn course
LONG_BEFORE = MIDNIGHT - timedelta(days=365)
PATIENT = "drawn"
PLACED = ("hour", "received", "version", "status", "given", "until", "method", "specimen", "source")
NOTHING = ("", "-")
Row = Mapping[str, str]


def at(hour: float | str) -> datetime:
    """at(30), at("30:01"): so long after midnight; a leading minus is before it."""
    text = str(hour)
    whole, _, minutes = text.lstrip("-").partition(":")
    away = timedelta(hours=number_of(whole), minutes=number_of(minutes or 0))
    return MIDNIGHT - away if text.startswith("-") else MIDNIGHT + away


def course_of(table: str, patient: Mapping[str, Any], catalog: Catalog) -> Course:
    """Raises ValueError, in words, for a cell that cannot be read or a name the catalog does not know."""
    lines = rows(table)
    check_columns(lines, catalog)
    person = {"patient_id": PATIENT, "received_at": LONG_BEFORE, **patient}

    def frame(read: Callable[[Row, Catalog], Iterator[dict[str, Any]]], shape: Mapping[str, str]) -> pd.DataFrame:
        facts = [fact | {"patient_id": person["patient_id"]} for row in lines for fact in read(row, catalog)]
        return shaped(pd.DataFrame(facts), shape)

    return Course(
        patients=shaped(pd.DataFrame([person]), PATIENTS),
        observations=frame(observed, OBSERVATIONS),
        doses=frame(doses, DOSES),
        findings=frame(findings, FINDINGS),
    )


def number_of(cell: float | str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"{cell!r} is no number") from None


def rows(table: str) -> list[Row]:
    lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines() if line.strip()]
    if not lines or lines[0][0] != "hour":
        raise ValueError("the first line should name the columns, the first of them hour")
    for line in lines[1:]:
        if len(line) != len(lines[0]):
            raise ValueError(f"the line of hour {line[0]} has {len(line)} cells, the first line names {len(lines[0])}")
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def check_columns(lines: list[Row], catalog: Catalog) -> None:
    for name in lines[0] if lines else ():
        if name not in PLACED and name not in catalog.analytes and name not in catalog.findings:
            raise ValueError(f"{name!r} is neither a column known here nor an analyte or a finding of the catalog")


def observed(row: Row, catalog: Catalog) -> Iterator[dict[str, Any]]:
    for code in row:
        if code in catalog.analytes and row[code] not in NOTHING:
            number, unit = row[code].lstrip("<>="), catalog.analytes[code].unit
            yield told(row, f"{code} {row.get('method', '')}") | {
                "analyte": code,
                "collected_at": at(row["hour"]),
                "value": number_of(number),
                "comparator": row[code][: len(row[code]) - len(number)],
                "unit": unit,
                "value_text": row[code],
                "unit_text": unit,
                "method": row.get("method", ""),
                "specimen": row.get("specimen", ""),
                "version": int(number_of(row.get("version") or 1)),
                "status": row.get("status") or "final",
            }


def doses(row: Row, catalog: Catalog) -> Iterator[dict[str, Any]]:
    cells = [cell.strip() for cell in row.get("given", "").split(";")]
    for place, cell in enumerate(cell for cell in cells if cell not in NOTHING):
        code, amount, unit = [*cell.split(" ", 2), "", ""][:3]
        if code not in catalog.drugs and code not in catalog.products:
            raise ValueError(f"{code!r} is no drug or product of the catalog")
        until = row.get("until", "")
        yield told(row, f"{code} {place}") | {
            "given": code,
            "name_text": code,
            "started_at": at(row["hour"]),
            "ended_at": pd.NaT if until in NOTHING else at(until),
            "amount": number_of(amount) if amount else float("nan"),
            "unit": unit,
            "amount_text": amount,
            "unit_text": unit,
            "status": "completed",
        }


def findings(row: Row, catalog: Catalog) -> Iterator[dict[str, Any]]:
    for code in row:
        if code in catalog.findings and row[code] not in NOTHING:
            seen = {"finding": code, "value": row[code], "observed_at": at(row["hour"]), "status": "final"}
            yield told(row, code) | seen


def told(row: Row, what: str) -> dict[str, Any]:
    """What every fact has: when it came, and an identity of its own."""
    received = row.get("received", "")
    return {
        "received_at": at(row["hour"] if received in NOTHING else received),
        "source": row.get("source", ""),
        "ref": crc32(f"{what} {row['hour']}".encode()),
        "version": 1,
    }
