"""The courses of a report: tables of an export, read from its folder or made of the store, some patients at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from monitoring.errors import ExportError
from monitoring.exports.fields import ARROW, Layout

# What a report needs of each table; all else is let go at once, so that a large cohort stays small.
NEEDED = {
    "patients": ["patient_id", "sex", "age_group", "context", "admitted_at", "discharged_at", "first_result_at",
                 "first_steroid_at"],
    "labs": ["patient_id", "analyte", "value", "collected_at", "hours_since_steroid"],
    "treatments": ["patient_id", "drug", "line", "started_at"],
    "responses": ["patient_id", "course_no", "hours", "verdict"],
    "flag_changes": ["patient_id", "flag", "seq", "change", "severity"],
}  # fmt: skip


@dataclass(frozen=True)
class Courses:
    """Frames of NEEDED; `told`: what about.json says of where they come from; `steps`: how the cohort came about."""

    patients: pd.DataFrame
    labs: pd.DataFrame
    treatments: pd.DataFrame
    responses: pd.DataFrame
    flag_changes: pd.DataFrame
    told: Mapping[str, Any]
    steps: list[tuple[str, int | str]] = field(default_factory=list)


def of_folder(folder: Path, laid: Layout) -> Courses:
    """An export as csv or parquet. Raises ExportError."""
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        form = about["profile"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ExportError(f"{folder} is no export of maswatch: no about.json says what it holds.") from None
    if form not in ("csv", "parquet") or about["filters"].get("facts_alone"):
        raise ExportError(f"{folder} tells no judgements in tables; export as csv or parquet, without --facts.")
    frames = {name: _read(folder, name, form, laid) for name in NEEDED}
    return Courses(**frames, told=about, steps=_steps(about))


def _steps(about: Mapping[str, Any]) -> list[tuple[str, int | str]]:
    cohort = about["filters"].get("cohort") or {}
    return [(step["criterion"], step["patients"]) for step in cohort.get("steps", [])]


def _read(folder: Path, name: str, form: str, laid: Layout) -> pd.DataFrame:
    try:
        if form == "parquet":
            whole = folder / f"{name}.parquet"
            told = pq.read_table(whole if whole.exists() else folder / name, columns=NEEDED[name], partitioning=None)
            return told.to_pandas()
        kinds = {one.name: ARROW[one.type] for one in laid.tables[name].fields}
        told = pc.read_csv(folder / f"{name}.csv", convert_options=pc.ConvertOptions(
            column_types=kinds, include_columns=NEEDED[name], strings_can_be_null=True,
        ))  # fmt: skip
        return told.to_pandas()
    except (OSError, pa.ArrowException, KeyError):
        raise ExportError(f"{folder} has no table {name} that can be read; export it again.") from None


def of_parts(parts: Iterable[Mapping[str, pd.DataFrame]], told: Mapping[str, Any]) -> Courses:
    kept: dict[str, list[pd.DataFrame]] = {name: [] for name in NEEDED}
    for frames in parts:
        for name, columns in NEEDED.items():
            kept[name].append(frames[name][columns])
    frames = {name: pd.concat(told, ignore_index=True) for name, told in kept.items()}
    return Courses(**frames, told=told, steps=_steps(told))


def spans(courses: Courses) -> pd.DataFrame:
    """By patient: first, last (moments of the first and last result) and days between, at least one."""
    drawn = courses.labs.groupby("patient_id")["collected_at"].agg(["min", "max"])
    days = (drawn["max"] - drawn["min"]).dt.total_seconds() / 86400.0
    return drawn.assign(days=days.clip(lower=1.0)).rename(columns={"min": "first", "max": "last"})


def heard(parts: Iterable[Mapping[str, pd.DataFrame]], say: Any) -> Iterator[Mapping[str, pd.DataFrame]]:
    for frames in parts:
        yield frames
        say(len(frames["patients"]))
