"""The hand-made ward as files, taken into a real SQLite store in a few rounds, as a hospital would."""

from __future__ import annotations

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
from tests.dashboard.ward_fixture import BEDS, NOW, Bed, ago

ROUNDS = (72, 36, 12, 0)  # hours before now
GIVEN = {
    "fibrinogen_concentrate": "fibrinogen concentrate", "methylprednisolone": "methylprednisolone", "dexamethasone": "dexamethasone",
    "anakinra": "anakinra", "tocilizumab": "tocilizumab", "prednisolone": "prednisolone",
}  # fmt: skip
UNIT = {"ug/L": "ng/mL", "10*9/L": "10^9/L", "Cel": "Cel"}
CODED = {"hemoglobin": "haemoglobin"}


@cache
def known() -> Catalog:
    return load_catalog()


def empty(folder: Path) -> Settings:
    """Settings of a ward in Berlin over a store that holds nothing."""
    settings = Settings(data_dir=folder, ward=Ward(timezone="Europe/Berlin", name="ICU 2"))
    open_store(settings.database_url).close()
    return settings


def filled(folder: Path, *, now: datetime = NOW) -> Settings:
    """The same with the ward of eight in it, moved so that its NOW is `now`; one cycle succeeded eleven minutes before."""
    settings = empty(folder)
    store, catalog = open_store(settings.database_url), known()
    try:
        for number, (at, raws) in enumerate(rounds(now - NOW)):
            take_in(store, catalog, settings, raws, source="drop", run_id=f"run-{number}", now=at)
        judge_and_record(store, catalog, as_of=now, run_id="judged")
        acknowledge(store, "P-0007", "fibrinogen_falling", seq=0, at=now, by="Dr Weber", reason="concentrate given")
        record_run(store, cycle(now - timedelta(minutes=11)))
    finally:
        store.close()
    return settings


def cycle(at: datetime, **more: Any) -> dict[str, Any]:
    plain = {
        "run_id": f"cycle-{at:%Y%m%dT%H%M%S}",
        "source": "cycle",
        "kind": "cycle",
        "started_at": at,
        "finished_at": at,
        "outcome": "ok",
    }
    return plain | more


def rounds(moved: timedelta) -> list[tuple[datetime, list[RawFile]]]:
    """(when, files): everything the ward knew by then and not before, the first round with the patients."""
    labs, given = pd.DataFrame(_labs(moved)), pd.DataFrame(_given(moved))
    told = [("labs.csv", labs, "resulted_at"), ("treatments.csv", given, "started_at")]
    ends = [NOW + moved - timedelta(hours=hours) for hours in ROUNDS]
    taken = []
    for before, end in zip([None, *ends], ends, strict=False):
        parts = [(name, _between(frame, column, before, end)) for name, frame, column in told]
        files = [RawFile(name, part.to_csv(index=False).encode()) for name, part in parts if len(part)]
        taken.append((end, files))
    taken[0][1].insert(0, RawFile("patients.csv", pd.DataFrame(_patients(moved)).to_csv(index=False).encode()))
    return taken + [(NOW + moved, [RawFile("corrected.csv", _corrections(labs).to_csv(index=False).encode())])]


def _between(frame: pd.DataFrame, column: str, before: datetime | None, end: datetime) -> pd.DataFrame:
    at = pd.to_datetime(frame[column], utc=True)
    return frame[(at <= end) & ((at > before) if before is not None else True)]


def _labs(moved: timedelta) -> list[dict[str, Any]]:
    return [
        _lab(bed, code, hours, told, moved)
        for bed in BEDS
        for code, series in bed.labs.items()
        for hours, told in series
    ]


def _lab(bed: Bed, code: str, hours: float, told: Any, moved: timedelta) -> dict[str, Any]:
    unit = known().analytes[code].unit
    at, (wrong_at, wrong) = ago(hours) + moved, bed.corrected.get(code, (None, None))
    return {
        "patient_id": bed.id, "analyte": CODED.get(code, code), "value": wrong if wrong_at == hours else told, "unit": UNIT.get(unit, unit),
        "collected_at": at.isoformat(), "resulted_at": (at + timedelta(minutes=50)).isoformat(), "source_id": f"{bed.id}-{code}-{hours}", "status": "final",
    }  # fmt: skip


def _corrections(labs: pd.DataFrame) -> pd.DataFrame:
    right = {
        f"{bed.id}-{code}-{at}": dict(bed.labs[code])[at] for bed in BEDS for code, (at, _) in bed.corrected.items()
    }
    mine = labs[labs["source_id"].isin(list(right))]
    later = pd.to_datetime(mine["resulted_at"]) + timedelta(hours=2)
    return mine.assign(
        value=mine["source_id"].map(right), status="corrected", resulted_at=later.map(lambda at: at.isoformat())
    )


def _given(moved: timedelta) -> list[dict[str, Any]]:
    return [_dose(bed, span, moved) for bed in BEDS for span in bed.spans]


def _dose(bed: Bed, span: dict[str, Any], moved: timedelta) -> dict[str, Any]:
    amount, unit = span["amount_text"].split(" ")
    return {
        "patient_id": bed.id, "drug": GIVEN[span["given"]], "dose": amount, "unit": unit.replace("/d", "/day"), "route": "IV",
        "started_at": (span["started_at"] + moved).isoformat(), "source_id": f"{bed.id}-{span['given']}-{span['ref']}",
    }  # fmt: skip


def _patients(moved: timedelta) -> list[dict[str, Any]]:
    return [
        {"patient_id": bed.id, "birth_date": bed.birth_date, "sex": bed.sex, "weight_kg": bed.weight_kg, "context": bed.context, "ward": "ICU 2",
         "bed": bed.bed, "admitted_at": (ago(bed.days * 24) + moved).isoformat()}
        for bed in BEDS
    ]  # fmt: skip
