"""CLIF tables are taken in: categories in our words and units, infusions as courses, whatever their year."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from monitoring.catalog import load_catalog
from monitoring.cycle import Site, run_cycle
from monitoring.errors import SourceError
from monitoring.intake import Circumstances, read
from monitoring.raw_files import RawFile, read_paths
from monitoring.refused import Refused
from monitoring.retrospective import folders
from monitoring.settings import SourceSettings
from monitoring.sources import tried
from storage.engine import open_store
from tests.monitoring.clif_ward import DAY, frame, tables, written
from tests.monitoring.small_ward import NOON, site_settings

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
AT = Circumstances(load_catalog(), ZoneInfo("Europe/Berlin"), NOW, "icu")
Taken = tuple[dict[str, pd.DataFrame], list[Refused]]


def taken(folder: Path) -> Taken:
    parts = [read(raw, AT) for raw in read_paths([folder])]
    names = ("patients", "observations", "doses")
    facts = {name: pd.concat([part.facts[name] for part in parts if name in part.facts]) for name in names}
    return facts, [one for part in parts for one in part.refused]


@pytest.fixture(scope="module")
def icu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("clif") / "icu")


@pytest.fixture(scope="module")
def told(icu: Path) -> Taken:
    return taken(icu)


def value(told: Taken, analyte: str) -> list[tuple[str, str, float, str]]:
    rows = told[0]["observations"]
    rows = rows[rows["analyte"].eq(analyte)]
    return [tuple(row) for row in rows[["patient_id", "comparator", "value", "unit"]].to_numpy().tolist()]


@pytest.mark.parametrize(
    ("analyte", "expected"),
    [
        ("ferritin", [("0017", "", 644.0, "ug/L"), ("0017", ">", 40000.0, "ug/L")]),
        ("albumin", [("0017", "", 32.0, "g/L")]),  # 3.2 g/dL
        ("inr", [("0017", "", 1.4, "1")]),  # its unit is left blank, and CLIF's own word is "(no units)"
        ("platelets", [("0017", "", 174.0, "10*9/L")]),
        ("esr", [("0018", "", 87.0, "mm/h")]),
        ("lymphocytes", [("0018", "", 1.9, "10*9/L")]),  # the tab behind the unit is no part of it
        ("fibrinogen", [("0018", "", 1.5, "g/L")]),  # a category of the next version
        ("temperature", [("0017", "", 39.4, "Cel")]),
        ("weight", [("0017", "", 31.5, "kg")]),
    ],
)
def test_a_category_becomes_our_analyte_in_our_unit(
    told: Taken, analyte: str, expected: list[tuple[str, str, float, str]]
) -> None:
    found = value(told, analyte)
    unit = AT.catalog.analytes[analyte].unit
    assert found == [(*row[:3], unit) for row in expected]


def test_two_values_of_one_moment_are_two_results_and_no_correction(told: Taken) -> None:
    rows = told[0]["observations"]
    rows = rows[rows["analyte"].eq("hemoglobin")]
    assert rows["value"].tolist() == [91.0, 96.0]
    assert rows["ref"].nunique() == 2


def test_years_to_come_are_no_fault(told: Taken) -> None:
    assert told[0]["observations"]["collected_at"].min() == pd.Timestamp(f"{DAY}T06:00Z")
    assert "future_time" not in {one.reason for one in told[1]}


def test_a_patient_is_told_of_by_the_newest_stay(told: Taken) -> None:
    people = told[0]["patients"].set_index("patient_id")
    assert people.loc["0017", "birth_date"] == "2140-05-06"
    assert people["sex"].to_dict() == {"0017": "female", "0018": "male"}
    assert people.loc["0017", "admitted_at"] == pd.Timestamp(f"{DAY}T05:00Z")
    assert people.loc["0017", "weight_kg"] == 31.5
    assert people["discharged_at"].isna().to_dict() == {"0017": False, "0018": True}


def test_a_dose_that_was_not_given_is_none(told: Taken) -> None:
    doses = told[0]["doses"]
    steroid = doses[doses["given"].eq("methylprednisolone")]
    assert steroid[["amount", "unit", "status"]].to_numpy().tolist() == [
        [900.0, "mg", "completed"],
        [900.0, "mg", "cancelled"],
    ]


def test_an_infusion_runs_from_its_start_to_the_stop_that_follows(told: Taken) -> None:
    doses = told[0]["doses"]
    runs = doses[doses["given"].eq("propofol")].sort_values("started_at")
    first, second = (pd.Timestamp(f"{DAY}T{hour:02d}:00Z") for hour in (8, 14))
    assert runs["started_at"].tolist() == [first, second]
    assert runs["ended_at"].iloc[0] == pd.Timestamp(f"{DAY}T10:00Z")
    assert pd.isna(runs["ended_at"].iloc[1])


def test_what_is_not_read_is_told_category_by_category_with_its_number_of_rows(told: Taken) -> None:
    found = {one.code: (one.reason, one.sentence.split(" ")[0]) for one in told[1] if one.code}
    assert found["glucose_serum"] == ("unknown_analyte", "2")
    assert found["vancomycin"] == ("unknown_drug", "1")
    assert found["heart_rate"] == ("unknown_analyte", "1")


def test_a_masked_value_and_a_stay_of_nobody_are_set_aside_row_by_row(told: Taken) -> None:
    reasons = sorted(one.reason for one in told[1] if one.reason in ("not_a_number", "no_patient"))
    assert reasons == ["no_patient", "not_a_number"]


def test_csv_tables_say_the_same_and_numbers_that_name_somebody_keep_their_zeros(tmp_path: Path, told: Taken) -> None:
    facts, refused = taken(written(tmp_path / "icu", how="csv"))
    columns = ["patient_id", "analyte", "value", "comparator", "collected_at", "ref", "digest"]
    pd.testing.assert_frame_equal(facts["observations"][columns], told[0]["observations"][columns])
    assert sorted(facts["doses"]["digest"]) == sorted(told[0]["doses"]["digest"])
    assert [one.reason for one in refused] == [one.reason for one in told[1]]


def test_many_patients_are_read_some_at_a_time_and_say_the_same(icu: Path, told: Taken) -> None:
    database = folders.database(icu)
    assert database is not None
    parts = [read(raw, AT) for raw in folders.raws(database, 1)]
    found = pd.concat([part.facts["observations"] for part in parts if "observations" in part.facts])
    assert sorted(found["digest"]) == sorted(told[0]["observations"]["digest"])
    assert sum(len(part.facts.get("patients", ())) for part in parts) == 2


def test_a_folder_is_given_once_and_again_when_a_table_has_changed(tmp_path: Path) -> None:
    folder = written(tmp_path / "icu")
    settings = site_settings(tmp_path, {"name": "icu", "kind": "clif", "path": folder})
    settings.data_dir.mkdir(parents=True)
    site = Site(settings, open_store(settings.database_url), AT.catalog, lambda: NOON)
    ran = [_cycle(site), _cycle(site)]
    labs = tables()["labs"].assign(lab_value="900", lab_value_numeric=900.0).iloc[:1]
    labs.to_parquet(folder / "clif_labs.parquet")
    os.utime(folder / "clif_labs.parquet", (1, 1))
    ran.append(_cycle(site))
    site.store.close()
    facts = 2 + 10 + 2 + 4  # patients; labs without those of nobody, masked and unknown; vitals; doses
    assert [one["new"] for one in ran] == [facts, 0, 0]
    assert [one["corrected"] for one in ran] == [0, 0, 1]
    assert ran[1]["read"] == 0


def _cycle(site: Site) -> dict[str, int]:
    told = run_cycle(site.settings, site.store, site.catalog, clock=site.clock)
    assert "error" not in told["icu"], told
    counts: dict[str, int] = told["icu"]
    return counts


def test_doctor_hears_how_many_patients_a_folder_holds(icu: Path, tmp_path: Path) -> None:
    source = SourceSettings(name="icu", kind="clif", path=icu)
    [sentence] = tried(source, AT.catalog, NOW)
    assert "CLIF of 2 patients" in sentence
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no CLIF tables"):
        tried(SourceSettings(name="other", kind="clif", path=tmp_path / "empty"), AT.catalog, NOW)


def test_a_table_that_is_cut_off_ends_with_one_sentence(tmp_path: Path) -> None:
    folder = written(tmp_path / "icu")
    labs = folder / "clif_labs.parquet"
    labs.write_bytes(labs.read_bytes()[:200])
    with pytest.raises(SourceError, match="cannot be read"):
        list(read_paths([folder]))


def test_a_table_without_a_column_that_is_needed_ends_with_its_name(tmp_path: Path) -> None:
    folder = written(tmp_path / "icu")
    tables()["labs"].drop(columns="lab_collect_dttm").to_parquet(folder / "clif_labs.parquet")
    with pytest.raises(SourceError, match="the table labs has no column lab_collect_dttm"):
        list(read_paths([folder]))


def test_a_parquet_file_by_itself_is_set_aside_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "labs.parquet"
    frame([("1",)], "hospitalization_id").to_parquet(path)
    [refused] = read(RawFile(path.name, path.read_bytes()), AT).refused
    assert refused.reason == "file_unreadable"
    assert "name the folder" in refused.sentence
