"""Two patients in CLIF tables, in years that de-identification made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

DAY = "2153-03-02"
PATIENT = [("0017", "2140-05-06", "Female"), ("0018", None, "Male")]
STAYS = [
    ("0017", "H1", "2153-01-04 08:00", "2153-01-09 09:00"),
    ("0017", "H2", f"{DAY} 05:00", "2153-03-20 10:00"),
    ("0018", "H3", f"{DAY} 06:00", None),
]
# stay, category, text, number, unit, hour of the day
LABS = [
    ("H2", "ferritin", "644", 644.0, "ng/mL", 6),
    ("H2", "ferritin", ">40000", None, "ng/mL", 18),
    ("H2", "albumin", "3.2", 3.2, "g/dL", 6),
    ("H2", "inr", "1.4", 1.4, None, 6),
    ("H2", "platelet_count", "174", 174.0, "10*3/uL", 6),
    ("H2", "hemoglobin", "9.1", 9.1, "g/dL", 6),
    ("H2", "hemoglobin", "9.6", 9.6, "g/dL", 6),
    ("H3", "esr", "87", 87.0, "mm/Hr", 7),
    ("H3", "lymphocytes_absolute", "1.9", 1.9, "10^3/µL\t", 7),
    ("H3", "fibrinogen", "150", 150.0, "mg/dl", 7),
    ("H3", "wbc", "___", None, "10*3/uL", 7),
    ("H3", "glucose_serum", "125", 125.0, "mg/dL", 7),
    ("H3", "glucose_serum", "131", 131.0, "mg/dL", 9),
    ("H9", "ferritin", "80", 80.0, "ng/mL", 7),
]
VITALS = [("H2", "temp_c", 39.4, 8), ("H2", "weight_kg", 31.5, 8), ("H2", "heart_rate", 130.0, 8)]
# stay, category, dose, unit, hour, action
GIVEN = [
    ("H2", "methylprednisolone", 900.0, "mg", 8, "given"),
    ("H2", "methylprednisolone", 900.0, "mg", 20, "not_given"),
    ("H2", "vancomycin", 1.0, "g", 9, "given"),
]
RUNNING = [
    ("H3", "propofol", 20.0, "mcg/kg/min", 8, "start"),
    ("H3", "propofol", 30.0, "mcg/kg/min", 9, "dose_change"),
    ("H3", "propofol", 0.0, "mcg/kg/min", 10, "stop"),
    ("H3", "propofol", 25.0, "mcg/kg/min", 14, "start"),
]
ROWS = len(LABS) + len(VITALS) + len(GIVEN) + len(RUNNING)


def at(hour: int) -> str:
    return f"{DAY} {hour:02d}:00"


def tables() -> dict[str, pd.DataFrame]:
    return {
        "patient": frame(PATIENT, "patient_id birth_date sex_category"),
        "hospitalization": frame(STAYS, "patient_id hospitalization_id admission_dttm discharge_dttm"),
        "labs": frame(
            [(*row[:5], at(row[5]), at(row[5] + 1)) for row in LABS],
            "hospitalization_id lab_category lab_value lab_value_numeric reference_unit lab_collect_dttm"
            " lab_result_dttm",
        ),
        "vitals": frame(
            [(*row[:3], at(row[3])) for row in VITALS], "hospitalization_id vital_category vital_value recorded_dttm"
        ),
        "medication_admin_intermittent": _medication(GIVEN),
        "medication_admin_continuous": _medication(RUNNING),
        "crrt_therapy": frame([("H3",)], "hospitalization_id"),
    }


def frame(rows: list[Any], columns: str) -> pd.DataFrame:
    told = pd.DataFrame(rows, columns=columns.split())
    moments = {name: pd.to_datetime(told[name], utc=True) for name in columns.split() if name.endswith("_dttm")}
    return told.assign(**moments)


def _medication(rows: list[Any]) -> pd.DataFrame:
    told = [(*row[:4], at(row[4]), row[5]) for row in rows]
    return frame(told, "hospitalization_id med_category med_dose med_dose_unit admin_dttm mar_action_category")


def written(folder: Path, *, how: str = "parquet") -> Path:
    folder.mkdir()
    for name, table in tables().items():
        path = folder / f"clif_{name}.{how}"
        table.to_parquet(path) if how == "parquet" else table.to_csv(path, index=False)
    return folder
