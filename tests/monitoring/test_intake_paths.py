from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.errors import SourceError
from monitoring.intake import read_paths
from tests.monitoring.intake_fixture import lab

PATIENTS = "patient_id,sex\nA,f\n"
TREATMENTS = "patient_id,drug,started_at\nA,anakinra,2026-01-06T06:00\n"
FINDINGS = "patient_id,finding,value,observed_at\nA,rash,yes,2026-01-06T06:00\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(*paths: Path) -> list[str]:
    return [raw.name for raw in read_paths(paths)]


def test_a_file_is_called_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "deep" / "labs.csv", lab())
    (raw,) = read_paths([path])
    assert (raw.name, raw.content) == ("labs.csv", lab().encode())


def test_a_folder_gives_patients_then_treatments_findings_and_labs_whatever_they_are_called(tmp_path: Path) -> None:
    for name, text in {"a.csv": lab(), "b.csv": FINDINGS, "c.csv": TREATMENTS, "sub/d.CSV": PATIENTS}.items():
        write(tmp_path / name, text)
    assert names(tmp_path) == ["sub/d.CSV", "c.csv", "b.csv", "a.csv"]


def test_files_of_one_kind_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for day in (3, 1, 2):
        write(tmp_path / f"labs-{day}.csv", lab())
    assert names(tmp_path) == ["labs-1.csv", "labs-2.csv", "labs-3.csv"]


def test_what_is_no_finished_csv_file_in_a_folder_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "labs.csv", lab())
    for name in (".hidden.csv", "labs.csv.part", "labs.csv.tmp", "notes.txt", "truth.csv", "README"):
        write(tmp_path / name, lab())
    (tmp_path / "folder.csv").mkdir()
    assert names(tmp_path) == ["labs.csv"]


def test_a_file_named_outright_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    assert names(write(tmp_path / "truth.csv", lab())) == ["truth.csv"]


def test_a_csv_file_of_no_known_kind_comes_last(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "file,bytes\n1,2\n")
    write(tmp_path / "b.csv", lab())
    assert names(tmp_path) == ["b.csv", "a.csv"]


def test_a_path_that_is_not_there_stops_before_anything_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "labs.csv", lab())
    with pytest.raises(SourceError, match=r"nowhere\.csv cannot be read"):
        read_paths([path, tmp_path / "nowhere.csv"])


def test_a_folder_without_csv_files_says_so(tmp_path: Path) -> None:
    write(tmp_path / "truth.csv", lab())
    with pytest.raises(SourceError, match="holds no CSV file"):
        read_paths([tmp_path])
