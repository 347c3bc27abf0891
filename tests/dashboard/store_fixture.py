"""The hand-made ward as files, taken into a real SQLite store in a few rounds, as a hospital would."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from monitoring.catalog import load_catalog
from monitoring.intake import RawFile, take_in
from monitoring.settings import Settings, Ward
from monitoring.state import judge_and_record
from monitoring.terms import Catalog
from storage.engine import open_store
from storage.writes import acknowledge, record_run
from tests.dashboard.ward_fixture import BEDS, NOW, Bed, ago, pairs
from tests.stores import copied

ROUNDS = (72, 36, 12, 0)  # hours before now
UNIT = {"ug/L": "ng/mL", "10*9/L": "10^9/L"}


@cache
def known() -> Catalog:
    return load_catalog()


def empty(folder: Path) -> Settings:
    """Settings of a ward in Berlin over a store that holds nothing."""
    settings = Settings(data_dir=folder, ward=Ward(timezone="Europe/Berlin", name="ICU 2"))
    open_store(settings.database_url).close()
    return settings


def filled(folder: Path, *, now: datetime = NOW) -> Settings:
    """The same with the ward of eight, moved so that its NOW is `now`; a cycle succeeded eleven minutes before."""
    if now != NOW:
        return _told(folder, now)
    settings = empty(folder)
    copied(_once() / "maswatch.db", folder / "maswatch.db")
    return settings


@cache
def _once() -> Path:
    """A folder with the ward at NOW, for all of this process: what is asked for again and again is copied."""
    folder = Path(tempfile.mkdtemp(prefix="mas-ward-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _told(folder, NOW)
    return folder


def _told(folder: Path, now: datetime) -> Settings:
    settings = empty(folder)
    store = open_store(settings.database_url)
    try:
        for number, (at, raws) in enumerate(rounds(now - NOW)):
            take_in(store, known(), settings, raws, source="drop", run_id=f"run-{number}", now=at)
        judge_and_record(store, known(), as_of=now, run_id="judged")
        acknowledge(store, "P-0007", "fibrinogen_falling", seq=0, at=now, by="Dr Weber", reason="concentrate given")
        record_run(store, cycle(now - timedelta(minutes=11)))
    finally:
        store.close()
    return settings


def cycle(at: datetime, **more: Any) -> dict[str, Any]:
    """A row of `run`: a cycle that succeeded at `at`."""
    plain = {"run_id": f"cycle-{at:%Y%m%dT%H%M%S}", "source": "cycle", "kind": "cycle", "outcome": "ok"}
    return plain | {"started_at": at, "finished_at": at} | more


def rounds(moved: timedelta) -> list[tuple[datetime, list[RawFile]]]:
    """(when, files): everything the ward knew by then and not before, the first round with the patients."""
    labs, given = pd.DataFrame(_labs(moved)), pd.DataFrame(_given(moved))
    told = [("labs.csv", labs, "resulted_at"), ("treatments.csv", given, "started_at")]
    ends = [NOW + moved - timedelta(hours=hours) for hours in ROUNDS]
    taken: list[tuple[datetime, list[RawFile]]] = []
    for before, end in zip([None, *ends], ends, strict=False):
        parts = [(name, _between(frame, column, before, end)) for name, frame, column in told]
        taken.append((end, [_file(name, part) for name, part in parts if len(part)]))
    taken[0][1].insert(0, _file("patients.csv", pd.DataFrame(_patients(moved))))
    return [*taken, (NOW + moved, [_file("corrected.csv", _corrections(labs))])]


def _file(name: str, frame: pd.DataFrame) -> RawFile:
    return RawFile(name, frame.to_csv(index=False).encode())


def _between(frame: pd.DataFrame, column: str, before: datetime | None, end: datetime) -> pd.DataFrame:
    at = pd.to_datetime(frame[column], utc=True)
    return frame[(at <= end) & ((at > before) if before is not None else True)]


def _labs(moved: timedelta) -> list[dict[str, Any]]:
    return [
        _lab(told, code, hours, text, moved)
        for told in BEDS
        for code, series in told.get("labs", {}).items()
        for hours, text in pairs(series)
    ]


def _lab(told: Bed, code: str, hours: float, text: str, moved: timedelta) -> dict[str, Any]:
    unit, at = known().analytes[code].unit, ago(hours) + moved
    wrong = dict(pairs(told.get("corrected", {}).get(code, "")))
    return {
        "patient_id": told["id"], "analyte": code, "value": wrong.get(hours, text), "unit": UNIT.get(unit, unit),
        "collected_at": at.isoformat(), "resulted_at": (at + timedelta(minutes=50)).isoformat(), "status": "final",
        "source_id": f"{told['id']}-{code}-{hours:g}",
    }  # fmt: skip


def _corrections(labs: pd.DataFrame) -> pd.DataFrame:
    """The right values, two hours after the wrong ones."""
    right = {
        f"{told['id']}-{code}-{hours:g}": dict(pairs(told["labs"][code]))[hours]
        for told in BEDS
        for code, text in told.get("corrected", {}).items()
        for hours, _ in pairs(text)
    }
    mine = labs[labs["source_id"].isin(list(right))]
    later = pd.to_datetime(mine["resulted_at"]) + timedelta(hours=2)
    resulted = later.map(lambda at: at.isoformat())
    return mine.assign(value=mine["source_id"].map(right), status="corrected", resulted_at=resulted)


def _given(moved: timedelta) -> list[dict[str, Any]]:
    return [_dose(told, span, moved) for told in BEDS for span in told.get("span", ())]


def _dose(told: Bed, span: dict[str, Any], moved: timedelta) -> dict[str, Any]:
    amount, unit = span["amount"].split(" ")
    return {
        "patient_id": told["id"], "drug": span["given"].replace("_", " "), "dose": amount, "route": "IV",
        "unit": unit.replace("/d", "/day"), "started_at": (ago(span["started"]) + moved).isoformat(),
        "source_id": f"{told['id']}-{span['given']}-{span['started']:g}",
    }  # fmt: skip


def _patients(moved: timedelta) -> list[dict[str, Any]]:
    names = ("birth_date", "sex", "weight_kg", "context", "bed")
    return [
        {"patient_id": told["id"], "ward": "ICU 2", "admitted_at": (ago(told["days"] * 24) + moved).isoformat()}
        | {name: told[name] for name in names}
        for told in BEDS
    ]
