"""MEDS events are taken in by what their codes say, or their parents."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from monitoring.catalog import load_catalog
from monitoring.intake import Circumstances, read
from monitoring.raw_files import read_paths
from monitoring.refused import Refused
from monitoring.retrospective import folders
from monitoring.settings import SourceSettings
from monitoring.sources import tried

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
AT = Circumstances(load_catalog(), ZoneInfo("Europe/Berlin"), NOW, "meds")
DAY = "2153-03-02"
EVENTS: list[tuple[Any, ...]] = [
    (7, None, "GENDER//F", None, None),
    (7, "2140-05-06 00:00", "MEDS_BIRTH", None, None),
    (7, f"{DAY} 05:00", "HOSPITAL_ADMISSION//EW EMER.//EMERGENCY ROOM", None, None),
    (7, f"{DAY} 06:00", "LAB//50963//ng/mL", 644.0, None),  # a number of the hospital's own, LOINC by its parent
    (7, f"{DAY} 07:00", "LOINC//2276-4//ug/L", 0.7, None),
    (7, f"{DAY} 08:00", "LAB//2276-4//ug/L", None, ">40000"),
    (7, f"{DAY} 08:00", "LAB//50931//mg/dL", 125.0, None),
    (7, f"{DAY} 09:00", "LAB//50931//mg/dL", 131.0, None),
    (7, f"{DAY} 09:00", "MEDICATION//Methylprednisolone//Administered", None, None),
    (7, f"{DAY} 10:00", "MEDICATION//Vancomycin//Administered", None, None),
    (7, f"{DAY} 11:00", "MEDICATION//anakinra//mg//START", 100.0, None),
    (7, f"{DAY} 12:00", "MEDICATION//anakinra//mg//END", None, None),
    (7, f"{DAY} 13:00", "MEDICATION//anakinra//mg//START", 200.0, None),
    (7, f"{DAY} 14:00", "MASWATCH//FINDING//splenomegaly", None, "yes"),
    (7, f"{DAY} 15:00", "MASWATCH//FLAG//ferritin_rising//RAISED", None, "urgent"),
    (8, f"{DAY} 06:00", "LAB//777-3//10*3/uL", 90.0, None),
]
Taken = tuple[dict[str, pd.DataFrame], list[Refused]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("meds")
    (place / "data" / "train").mkdir(parents=True)
    (place / "metadata").mkdir()
    events = pd.DataFrame(EVENTS, columns=["subject_id", "time", "code", "numeric_value", "text_value"])
    kinds = {"time": "datetime64[us]", "numeric_value": "float32"}
    for subject, rows in events.astype(kinds).groupby("subject_id"):
        rows.to_parquet(place / "data" / "train" / f"{subject}.parquet", index=False)
    codes = pd.DataFrame({"code": ["LAB//50963//ng/mL"], "parent_codes": [["LOINC/2276-4"]]})
    codes.to_parquet(place / "metadata" / "codes.parquet", index=False)
    return place


@pytest.fixture(scope="module")
def told(folder: Path) -> Taken:
    [raw] = read_paths([folder])
    taken = read(raw, AT)
    return dict(taken.facts), taken.refused


def test_a_laboratory_code_is_read_by_its_loinc_or_its_parent_and_its_unit(told: Taken) -> None:
    rows = told[0]["observations"]
    assert rows[["patient_id", "analyte", "comparator", "value"]].to_numpy().tolist() == [
        ["7", "ferritin", "", 644.0],
        ["7", "ferritin", "", 0.7],  # kept in 32 bits as 0.699999988
        ["7", "ferritin", ">", 40000.0],
        ["8", "platelets", "", 90.0],
    ]
    assert rows["collected_at"].iloc[0] == pd.Timestamp(f"{DAY}T06:00Z")


def test_a_person_is_told_of_by_events_with_and_without_a_time(told: Taken) -> None:
    people = told[0]["patients"].set_index("patient_id")
    assert [people.loc["7", name] for name in ("sex", "birth_date")] == ["female", "2140-05-06"]
    assert people.loc["7", "admitted_at"] == pd.Timestamp(f"{DAY}T05:00Z")
    assert people.loc["8", "sex"] == ""


def test_a_start_and_the_end_that_follows_are_one_course(told: Taken) -> None:
    doses = told[0]["doses"].set_index("started_at")
    assert doses["given"].tolist() == ["methylprednisolone", "anakinra", "anakinra"]
    ended = doses["ended_at"].tolist()
    assert ended[1] == pd.Timestamp(f"{DAY}T12:00Z")
    assert [pd.isna(one) for one in ended] == [True, False, True]
    assert doses["amount"].tolist()[1:] == [100.0, 200.0]


def test_our_own_findings_come_back_and_our_judgements_do_not(told: Taken) -> None:
    assert told[0]["findings"][["patient_id", "finding", "value"]].to_numpy().tolist() == [["7", "splenomegaly", "yes"]]
    assert not any("FLAG" in one.code for one in told[1])


def test_a_code_that_says_nothing_here_is_told_once_with_its_number_of_events(told: Taken) -> None:
    assert [(one.code, one.sentence.split(" ")[0]) for one in told[1]] == [
        ("LAB//50931//mg/dL", "2"),
        ("MEDICATION//Vancomycin//Administered", "1"),
    ]


def test_many_subjects_are_read_some_at_a_time_and_keep_their_codes_parents(folder: Path, told: Taken) -> None:
    database = folders.database(folder)
    assert database is not None
    parts = [read(raw, AT) for raw in folders.raws(database, 1)]
    found = pd.concat([part.facts["observations"] for part in parts])
    assert sorted(found["digest"]) == sorted(told[0]["observations"]["digest"])


def test_doctor_hears_how_many_patients_the_folder_holds(folder: Path) -> None:
    [sentence] = tried(SourceSettings(name="meds", kind="meds", path=folder), AT.catalog, NOW)
    assert "MEDS of 2 patients" in sentence
