"""Two patients in a drop folder: one whose ferritin rises steadily while on steroids, one who is well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitoring.settings import Settings

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
PATIENTS = """patient_id,birth_date,sex,weight_kg
P1,2015-02-01,female,30
P2,2012-07-15,male,42
"""
LABS = """patient_id,analyte,value,unit,collected_at,source_id
P1,ferritin,900,ug/L,2026-06-01T06:00Z,L1
P1,ferritin,2100,ug/L,2026-06-01T18:00Z,L2
P1,ferritin,5200,ug/L,2026-06-02T06:00Z,L3
P1,ferritin,12400,ug/L,2026-06-02T18:00Z,L4
P1,ferritin,24000,ug/L,2026-06-03T06:00Z,L5
P2,ferritin,80,ug/L,2026-06-03T06:00Z,L6
P2,unheard-of,1,U/L,2026-06-03T06:00Z,L7
"""
TREATMENTS = """patient_id,drug,dose,unit,route,started_at,source_id
P1,methylprednisolone,900,mg,iv,2026-06-01T08:00Z,T1
P1,methylprednisolone,900,mg,iv,2026-06-02T08:00Z,T2
P1,methylprednisolone,900,mg,iv,2026-06-03T08:00Z,T3
"""
LATER = """patient_id,analyte,value,unit,collected_at,source_id
P2,ferritin,85,ug/L,2026-06-03T10:00Z,L8
"""
FACTS = 2 + 6 + 3  # patients, labs that are known, treatments; the seventh lab is set aside


def fill(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"patients": PATIENTS, "labs": LABS, "treatments": TREATMENTS}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def drop(name: str, folder: Path, **told: Any) -> dict[str, Any]:
    return {"name": name, "kind": "csv", "path": folder, "settle_seconds": 0, **told}


def site_settings(folder: Path, *sources: dict[str, Any], **schedule: Any) -> Settings:
    told = {"data_dir": folder / "site", "ward": {"timezone": "Europe/Berlin"}, "schedule": schedule, "source": sources}
    return Settings.model_validate(told)


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


Clock = Callable[[], datetime]
