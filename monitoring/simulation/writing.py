"""A simulated ward as files of the CSV contract, and its truth beside them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

HEADERS: dict[str, tuple[str, ...]] = {
    "patients": (
        "patient_id", "birth_date", "sex", "weight_kg", "height_cm", "context", "ward", "bed", "admitted_at",
        "discharged_at",
    ),
    "treatments": ("patient_id", "drug", "dose", "unit", "route", "started_at", "ended_at", "source_id"),
    "findings": ("patient_id", "finding", "value", "observed_at", "source_id"),
    "labs": (
        "patient_id", "analyte", "value", "unit", "collected_at", "resulted_at", "status", "source_id", "method",
    ),
    "truth": ("patient_id", "kind", "event", "began_at", "ended_at", "value"),
}  # fmt: skip


def write_csv(folder: Path, kind: str, columns: Sequence[Iterable[object]]) -> None:
    """`columns` in the order of the contract's header for this kind of file."""
    with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADERS[kind])
        writer.writerows(zip(*map(listed, columns), strict=True))


def listed(column: Iterable[object]) -> Iterable[object]:
    """An array's own texts and numbers: the writer is slow on numpy's."""
    return column.tolist() if isinstance(column, np.ndarray) else column


def iso(start: datetime, hours: np.ndarray) -> np.ndarray:
    """Hours of the ward as ISO 8601 in UTC, to the second."""
    first = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "s")
    moments = first + np.round(np.asarray(hours, dtype=float) * 3600).astype("timedelta64[s]")
    return np.char.add(np.datetime_as_string(moments, unit="s"), "+00:00")


def birth_date(age: int, birthday: datetime) -> str:
    """The date of birth of someone who was `age` on this birthday; the true one is nobody's to know."""
    return birthday.date().replace(year=birthday.year - age, day=min(birthday.day, 28)).isoformat()


def plain(numbers: np.ndarray) -> list[str]:
    """Amounts without trailing zeros."""
    return [f"{value:g}" for value in numbers]


def numbered(letter: str, numbers: np.ndarray) -> list[str]:
    return [f"{letter}{number:07d}" for number in numbers]
