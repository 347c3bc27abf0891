"""CLIF tables keep their types where nothing is known, and a stay runs forwards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from monitoring.catalog import load_catalog
from monitoring.exports.about import About
from monitoring.exports.doses import counted_in
from monitoring.exports.fields import cast, layout
from monitoring.exports.tables import Frames
from monitoring.exports.wanted import Wanted
from monitoring.profiles import clif
from tests.monitoring.export_ward import AS_OF

CATALOG = load_catalog()
TABLES = layout(CATALOG).tables
RUNNING = (
    "hospitalization_id med_order_id admin_dttm med_name med_category med_group med_route_name med_route_category"
    " med_dose med_dose_unit mar_action_name mar_action_category mar_action_group"
)
NUMBERS = {"lab_value_numeric", "vital_value", "med_dose"}
OF_NAME = {"birth_date": pa.date32(), "age_at_admission": pa.int64()} | dict.fromkeys(NUMBERS, pa.float64())
PEOPLE = pd.DataFrame(
    {
        "patient_id": ["back again", "left", "no admission", "late result"],
        "birth_date": ["2010-06-15", "2016", None, None],
        "age_years": [9.0, 3.0, 4.0, 5.0],
        "admitted_at": ["2026-06-01T08:00Z", "2026-05-01T08:00Z", None, None],
        "discharged_at": ["2026-03-01T08:00Z", "2026-05-09T08:00Z", None, "2026-05-01T08:00Z"],
        "first_result_at": ["2020-01-10T08:00Z", "2024-04-01T08:00Z", "2026-05-20T08:00Z", "2026-05-20T08:00Z"],
    }
)
DOSES = pd.DataFrame(
    {
        "patient_id": "left", "drug": "propofol", "dose": 50.0, "unit": ["mg/h", "mcg/kg/min"], "route": "iv",
        "started_at": "2026-05-02T08:00Z", "ended_at": "2026-05-02T20:00Z",
    }
)  # fmt: skip


def frames(**told: pd.DataFrame) -> Frames:
    """All tables, typed; nothing in those that are not given."""
    return {name: cast(told.get(name, pd.DataFrame()), table) for name, table in TABLES.items()}


def written(folder: Path, part: Frames) -> About:
    about = About(Wanted(as_of=AS_OF, key=None), CATALOG, "clif")
    clif.write([part], folder, about)
    return about


def typed(name: str) -> Any:
    return pa.timestamp("us", tz="UTC") if name.endswith("_dttm") else OF_NAME.get(name, pa.string())


@pytest.mark.parametrize("people", [[], ["4711"]], ids=["nobody", "somebody of whom nothing is known"])
def test_a_column_has_its_type_where_no_row_has_a_value(people: list[str], tmp_path: Path) -> None:
    written(tmp_path, frames(patients=pd.DataFrame({"patient_id": pd.Series(people, dtype="str")})))
    told = {path.stem: pq.read_table(path) for path in tmp_path.glob("*.parquet")}
    assert told["clif_medication_admin_continuous"].column_names == RUNNING.split()
    assert {name: len(one) for name, one in told.items() if len(one)} == (
        {"clif_patient": 1, "clif_hospitalization": 1} if people else {}
    )
    for one in told.values():
        assert [(field.name, field.type) for field in one.schema] == [(name, typed(name)) for name in one.column_names]
    assert told["clif_patient"]["birth_date"].null_count == len(people)


def test_a_stay_runs_from_its_admission_to_a_discharge_after_it(tmp_path: Path) -> None:
    about = written(tmp_path, frames(patients=PEOPLE))
    stays = pq.read_table(tmp_path / "clif_hospitalization.parquet").to_pandas().set_index("patient_id")
    begun = [pd.Timestamp(one, tz="UTC") for one in ("2026-06-01 08:00", "2026-05-01 08:00", "2026-05-20 08:00")]
    assert stays["admission_dttm"].tolist()[:3] == begun
    assert stays["admission_dttm"].isna().tolist() == [False, False, False, True]
    assert stays["discharge_dttm"].isna().tolist() == [True, False, True, False]
    assert stays["discharge_category"].tolist() == ["Still Admitted", "Missing", "Still Admitted", "Missing"]
    # Born 15 June 2010: 15 on 1 June 2026. 3 on 1 April 2024, and two whole years later: 5.
    assert stays["age_at_admission"].tolist()[:3] == [15, 5, 4]
    assert about.left_out["dates of birth that are not told to the day"] == 1
    assert about.left_out["patients without an admission or a result: the stay has no beginning"] == 1


def test_an_infusion_has_its_rate_in_the_words_of_clif(tmp_path: Path) -> None:
    written(tmp_path, frames(patients=PEOPLE, treatments=DOSES))
    given = pq.read_table(tmp_path / "clif_medication_admin_continuous.parquet").to_pandas()
    told = given[["mar_action_category", "med_dose", "med_dose_unit"]].to_numpy().tolist()
    assert told == [
        ["start", 50.0, "mg/hr"], ["start", 50.0, "mcg/kg/min"], ["stop", 0.0, "mg/hr"], ["stop", 0.0, "mcg/kg/min"],
    ]  # fmt: skip


def test_a_unit_that_is_not_known_here_stands_as_reported() -> None:
    told = pd.DataFrame({"unit": ["mg", "", None], "unit_text": ["milligrams", "mg/h", None]}, dtype="str")
    assert counted_in(told)["unit"].fillna("-").tolist() == ["mg", "mg/h", "-"]


@pytest.mark.parametrize("table", ["treatments", "treatments_versions"])
def test_of_a_unit_as_reported_only_a_unit_is_shown_of_nobody(table: str) -> None:
    pattern = next(one.pattern for one in TABLES[table].fields if one.name == "unit")
    units = [
        "mg",
        "IU",
        "units",
        "plasma volumes",
        "mg/kg/day",
        "g/m2",
        "ug",
        "mL",
        "mcg/kg/min",
        "µg/kg/h",
        "mg per kg",
    ]
    words = ["mg for Dr Weiss", "Weiss", "mg 4711", "", "471 mg", "0071234 mg"]
    assert [one for one in (*units, *words) if re.fullmatch(pattern, one)] == units
