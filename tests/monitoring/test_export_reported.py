"""A value as reported is text to every program that reads a CSV export, however long it looks like a number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars
import pytest

from monitoring.cycle import Site
from monitoring.exporting import Wanted, write_export
from tests.monitoring.export_ward import AS_OF, KEY, ExportWard, csv_table

WHOLE = 120  # rows of whole numbers in the first patient: polars guesses from the first 100
HEADER = "patient_id,analyte,value,unit,collected_at\n"
LATER = [
    "B-2,ferritin,>40000,ng/mL,2026-06-01T06:00Z\n",
    "B-2,inr,1.4,,2026-06-01T07:00Z\n",
    "B-2,crp,1.2e1,mg/L,2026-06-01T08:00Z\n",
    "B-2,inr,1.5,  ,2026-06-01T09:00Z\n",
]
PANDAS = {"string": "str", "number": "float64", "boolean": "bool", "datetime": "str"}
POLARS = {"string": polars.String, "number": polars.Float64, "boolean": polars.Boolean, "datetime": polars.String}
DUCKDB = {"string": "VARCHAR", "number": "DOUBLE", "boolean": "BOOLEAN", "datetime": "TIMESTAMP WITH TIME ZONE"}


def half_hour(number: int) -> str:
    return f"2026-06-0{number // 48 + 1}T{number % 48 // 2:02d}:{number % 2 * 30:02d}Z"


@pytest.fixture(scope="session")  # a module that another worker took tests of may begin twice
def site(export_ward: ExportWard) -> Iterator[Site]:
    told = export_ward.new_site("reported")
    path = export_ward.folder / "reported-labs" / "labs.csv"
    path.parent.mkdir()
    whole = [f"A-1,ferritin,{number + 100},ug/L,{half_hour(number)}\n" for number in range(WHOLE)]
    path.write_text("".join([HEADER, *whole, *LATER]), encoding="utf-8")
    assert export_ward.take_in(told, path)["set_aside"] == 0
    yield told
    told.store.close()


def written(site: Site, folder: Path, how: str = "csv", **asked: Any) -> Path:
    write_export(site.store, site.catalog, Wanted(as_of=AS_OF, **asked), folder, how)
    return folder


def types(folder: Path) -> dict[str, str]:
    """Of the columns of labs that hold anything, as the package says."""
    filled = csv_table(folder, "labs").ne("").any()
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    (labs,) = (one for one in package["resources"] if one["name"] == "labs")
    return {one["name"]: one["type"] for one in labs["schema"]["fields"] if filled[one["name"]]}


@pytest.mark.parametrize("facts", [False, True], ids=["judged", "facts"])
def test_pandas_polars_and_duckdb_read_the_types_of_the_package_without_arguments(
    site: Site, tmp_path: Path, facts: bool
) -> None:
    folder = written(site, tmp_path / "csv", facts=facts)
    path, told = folder / "labs.csv", types(folder)
    frame, table = pd.read_csv(path), polars.read_csv(path)
    columns = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{path}')").fetchall())
    assert {name: str(frame[name].dtype) for name in told} == {name: PANDAS[one] for name, one in told.items()}
    assert {name: table.schema[name] for name in told} == {name: POLARS[one] for name, one in told.items()}
    assert {name: columns[name] for name in told} == {name: DUCKDB[one] for name, one in told.items()}
    assert told["value_reported"] == "string"
    everywhere = [row[0] for row in duckdb.sql(f"SELECT value_reported FROM '{path}'").fetchall()]
    assert frame["value_reported"].tolist() == table["value_reported"].to_list() == everywhere
    assert everywhere[0] == "100 ug/L"
    assert everywhere[WHOLE - 1] == "219 ug/L"
    assert everywhere[WHOLE] == ">40000 ng/mL"


@pytest.mark.parametrize("key", [None, KEY], ids=["identified", "pseudonymous"])
def test_the_unit_as_reported_stands_behind_it_or_that_there_was_none(
    site: Site, tmp_path: Path, key: bytes | None
) -> None:
    judged = csv_table(written(site, tmp_path / "judged", key=key), "labs")
    facts = csv_table(written(site, tmp_path / "facts", key=key, facts=True), "labs")
    assert judged["value_reported"].tolist() == facts["value_reported"].tolist()
    assert judged["unit_reported"].tolist() == facts["unit_reported"].tolist()
    later = facts[~facts["value_reported"].str.endswith(" ug/L")]
    seen = later[["analyte", "value_reported", "unit_reported"]].to_numpy().tolist()
    hidden = key is not None  # an exponent is in no form that is known to name nobody
    assert seen == [
        ["ferritin", ">40000 ng/mL", "ng/mL"],
        ["inr", "1.4 (no unit)", ""],
        ["crp", "" if hidden else "1.2e1 mg/L", "mg/L"],
        ["inr", "1.5 (no unit)", "  "],
    ]


def test_parquet_has_the_text_of_the_source_alone(site: Site, tmp_path: Path) -> None:
    labs = pd.read_parquet(written(site, tmp_path / "parquet", "parquet", facts=True) / "labs.parquet")
    assert labs["value_reported"].iloc[[0, WHOLE, WHOLE + 1]].tolist() == ["100", ">40000", "1.4"]
    assert labs["unit_reported"].iloc[[0, WHOLE]].tolist() == ["ug/L", "ng/mL"]
