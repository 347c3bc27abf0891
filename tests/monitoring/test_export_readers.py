"""What others' programs make of an export: read with the right types, validated, and run as its examples say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import frictionless
import meds
import pandas as pd
import polars
import pyarrow.parquet as pq
import pytest

from tests.monitoring.export_ward import ExportWard

MOMENTS = ["collected_at", "resulted_at", "received_at"]
NUMBERS = ["value", "value_low", "value_high", "hours_since_first", "reference_low"]


@pytest.mark.parametrize(("how", "identified"), [("csv", True), ("csv", False), ("parquet", False)])
def test_the_reference_checker_of_data_packages_finds_nothing_wrong(
    export_ward: ExportWard, how: str, identified: bool
) -> None:
    with frictionless.system.use_context(trusted=True):
        told = frictionless.validate(str(export_ward.export(how, identified=identified) / "datapackage.json"))
    assert told.flatten(["taskNumber", "rowNumber", "fieldName", "note"]) == []
    assert told.valid


def test_every_file_of_meds_has_the_schema_of_its_reference(export_ward: ExportWard) -> None:
    folder = export_ward.export("meds")
    for path in sorted((folder / "data").glob("*.parquet")):
        meds.DataSchema.validate(pq.read_table(path))
    meds.CodeMetadataSchema.validate(pq.read_table(folder / "metadata" / "codes.parquet"))


def test_parquet_has_the_right_types_without_arguments(export_ward: ExportWard) -> None:
    path = export_ward.export("parquet", identified=True) / "labs.parquet"
    frame = pd.read_parquet(path)
    assert {str(frame[name].dtype) for name in MOMENTS} == {"datetime64[us, UTC]"}
    assert {str(frame[name].dtype) for name in NUMBERS} == {"float64"}
    assert str(frame["usable"].dtype) == "bool"
    told = polars.read_parquet(path)
    assert {told.schema[name] for name in MOMENTS} == {polars.Datetime("us", "UTC")}
    assert {told.schema[name] for name in NUMBERS} == {polars.Float64}
    assert told.schema["patient_id"] == polars.String
    columns = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{path}')").fetchall())
    assert {columns[name] for name in MOMENTS} == {"TIMESTAMP WITH TIME ZONE"}
    assert {columns[name] for name in NUMBERS} == {"DOUBLE"}
    assert columns["usable"] == "BOOLEAN"


def test_csv_has_numbers_truths_and_texts_without_arguments(export_ward: ExportWard) -> None:
    path = export_ward.export("csv", identified=True) / "labs.csv"
    frame, told = pd.read_csv(path), polars.read_csv(path)
    assert {str(frame[name].dtype) for name in NUMBERS} == {"float64"}
    assert str(frame["usable"].dtype) == "bool"
    assert {told.schema[name] for name in NUMBERS} == {polars.Float64}
    assert told.schema["usable"] == polars.Boolean
    columns = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{path}')").fetchall())
    assert {columns[name] for name in MOMENTS} == {"TIMESTAMP WITH TIME ZONE"}
    assert columns["usable"] == "BOOLEAN"
    assert columns["value"] == "DOUBLE"


def test_leading_zeros_stay_where_a_reader_does_not_guess(export_ward: ExportWard) -> None:
    folder = export_ward.export("csv", identified=True)
    told = frictionless.Resource(path="patients.csv", basepath=str(folder), schema=_schema(folder, "patients"))
    assert "0071234" in [row["patient_id"] for row in told.read_rows()]
    assert (
        "0071234"
        in polars.read_parquet(export_ward.export("parquet", identified=True) / "patients.parquet")["patient_id"]
    )


def _schema(folder: Path, name: str) -> frictionless.Schema:
    return frictionless.Package(str(folder / "datapackage.json")).get_resource(name).schema


def test_partitioned_parquet_is_read_as_one_table_with_its_folders_as_a_column(
    export_ward: ExportWard,
) -> None:
    whole = polars.read_parquet(export_ward.export("parquet") / "labs.parquet")
    for partition, column in (("patient-bucket", "bucket"), ("year", "year")):
        folder = export_ward.export("parquet", partition=partition)
        told = polars.read_parquet(folder / "labs" / "**" / "*.parquet", hive_partitioning=True)
        assert sorted(told["value_id"]) == sorted(whole["value_id"])
        query = f"SELECT {column}, value_id FROM read_parquet('{folder}/labs/*/*.parquet', hive_partitioning = true)"
        read = [(int(part), value) for part, value in duckdb.sql(query).fetchall()]
        assert sorted(read) == sorted(told.select(column, "value_id").iter_rows())
        if column == "bucket":
            assert told.group_by("patient_id").agg(polars.col("bucket").n_unique())["bucket"].max() == 1
        else:
            assert (told["collected_at"].dt.year() == told["year"].cast(polars.Int32)).all()


@pytest.mark.parametrize(("how", "partition"), [("csv", ""), ("parquet", "patient-bucket")])
def test_the_examples_of_an_export_run_as_they_stand(
    export_ward: ExportWard, tmp_path: Path, how: str, partition: str
) -> None:
    folder = export_ward.export(how, identified=True, **({"partition": partition} if partition else {}))
    text = (folder / "EXAMPLES.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    in_r = re.findall(r"```r\n(.*?)```", text, re.DOTALL)
    assert len(in_r) == 1
    # else readr takes a comparator that is empty in the first 1,000 rows for a truth, and the sign behind for nothing
    assert in_r[0].count("read_csv(") == in_r[0].count("guess_max = Inf") == (2 if how == "csv" else 0)
    code = "\n".join(block.replace('"ferritin.html"', f'"{tmp_path}/{n}.html"') for n, block in enumerate(blocks))
    ended = subprocess.run([sys.executable, "-W", "error::SyntaxWarning", "-c", code], cwd=folder, capture_output=True)
    assert ended.returncode == 0, ended.stderr.decode()
    assert sorted(path.name for path in tmp_path.glob("*.html")) == ["0.html", "1.html"]
