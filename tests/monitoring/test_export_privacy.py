"""Nobody can be known by an export, unless it is asked for with names."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.disguise import pseudonyms, shifts
from tests.monitoring.export_ward import DAYS, KEY, PEOPLE, TELLING, ExportWard, csv_table

FORMATS = ["csv", "parquet", "meds", "clif", "omop"]


def everything(folder: Path) -> str:
    """Every byte of every file as text, names of files too, and Parquet as its cells beside its bytes."""
    told = []
    for path in sorted(folder.rglob("*")):
        told.append(path.relative_to(folder).as_posix())
        if path.is_file():
            told.append(path.read_bytes().decode("utf-8", errors="replace"))
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            told += [str(table.schema), table.to_pandas().map(str).to_csv()]
    return "\n".join(told)


@pytest.mark.parametrize("how", FORMATS)
def test_a_pseudonymous_export_holds_no_identifier_no_true_date_and_no_text_that_somebody_wrote(
    export_ward: ExportWard, how: str
) -> None:
    told = everything(export_ward.export(how))
    assert [text for text in [*TELLING, *DAYS, KEY.hex()] if text in told] == []


@pytest.mark.parametrize("how", FORMATS)
def test_an_identified_export_holds_the_identifiers(export_ward: ExportWard, how: str) -> None:
    told = everything(export_ward.export(how, identified=True))
    assert [name for name in PEOPLE if name not in told] == []
    assert "2026-06-03" in told


def test_every_moment_of_a_patient_is_moved_by_the_same_weeks(export_ward: ExportWard) -> None:
    named, hidden = (
        pq.read_table(export_ward.export("parquet", identified=one) / "labs.parquet") for one in (True, False)
    )
    names = dict(zip(_pseudonyms(), PEOPLE, strict=True))
    moved = shifts(PEOPLE, KEY)
    plain, other = named.to_pandas(), hidden.to_pandas()
    told = other["patient_id"].map(names)
    back = other.assign(patient_id=told, collected_at=other["collected_at"] - told.map(moved))
    columns = ["patient_id", "analyte", "collected_at", "value"]
    left, right = (frame[columns].sort_values(columns, ignore_index=True) for frame in (plain, back))
    pd.testing.assert_frame_equal(left, right)
    assert all(by.days % 7 == 0 and by.days < -300 for by in moved.values())


def _pseudonyms() -> list[str]:
    return list(pseudonyms(PEOPLE, KEY).values())


def test_ages_from_ninety_on_are_one_group(export_ward: ExportWard) -> None:
    people = csv_table(export_ward.export("csv"), "patients")
    assert sorted(people["age_years"]) == ["11", "13", "35", "90"]
    assert people.loc[people["age_years"].eq("90"), "age_group"].tolist() == ["90 and over"]
    assert set(people["birth_date"]) == {""}


def test_moments_of_a_batch_and_of_the_export_itself_are_not_told(export_ward: ExportWard) -> None:
    folder = export_ward.export("csv")
    received = csv_table(folder, "labs")["received_at"]
    assert set(received.str.slice(11)) == {"09:30:00+00:00", "10:30:00+00:00"}  # taken in at 09:30:15.123456
    assert set(csv_table(folder, "lines")["hours_on_line"]) == {""}


def test_the_report_on_small_groups_counts_a_few_as_a_few(export_ward: ExportWard) -> None:
    told = json.loads((export_ward.export("csv") / "privacy.json").read_text(encoding="utf-8"))
    assert told["quasi_identifiers"] == ["sex", "age_group", "context"]
    assert told["k_reached"] == "fewer than 5"
    assert told["patients_in_small_groups"] == "fewer than 5"
    assert {"sex": "male", "age_group": "12 to 17", "context": "not known", "patients": "fewer than 5"} in told[
        "of_each_group"
    ]
    assert not (export_ward.export("csv", identified=True) / "privacy.json").exists()


def test_a_text_like_a_formula_is_no_formula_in_a_csv_file_and_itself_in_parquet(export_ward: ExportWard) -> None:
    people = csv_table(export_ward.export("csv", identified=True), "patients")
    assert "'=1+1+HINZ" in people["patient_id"].tolist()
    assert "'@Eck" in people["bed"].tolist()
    for path in export_ward.export("csv", identified=True).glob("*.csv"):
        cells = pd.read_csv(path, dtype="str", keep_default_na=False).to_numpy().ravel()
        wild = [cell for cell in cells if cell[:1] in tuple("=+-@\t") and not cell[1:].replace(".", "").isdigit()]
        assert wild == []
    table = pq.read_table(export_ward.export("parquet", identified=True) / "patients.parquet")
    assert "=1+1+HINZ" in table.column("patient_id").to_pylist()
    assert pa.types.is_timestamp(table.schema.field("admitted_at").type)
