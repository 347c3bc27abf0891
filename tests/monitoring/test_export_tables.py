"""What the tables of an export say of a small ward."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.errors import ExportError
from monitoring.exporting import Wanted, write_export
from monitoring.exports.about import sha256
from tests.monitoring.export_ward import AS_OF, FILTERS, KEY, TAKEN_IN, ExportWard, csv_table

CHILD = "0071234"


@pytest.fixture(scope="module")
def tables(export_ward: ExportWard) -> dict[str, pd.DataFrame]:
    folder = export_ward.export("parquet", identified=True)
    return {path.stem: pq.read_table(path).to_pandas() for path in folder.glob("*.parquet")}


def of(frame: pd.DataFrame, analyte: str, value: float) -> pd.Series:
    row = frame[frame["analyte"].eq(analyte) & frame["value"].eq(value)]
    assert len(row) == 1
    return row.iloc[0]


def test_a_bound_keeps_its_sign_and_is_an_interval(tables: dict[str, pd.DataFrame]) -> None:
    above, below = of(tables["labs"], "ferritin", 40000), of(tables["labs"], "crp", 0.6)
    assert (above["comparator"], above["value_low"]) == (">", 40000)
    assert pd.isna(above["value_high"])
    assert (below["comparator"], below["value_low"], below["value_high"]) == ("<", 0, 0.6)
    exact = of(tables["labs"], "ferritin", 24000)
    assert (exact["value_low"], exact["value_high"]) == (24000, 24000)


def test_values_stand_in_our_unit_beside_the_words_of_the_source(tables: dict[str, pd.DataFrame]) -> None:
    fibrinogen = of(tables["labs"], "fibrinogen", 3.1)
    assert (fibrinogen["unit"], fibrinogen["value_reported"], fibrinogen["unit_reported"]) == ("g/L", "310", "mg/dL")


def test_hours_count_from_the_first_result_and_from_the_steroid(tables: dict[str, pd.DataFrame]) -> None:
    last = of(tables["labs"], "ferritin", 24000)  # 3 June 06:00; first result 1 June 06:00, pulse 08:00
    assert (last["hours_since_first"], last["hours_since_steroid"]) == (48, 46)


def test_a_value_after_fibrinogen_concentrate_is_marked(tables: dict[str, pd.DataFrame]) -> None:
    after = of(tables["labs"], "fibrinogen", 1.2)
    assert "fibrinogen_concentrate" in after["confounded_by"]
    assert after["confounded_way"] == "up"


def test_the_panel_carries_a_value_no_longer_than_stated_and_says_its_age(tables: dict[str, pd.DataFrame]) -> None:
    panel = tables["panel"][tables["panel"]["patient_id"].eq(CHILD)].set_index("grid_hours")
    assert panel.index.tolist() == [0, 12, 24, 36, 48]
    assert panel["ferritin"].tolist() == [
        900,
        2200,
        40000,
        40000,
        24000,
    ]  # 16:00Z is 10 h, drawn before the point at 12 h
    assert panel["ferritin_age_hours"].tolist() == [0, 2, 0, 12, 0]
    assert panel["ferritin_comparator"].fillna("").tolist() == ["", "", ">", ">", ""]
    assert panel.loc[[0, 12, 24], "platelets"].tolist() == [140, 140, 140]
    assert pd.isna(panel.loc[36, "platelets"])


def test_a_corrected_value_stands_once_and_both_its_versions_with_when_they_were_known(
    tables: dict[str, pd.DataFrame],
) -> None:
    kept = of(tables["labs"], "ferritin", 2200)
    told = tables["labs_versions"]
    both = told[told["value_id"].eq(kept["value_id"])].sort_values("version")
    first, second = pd.Timestamp(TAKEN_IN), pd.Timestamp(TAKEN_IN) + pd.Timedelta(hours=1)
    assert both["value"].tolist() == [2100, 2200]
    assert both["known_at"].tolist() == [first, second]
    assert both["known_until"].iloc[0] == second
    assert pd.isna(both["known_until"].iloc[1])


def test_as_it_was_known_earlier_is_another_export(export_ward: ExportWard) -> None:
    before = export_ward.export("csv", identified=True, as_of=TAKEN_IN + pd.Timedelta(minutes=5), versions=False)
    assert "2200.0" not in csv_table(before, "labs")["value"].tolist()
    assert "2100.0" in csv_table(before, "labs")["value"].tolist()
    assert not (before / "labs_versions.csv").exists()


def test_filters_choose_values_and_aligning_chooses_patients(export_ward: ExportWard) -> None:
    asked = {
        "analytes": ("ferritin",),
        "start": pd.Timestamp("2026-06-02T00:00Z"),
        "align": "steroid",
        "versions": False,
    }
    folder = export_ward.export("csv", identified=True, **asked)
    labs = csv_table(folder, "labs")
    assert labs[["patient_id", "value"]].to_numpy().tolist() == [[CHILD, "40000.0"], [CHILD, "24000.0"]]
    assert csv_table(folder, "patients")["patient_id"].tolist() == [CHILD]
    assert csv_table(folder, "panel")["grid_hours"].tolist() == ["12.0", "24.0", "36.0", "48.0"]  # since the pulse
    told = json.loads((folder / "about.json").read_text(encoding="utf-8"))["filters"]
    assert (told["analytes"], told["align"], told["from"]) == (["ferritin"], "steroid", "2026-06-02T00:00:00Z")


def test_a_temperature_that_was_written_down_is_a_finding_and_no_second_value(tables: dict[str, pd.DataFrame]) -> None:
    assert tables["labs"].query("analyte == 'temperature'")["value"].tolist() == [38.9]
    assert tables["findings"].query("finding == 'temperature_c'")["value"].tolist() == ["39.4"]
    child = tables["panel"].query("patient_id == @CHILD and grid_hours == 12")
    assert child["temperature"].tolist() == [39.4]


def test_parquet_has_the_types_and_words_of_each_column(export_ward: ExportWard) -> None:
    schema = pq.read_schema(export_ward.export("parquet", identified=True) / "labs.parquet")
    assert schema.field("collected_at").type == pa.timestamp("us", tz="UTC")
    assert schema.field("usable").type == pa.bool_()
    assert schema.field("hours_since_steroid").metadata[b"unit"] == b"h"


def test_the_same_export_twice_is_the_same_bytes(export_ward: ExportWard, tmp_path: Path) -> None:
    folder, site = export_ward.export("csv"), export_ward.site
    shutil.copytree(export_ward.export("clif"), tmp_path / "again")  # an earlier export is replaced
    wanted = Wanted(as_of=AS_OF, key=KEY, versions=True, **FILTERS)
    write_export(site.store, site.catalog, wanted, tmp_path / "again", "csv")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == files


def test_a_folder_with_anything_else_in_it_is_left_alone(export_ward: ExportWard, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportError, match="no earlier export"):
        write_export(export_ward.site.store, export_ward.site.catalog, Wanted(as_of=AS_OF), tmp_path, "csv")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_sizes_and_hashes_of_the_package_are_those_of_the_files(export_ward: ExportWard) -> None:
    folder = export_ward.export("csv")
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert package["created"] == "2026-06-09T07:00:00Z"
    for one in package["resources"]:
        path = folder / one["path"]
        assert (one["bytes"], one["hash"]) == (path.stat().st_size, f"sha256:{sha256(path)}")
        header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        assert [field["name"] for field in one["schema"]["fields"]] == header
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    assert {file["path"]: file["sha256"] for file in about["files"]}.items() >= {
        (path.name, sha256(path)) for path in folder.glob("*.csv")
    }
