"""Facts exported from the store, beside DuckDB's COPY of the same rows, which it holds ready in columns of its own."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from storage.engine import open_store
from storage.writes import Batch, append
from tests.bench.together import CommandError, most_together, say_what_ends_us

PATIENTS = int(os.environ.get("BENCH_EXPORT_PATIENTS", "600"))  # 20,000 of 500 values are the ten million
ANALYTES = ["ferritin", "fibrinogen", "platelets", "crp", "ldh", "ast", "alt", "triglycerides", "d_dimer_feu", "esr"]
DRAWS = 50
BEGAN = datetime(2025, 3, 1, 6, tzinfo=UTC)


def report() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(
            f"\nExport of {PATIENTS * DRAWS * len(ANALYTES):,} observations (facts alone), seconds of wall clock",
            flush=True,
        )
        _filled(Path(folder) / "data")
        for form in ("csv", "parquet"):
            print(_measured(Path(folder), form), flush=True)


def _measured(folder: Path, form: str) -> str:
    begin, _ = _ours(folder, form, "--patient", "P000000")
    ours, most = _ours(folder, form)
    theirs = _copy(folder, form)
    return (
        f"  {form:8} maswatch {ours:6.1f} ({begin:.1f} of it to begin)   DuckDB COPY {theirs:6.1f}"
        f"   speed {theirs / ours:4.2f} of DuckDB's   all processes together {most} MB"
    )


def _filled(folder: Path) -> None:
    store = open_store(f"sqlite:///{folder}/maswatch.db")
    for first in range(0, PATIENTS, 100):
        frame = _values(range(first, min(first + 100, PATIENTS)))
        append(store, Batch(f"run-{first}", "lis", BEGAN + timedelta(days=40), observations=frame))
    store.close()


def _values(patients: range) -> pd.DataFrame:
    """Every 12 h all analytes, of patients who came one after the other."""
    rng = np.random.default_rng(patients.start)
    patient, draw, analyte = (
        axis.ravel() for axis in np.meshgrid(patients, np.arange(DRAWS), np.arange(len(ANALYTES)), indexing="ij")
    )
    ref = patient * 1000 + draw * 10 + analyte
    value = np.round(np.exp(rng.normal(4, 1, len(patient))), 1)
    at = pd.Timestamp(BEGAN) + pd.to_timedelta(12 * draw + patient % 12, unit="h")
    return pd.DataFrame({
        "patient_id": [f"P{number:06d}" for number in patient], "analyte": np.array(ANALYTES)[analyte],
        "collected_at": at, "resulted_at": at + pd.Timedelta(hours=1), "value": value, "value_text": value.astype(str),
        "unit": "ug/L", "unit_text": "ng/mL", "specimen": "serum",
        "source_id": [f"A-{number}" for number in ref], "ref": ref, "digest": ref,
    })  # fmt: skip


def _ours(folder: Path, form: str, *more: str) -> tuple[float, int]:
    began = time.perf_counter()
    command = [sys.executable, "-m", "monitoring.cli", "--data-dir", str(folder / "data"), "export",
               str(folder / form), "--facts", "--format", form, "--as-of", "2030-01-01T00:00Z", *more]  # fmt: skip
    most = most_together(command)
    return time.perf_counter() - began, most


def _copy(folder: Path, form: str) -> float:
    with duckdb.connect(str(folder / f"{form}.duckdb")) as base:
        read = f"read_{form}('{folder}/{form}/labs.{form}')"
        base.execute(f"SET timezone = 'UTC'; CREATE TABLE labs AS SELECT * FROM {read}; CHECKPOINT")
        how = {"csv": "FORMAT csv, HEADER", "parquet": "FORMAT parquet, COMPRESSION zstd"}[form]
        began = time.perf_counter()
        base.execute(f"COPY labs TO '{folder}/copied.{form}' ({how})")
        return time.perf_counter() - began


if __name__ == "__main__":
    say_what_ends_us()
    try:
        report()
    except CommandError as error:
        raise SystemExit(str(error)) from None
