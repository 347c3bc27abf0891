"""Trajectories for research: the rows of the screen, tidy, pseudonymous and date-shifted unless asked otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from monitoring.analysis.matching import of_each
from monitoring.disguise import pseudonyms, shifts
from monitoring.state import WardState, state
from monitoring.terms import Catalog
from storage import queries
from storage.engine import Store

AT_ONCE = 250  # patients judged together: memory stays the same however many there are
LABS = [
    "patient_id", "analyte", "value", "comparator", "unit", "collected_at", "resulted_at", "received_at",
    "value_reported", "unit_reported", "loinc", "method", "specimen", "status", "source_id", "reference_low",
    "reference_high", "confounded_by", "hours_since_steroid", "hours_since_first",
]  # fmt: skip
TREATMENTS = [
    "patient_id",
    "drug",
    "dose",
    "unit",
    "route",
    "started_at",
    "ended_at",
    "source_id",
    "drug_reported",
    "hours_since_steroid",
]
FINDINGS = ["patient_id", "finding", "value", "observed_at", "hours_since_steroid"]
PATIENTS = [
    "patient_id",
    "birth_date",
    "sex",
    "weight_kg",
    "height_cm",
    "context",
    "ward",
    "bed",
    "admitted_at",
    "discharged_at",
]
FLAGS = [
    "patient_id",
    "flag",
    "severity",
    "state",
    "began_at",
    "raised_at",
    "cleared_at",
    "retracted_at",
    "rule_version",
    "sentence",
]
RESPONSES = ["patient_id", "t0", "drug", "hours", "verdict", "assessed_at"]
TIMES = [
    "collected_at", "resulted_at", "received_at", "started_at", "ended_at", "observed_at", "admitted_at",
    "discharged_at", "began_at", "raised_at", "cleared_at", "retracted_at", "t0", "assessed_at",
]  # fmt: skip
NAMES_SOMEBODY = {
    "labs": ["source_id"],
    "treatments": ["source_id"],
    "patients": ["birth_date", "ward", "bed"],
    "flags": ["sentence"],
}


@dataclass(frozen=True)
class Wanted:
    """What to export. Empty tuples and None mean all; `key` None: identified; `align` "steroid": those with one."""

    as_of: datetime
    patients: tuple[str, ...] = ()
    analytes: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    align: str = ""
    key: bytes | None = None


def labs_table(store: Store, catalog: Catalog, wanted: Wanted) -> pd.DataFrame:
    """All of it at once, for the preview and download of a screen; columns LABS."""
    parts = [tables["labs"] for tables in exported(store, catalog, wanted)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=LABS)


def write_labs(store: Store, catalog: Catalog, wanted: Wanted, out: IO[str]) -> int:
    """The labs as CSV, part by part; the number of rows."""
    rows = 0
    for place, tables in enumerate(exported(store, catalog, wanted)):
        tables["labs"].to_csv(out, index=False, header=place == 0)
        rows += len(tables["labs"])
    return rows


def write_folder(store: Store, catalog: Catalog, wanted: Wanted, folder: Path) -> dict[str, int]:
    """One CSV a table; name -> rows."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}
    for place, tables in enumerate(exported(store, catalog, wanted)):
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, mode="w" if place == 0 else "a", header=place == 0)
            rows[name] = rows.get(name, 0) + len(table)
    return rows


def exported(store: Store, catalog: Catalog, wanted: Wanted) -> Iterator[dict[str, pd.DataFrame]]:
    """The tables of some patients at a time, in the order of their identifiers."""
    known = queries.patients(store, as_of=wanted.as_of)["patient_id"].sort_values().tolist()
    chosen = [patient for patient in known if not wanted.patients or patient in set(wanted.patients)]
    for first in range(0, max(len(chosen), 1), AT_ONCE):
        part = chosen[first : first + AT_ONCE]
        yield _disguised(_tables(state(store, catalog, as_of=wanted.as_of, patients=part), wanted), part, wanted.key)


def _tables(ward: WardState, wanted: Wanted) -> dict[str, pd.DataFrame]:
    course, t0 = ward.assessment.course, _first_steroid(ward)
    return {
        "patients": course.patients.reindex(columns=PATIENTS),
        "labs": _labs(ward, t0, wanted),
        "treatments": _treatments(course.doses, t0),
        "findings": _since(course.findings, "observed_at", t0).reindex(columns=FINDINGS),
        "flags": ward.flags.reindex(columns=FLAGS),
        "responses": ward.assessment.verdicts.reindex(columns=RESPONSES),
    }


def _labs(ward: WardState, t0: pd.Series, wanted: Wanted) -> pd.DataFrame:
    points = ward.assessment.points
    points = points[_chosen(points, wanted)]
    first = ward.assessment.points.groupby("patient_id")["collected_at"].min()
    table = _since(
        points.rename(columns={"value_text": "value_reported", "unit_text": "unit_reported"}), "collected_at", t0
    )
    table["hours_since_first"] = _hours(table["collected_at"] - of_each(table["patient_id"], first))
    if wanted.align == "steroid":
        table = table[table["hours_since_steroid"].notna()]
    return table.reindex(columns=LABS).sort_values(["patient_id", "collected_at", "analyte"], ignore_index=True)


def _chosen(points: pd.DataFrame, wanted: Wanted) -> pd.Series:
    chosen = pd.Series(True, index=points.index)
    if wanted.analytes:
        chosen &= points["analyte"].isin(wanted.analytes)
    if wanted.start:
        chosen &= points["collected_at"] >= pd.Timestamp(wanted.start)
    if wanted.end:
        chosen &= points["collected_at"] <= pd.Timestamp(wanted.end)
    return chosen


def _treatments(doses: pd.DataFrame, t0: pd.Series) -> pd.DataFrame:
    named = doses.rename(columns={"given": "drug", "amount": "dose", "name_text": "drug_reported"})
    return _since(named, "started_at", t0).reindex(columns=TREATMENTS)


def _first_steroid(ward: WardState) -> pd.Series:
    return ward.assessment.starts.groupby("patient_id")["t0"].min()


def _since(frame: pd.DataFrame, time: str, t0: pd.Series) -> pd.DataFrame:
    return frame.assign(hours_since_steroid=_hours(frame[time] - of_each(frame["patient_id"], t0)))


def _hours(spans: pd.Series) -> np.ndarray:
    return (spans.dt.total_seconds() / 3600.0).round(2).to_numpy(dtype=float)


def _disguised(tables: dict[str, pd.DataFrame], patients: list[str], key: bytes | None) -> dict[str, pd.DataFrame]:
    if key is None:
        return {name: _written(table) for name, table in tables.items()}
    names, moved = pseudonyms(patients, key), shifts(patients, key)
    return {
        name: _written(_hidden(table, NAMES_SOMEBODY.get(name, []), names, moved)) for name, table in tables.items()
    }


def _hidden(
    table: pd.DataFrame, blank: list[str], names: dict[str, str], moved: dict[str, pd.Timedelta]
) -> pd.DataFrame:
    by = pd.to_timedelta(table["patient_id"].map(moved))
    times = {name: table[name] + by for name in TIMES if name in table}
    return table.assign(**times, **dict.fromkeys(blank, ""), patient_id=table["patient_id"].map(names))


def _written(table: pd.DataFrame) -> pd.DataFrame:
    """Times as ISO 8601 with offset, an absent one as nothing."""
    times = {name: _iso(table[name]) for name in TIMES if name in table}
    return table.assign(**times)


def _iso(times: pd.Series) -> pd.Series:
    told = pd.to_datetime(times, utc=True)
    return told.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00").where(told.notna(), "")
