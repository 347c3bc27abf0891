"""pandas, polars and DuckDB read every table of an export with the right types and texts, and are told nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars
import pyarrow.parquet as pq
import pytest

from monitoring.csv_marks import unmarked
from monitoring.exporting import Wanted, write_export
from monitoring.exports.leading import leading
from storage import queries
from tests.monitoring.export_ward import AS_OF, ExportWard
from tests.monitoring.test_export_reported import half_hour

NAMES = ["'5", "A-1", "Müller", "Z-9", "yes", "Ü007"]  # as the hospital has them
MARKED = ["''5", "A-1", "Müller", "Z-9", "yes", "Ü007"]  # '5 would go in again as 5
LONG = 160  # rows of the first patient, who has no steroid, no limits and no words: polars looks at the first 100
ROW = ["Ü007,ferritin,{0},ug/L,{1},,,", "Ü007,crp,{0},mg/L,{1},,,"]
FILES = {
    "patients": [
        "patient_id,sex,birth_date,weight_kg,ward,bed",
        "Ü007,male,1990-11-30,,3,T",
        "''5,,,,,", "A-1,female,,30,NA,1e5", "Müller,female,2011-02-03,,null,007",
        "Z-9,,2016-07-08,21.5,Rose,A", "yes,,,,,no",
    ],
    "labs": [
        "patient_id,analyte,value,unit,collected_at,method,reference_low,source_id",
        *(ROW[number % 2].format(number + 100, half_hour(number)) for number in range(LONG)),
        "Müller,ferritin,>40000,ug/L,2026-06-01T06:00Z,NA,,1.5",
        "A-1,ferritin,900,ug/L,2026-06-01T06:00Z,007,15.5,0815",
        "Müller,fibrinogen,2.1,g/L,2026-06-01T06:00Z,x,,", "Z-9,ferritin,2000,ug/L,2026-06-01T06:00Z,,15,2024-01-05",
        "Z-9,ferritin,1500,ug/L,2026-06-03T08:00Z,,15,", "yes,lactate,1,mmol/L,2026-06-02T08:00Z,,,",
    ],
    "treatments": [
        "patient_id,drug,dose,unit,route,started_at,ended_at",
        "Z-9,methylprednisolone,600,mg,NA,2026-06-01T08:00Z,", "A-1,anakinra,,,T,2026-06-02T08:00Z,2026-06-03T08:00Z",
    ],
    "findings": [
        "patient_id,finding,value,observed_at",
        *(f"Ü007,temperature_c,{37 + number / 100},{half_hour(number)}" for number in range(LONG)),
        "Z-9,splenomegaly,yes,2026-06-01T09:00Z", "A-1,rash,no,2026-06-01T09:00Z",
    ],
}  # fmt: skip
CORRECTED = {"findings": ["patient_id,finding,value,observed_at", "Ü007,temperature_c,39.5,2026-06-02T20:00Z"]}
TYPES = {  # with gaps pandas has neither whole numbers nor truths of its own
    "pandas": {
        "string": {"str"}, "number": {"float64"}, "integer": {"int64", "float64"}, "boolean": {"bool", "object"},
        "datetime": {"str"},
    },
    "polars": {
        "string": {"String"}, "number": {"Float64"}, "integer": {"Int64"}, "boolean": {"Boolean"},
        "datetime": {"String"},
    },
    "duckdb": {
        "string": {"VARCHAR"}, "number": {"DOUBLE"}, "integer": {"BIGINT"}, "boolean": {"BOOLEAN"},
        "datetime": {"TIMESTAMP WITH TIME ZONE"},
    },
}  # fmt: skip
Read = tuple[dict[str, str], pd.DataFrame]


def pandas_read(path: Path) -> Read:
    frame = pd.read_csv(path)
    return {name: str(one) for name, one in frame.dtypes.items()}, frame.astype("object")


def polars_read(path: Path) -> Read:
    frame = polars.read_csv(path)
    return {name: str(one) for name, one in frame.schema.items()}, frame.to_pandas().astype("object")


def duckdb_read(path: Path) -> Read:
    told = duckdb.sql(f"FROM '{path}'")
    types = dict(zip(told.columns, map(str, told.types), strict=True))
    return types, told.to_arrow_table().to_pandas().astype("object")


READERS: dict[str, Callable[[Path], Read]] = {"pandas": pandas_read, "polars": polars_read, "duckdb": duckdb_read}


@pytest.fixture(scope="session")  # a module that another worker took tests of may begin twice
def exports(export_ward: ExportWard) -> Iterator[dict[str, Path]]:
    """The same ward as CSV and Parquet, with what was judged and without."""
    site, home = export_ward.new_site("types"), export_ward.folder / "types"
    for folder, files in (("first", FILES), ("second", CORRECTED)):
        (home / folder).mkdir(parents=True)
        for name, lines in files.items():
            (home / folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        assert export_ward.take_in(site, home / folder)["set_aside"] == 0
        export_ward.clock.now += pd.Timedelta(minutes=1)
    told = {}
    for how in ("csv", "parquet"):
        for words, asked in (("judged", {"versions": True}), ("facts", {"facts": True})):
            told[f"{words} {how}"] = home / f"{words}-{how}"
            write_export(site.store, site.catalog, Wanted(as_of=AS_OF, **asked), told[f"{words} {how}"], how)
    yield told
    site.store.close()


def meant(told: pd.Series, kind: str, *, marked: bool) -> list[Any]:
    """Values of a column; what is missing as None, moments as such; of CSV (`marked`) what its cells mean."""
    of: Callable[[Any], Any] = (
        pd.Timestamp if kind == "datetime" else unmarked if kind == "string" and marked else _same
    )
    return [None if pd.isna(value) else of(value) for value in told]


def _same(value: Any) -> Any:
    return value


def of_each(frame: pd.DataFrame, name: str, kind: str, *, marked: bool) -> dict[str, list[Any]]:
    """By patient the values of a column, in the order of the rows."""
    told: dict[str, list[Any]] = {}
    patients, values = meant(frame["patient_id"], "string", marked=marked), meant(frame[name], kind, marked=marked)
    for who, value in zip(patients, values, strict=True):
        told.setdefault(who, []).append(value)
    return told


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("which", ["judged", "facts"])
def test_every_column_has_the_type_of_the_package_and_the_values_of_parquet(
    exports: dict[str, Path], which: str, reader: str
) -> None:
    folder = exports[f"{which} csv"]
    for table in json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["resources"]:
        if table.get("type") != "table":
            continue
        types, frame = READERS[reader](folder / table["path"])
        whole = pq.read_table(exports[f"{which} parquet"] / f"{table['name']}.parquet").to_pandas()
        for one in table["schema"]["fields"]:
            name, kind = one["name"], one["type"]
            if whole[name].notna().any():
                days = {"DATE"} if name == "birth_date" else set()  # which days are, to DuckDB
                assert types[name] in TYPES[reader][kind] | days, (table["name"], name)
            if name in ("value_reported", "birth_date"):  # has its unit behind it in CSV; may be days
                continue
            # patients may stand in another order; the rows of each stand in the same one
            left, right = of_each(frame, name, kind, marked=True), of_each(whole, name, kind, marked=False)
            assert left == right, (table["name"], name)


@pytest.mark.parametrize("reader", READERS)
def test_identifiers_that_look_like_something_else_are_texts_and_go_in_again(
    exports: dict[str, Path], export_ward: ExportWard, reader: str
) -> None:
    folder = exports["judged csv"]
    _, frame = READERS[reader](folder / "patients.csv")
    assert sorted(frame["patient_id"]) == sorted(MARKED)
    assert sorted(map(unmarked, frame["patient_id"])) == sorted(NAMES)
    _, seen = READERS[reader](folder / "findings.csv")
    assert set(seen["value"]) >= {"'37.01", "'39.5", "yes", "no"}
    assert seen.loc[seen["value"].eq("yes"), "value_as_boolean"].tolist() == [True]
    assert seen.loc[seen["value"].eq("'39.5"), "value_as_number"].tolist() == [39.5]
    if reader == "pandas":
        again = export_ward.new_site("types-again")
        export_ward.take_in(again, folder / "patients.csv", folder / "findings.csv")
        assert sorted(queries.patients(again.store, as_of=AS_OF)["patient_id"]) == sorted(NAMES)
        told = queries.findings(again.store, as_of=AS_OF)
        assert (len(told), set(told["value"]) & {"yes", "no", "39.5"}) == (LONG + 2, {"yes", "no", "39.5"})
        again.store.close()


def test_no_text_is_taken_for_a_number_a_day_a_truth_or_nothing(tmp_path: Path) -> None:
    texts = (  # noqa: SIM905 - a list would be three times as long
        "NA N/A n/a null NULL None <NA> nan NaN -nan Inf -inf infinity true TRUE t F 007 12 -5 +5 1.5 .5 5. 1e5 "
        "1E+5 0x1A 0b11 ١٢ 2024-01-05 2024/1/5 05.01.2024 5.1.24 10.1.2 2024-01-05T10:00Z 10:00 10:00:00.5 epoch =1 @a"
    ).split()
    cells = ["'" + text for text in texts]
    path = tmp_path / "texts.csv"
    head = ",".join(f"c{number}" for number in range(len(cells)))
    path.write_text("\n".join([f"{head},words", *[",".join([*cells, '"x, y"'])] * 3]) + "\n", encoding="utf-8")
    for read in READERS.values():
        assert read(path)[1].iloc[0].tolist() == [*cells, "x, y"]
    assert [unmarked(cell) for cell in cells] == texts
    for text in ("2276-4", "2.1.0", "none", "any", "ug/L", "'x", "P00e12345", "12 (no unit)", "yes", "No"):
        assert unmarked(text) == text


def test_of_each_patient_the_rows_stay_in_order_and_few_patients_are_moved() -> None:
    """Patient 0 has 150 rows with the first column alone, 1 has 90 and the second in the last, 2 the third in 20."""
    patient = np.repeat([0, 1, 2, 3], [150, 90, 20, 5])
    filled = np.zeros((265, 3), dtype=bool)
    filled[:, 0] = True
    filled[239, 1] = filled[240, 2] = True
    order = leading(patient, filled)
    assert order is not None
    # 20 and 90 rows are 110: the second column, in the last of them, is not in the first 100, the third is
    assert patient[order[:100]].tolist() == [2] * 20 + [0] * 80
    assert [order[patient[order] == one].tolist() for one in range(4)] == [
        list(range(150)), list(range(150, 240)), list(range(240, 260)), list(range(260, 265)),
    ]  # fmt: skip
    filled[200, 1] = True  # the 51st of its patient: behind the 20 others it is the 71st
    order = leading(patient, filled)
    assert order is not None
    assert patient[order].tolist() == [2] * 20 + [1] * 90 + [0] * 150 + [3] * 5
    assert leading(patient[order], filled[order]) is None
