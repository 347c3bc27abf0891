"""A whole export folder taken in again: what it says of itself and what was judged in it is no feed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from monitoring.errors import SourceError
from monitoring.raw_files import csv_files, read_paths
from tests.monitoring.export_ward import ExportWard

REPORTED = ["findings.csv", "labs.csv", "patients.csv", "treatments.csv"]


@pytest.fixture
def folder(export_ward: ExportWard, tmp_path: Path) -> Path:
    return Path(shutil.copytree(export_ward.export("csv", identified=True), tmp_path / "export"))


def names(folder: Path) -> list[str]:
    return [path.name for path in csv_files(folder)]


def test_of_a_whole_export_what_was_reported_is_read(folder: Path) -> None:
    assert names(folder) == REPORTED
    assert sorted(raw.name for raw in read_paths([folder])) == REPORTED


def test_a_table_that_is_another_now_is_read_and_so_is_one_that_was_put_there(folder: Path) -> None:
    (folder / "scores.csv").write_text("patient_id,analyte,value,unit,collected_at\n", encoding="utf-8")
    (folder / "more.csv").write_text("patient_id,analyte,value,unit,collected_at\n", encoding="utf-8")
    assert names(folder) == sorted([*REPORTED, "scores.csv", "more.csv"])


def test_the_package_of_an_export_that_did_not_end_is_known_too(folder: Path) -> None:
    (folder / "about.json").unlink()
    assert "datapackage.json" not in names(folder)
    assert "scores.csv" in names(folder)


@pytest.mark.parametrize(
    "content", ['{"resourceType": "Patient", "id": "4711"}', "[1, 2]", "{", '{"program": "other"}']
)
def test_a_manifest_is_known_by_its_content_and_not_by_its_name(content: str, tmp_path: Path) -> None:
    for name in ("about.json", "datapackage.json"):
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert names(tmp_path) == ["about.json", "datapackage.json"]


def test_a_folder_of_manifests_alone_holds_nothing_to_read(tmp_path: Path) -> None:
    told = {"program": "maswatch", "files": [{"path": "gone.csv", "bytes": 1}, {"path": 7}, "x"]}
    (tmp_path / "about.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(SourceError, match="holds no CSV file"):
        list(read_paths([tmp_path]))
