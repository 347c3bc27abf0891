"""The formats of others: MEDS, CLIF and OMOP."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.catalog import load_catalog
from monitoring.exports.fields import parse
from monitoring.profiles import profiles
from monitoring.profiles.clif import factor
from tests.monitoring.export_ward import ExportWard


def table(folder: Path, name: str) -> pd.DataFrame:
    return pq.read_table(folder / f"{name}.parquet").to_pandas()


def test_formats_are_found_by_listing_the_folder() -> None:
    assert set(profiles()) == {"csv", "parquet", "meds", "clif", "omop"}


@pytest.fixture(scope="module")
def events(export_ward: ExportWard) -> pd.DataFrame:
    folder = export_ward.export("meds", identified=True)
    told = table(folder / "data", "00000")
    named = table(folder / "metadata", "subjects").set_index("subject_id")["patient_id"]
    return told.assign(patient_id=told["subject_id"].map(named))


def test_meds_has_its_columns_and_is_sorted_by_subject_and_time(export_ward: ExportWard) -> None:
    for identified in (True, False):
        told = pq.read_table(export_ward.export("meds", identified=identified) / "data" / "00000.parquet")
        assert [(field.name, field.type, field.nullable) for field in told.schema] == [
            ("subject_id", pa.int64(), False), ("time", pa.timestamp("us"), True), ("code", pa.string(), False),
            ("numeric_value", pa.float32(), True), ("text_value", pa.large_string(), True),
        ]  # fmt: skip
        frame = told.to_pandas()
        assert frame["subject_id"].is_monotonic_increasing
        assert frame.groupby("subject_id")["time"].apply(lambda time: time.dropna().is_monotonic_increasing).all()


def test_meds_says_a_bound_as_text_and_a_course_as_start_and_end(events: pd.DataFrame) -> None:
    child = events[events["patient_id"].eq("0071234")]
    ferritin = child[child["code"].eq("LAB//2276-4//ug/L")]
    assert ferritin["numeric_value"].dropna().tolist() == [900, 2200, 24000]
    assert ferritin["text_value"].dropna().tolist() == [">40000"]
    course = child[child["code"].str.startswith("MEDICATION//anakinra//mg//")]
    assert course["code"].str.rpartition("//")[2].tolist() == ["START", "END"]
    assert child["code"].eq("MEDICATION//fibrinogen_concentrate//g//GIVEN").sum() == 1
    assert child.loc[child["code"].eq("MEDS_BIRTH"), "time"].tolist() == [pd.Timestamp("2015-02-03")]
    assert events["code"].eq("LAB//48065-7//ug/L{FEU}").sum() == 1


def test_meds_describes_every_code_and_names_nobody_unless_asked(export_ward: ExportWard) -> None:
    folder = export_ward.export("meds")
    codes = table(folder / "metadata", "codes").set_index("code")
    assert set(table(folder / "data", "00000")["code"]) == set(codes.index)
    assert "LOINC/2276-4" in codes.loc["LAB//2276-4//ug/L", "parent_codes"]
    assert not (folder / "metadata" / "subjects.parquet").exists()
    told = json.loads((folder / "metadata" / "dataset.json").read_text(encoding="utf-8"))
    assert (told["meds_version"], told["created_at"]) == ("0.4.1", "2026-06-09T07:00:00Z")


def test_clif_has_labs_in_its_own_units_and_the_new_categories_apart(export_ward: ExportWard) -> None:
    folder = export_ward.export("clif", identified=True)
    labs, following = table(folder, "clif_labs"), table(folder, "clif_labs_next")
    bound = labs[labs["lab_value"].eq(">40000")]
    assert bound["lab_category"].tolist() == ["ferritin"]
    assert bound["lab_value_numeric"].isna().all()
    assert set(following["lab_category"]) == {"fibrinogen", "d_dimer"}
    fibrinogen = following[following["lab_category"].eq("fibrinogen")]
    assert fibrinogen["lab_value_numeric"].tolist() == [310, 120]
    assert set(fibrinogen["reference_unit"]) == {"mg/dl"}
    dimer = following[following["lab_category"].eq("d_dimer")]
    assert dimer["lab_value_numeric"].tolist() == [5.5]  # 5500 ug/L FEU are 5.5 ug/ml
    vitals = table(folder, "clif_vitals").sort_values("vital_value")
    assert vitals[["vital_category", "vital_value"]].to_numpy().tolist() == [["temp_c", 38.9], ["temp_c", 39.4]]
    notes = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    assert any("no category for fibrinogen" in note for note in notes["notes"])
    assert {"why": "fibrinogen_concentrate: CLIF has no category for it", "count": 1} in notes["left_out"]


def test_factors_to_units_of_mass_are_those_of_the_catalog() -> None:
    words, catalog = parse("clif.toml"), load_catalog()
    assert factor(words["labs"]["creatinine"], "creatinine", catalog) == pytest.approx(1 / 88.4)
    assert factor(words["next"]["triglycerides"], "triglycerides", catalog) == pytest.approx(88.57)
    assert factor(words["labs"]["hemoglobin"], "hemoglobin", catalog) == pytest.approx(0.1)


def test_omop_has_concepts_with_a_source_operators_and_zero_where_nothing_is_known(export_ward: ExportWard) -> None:
    folder = export_ward.export("omop", identified=True)
    told = table(folder, "measurement").set_index("value_source_value")
    columns = ["measurement_concept_id", "operator_concept_id", "unit_concept_id", "value_as_number"]
    assert told.loc[">40000", columns].tolist() == [3001122, 4172704, 8748, 40000]
    assert told.loc["<0.6", "operator_concept_id"] == 4171756
    assert told.loc["900", "operator_concept_id"] == 4172703
    assert told.loc["5500", ["measurement_concept_id", "measurement_source_value"]].tolist() == [0, "d_dimer_feu"]
    person = table(folder, "person").set_index("person_source_value")
    assert person.loc["0071234", ["gender_concept_id", "year_of_birth"]].tolist() == [8532, 2015]
    assert set(table(folder, "person_names")["patient_id"]) == set(person.index)


def test_every_concept_says_where_it_was_found() -> None:
    words = parse("omop.toml")
    assert [code for entries in words.values() for code, one in entries.items() if not one["found"]] == []


def test_a_measurement_lies_within_the_observation_period_of_its_person(export_ward: ExportWard) -> None:
    folder = export_ward.export("omop")
    spans = table(folder, "observation_period").set_index("person_id")
    told = table(folder, "measurement")
    span = spans.loc[told["person_id"]].reset_index(drop=True)
    assert (told["measurement_date"] >= span["observation_period_start_date"]).all()
    assert (told["measurement_date"] <= span["observation_period_end_date"]).all()
