"""Whom the ward still watches: a discharge takes people away after a week, to the minute; silence never does."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.intake import RawFile, take_in
from monitoring.present import Present, present
from monitoring.settings import Settings
from storage.engine import Store, open_store

HEAD = "patient_id,admitted_at,discharged_at\n"
AT = datetime.fromisoformat("2026-03-20T08:00:00+00:00")
TOLD = AT - timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(Settings(data_dir=tmp_path).database_url)
    yield opened
    opened.close()


def told(store: Store, tmp_path: Path, *rows: str) -> None:
    file = RawFile("patients.csv", (HEAD + "\n".join(rows)).encode())
    take_in(store, load_catalog(), Settings(data_dir=tmp_path), [file], source="adt", run_id="r", now=TOLD)


def test_nobody_who_was_not_discharged_is_left_out(store: Store, tmp_path: Path) -> None:
    told(store, tmp_path, "SILENT,2024-01-01T08:00Z,")
    assert present(store, load_catalog(), as_of=AT) == Present(None, {})


def test_a_week_after_the_discharge_somebody_is_no_longer_watched(store: Store, tmp_path: Path) -> None:
    rows = ("GONE,2026-03-01T08:00Z,2026-03-13T08:00Z", "HERE,2026-03-01T08:00Z,2026-03-13T08:01Z")
    told(store, tmp_path, *rows)
    found = present(store, load_catalog(), as_of=AT)
    assert found.patients == ["HERE"]
    assert {name: at.isoformat() for name, at in found.earlier.items()} == {"GONE": "2026-03-13T08:00:00+00:00"}
    assert present(store, load_catalog(), as_of=AT + timedelta(minutes=1)).patients == []


def test_who_came_back_is_watched(store: Store, tmp_path: Path) -> None:
    told(store, tmp_path, "BACK,2026-01-20T08:00Z,2026-02-01T08:00Z", "GONE,,2026-02-01T08:00Z")
    told(store, tmp_path, "BACK,2026-03-18T08:00Z,")
    assert present(store, load_catalog(), as_of=AT).patients == ["BACK"]


def test_a_discharge_heard_of_later_takes_nobody_away(store: Store, tmp_path: Path) -> None:
    told(store, tmp_path, "GONE,,2026-02-01T08:00Z")
    assert present(store, load_catalog(), as_of=TOLD - timedelta(minutes=1)).patients is None
