"""A folder told piece by piece: nothing lost, nothing invented, nothing told before it was known."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from monitoring.published import write_published
from monitoring.simulate import simulate, slices
from monitoring.simulation.slices import Marks

NOW = datetime(2026, 3, 3, 14, 23, tzinfo=UTC)
HALF_DAY = timedelta(hours=12)
TOLD = ("patients.csv", "treatments.csv", "findings.csv", "labs.csv")
KNOWN = {
    "patients.csv": "admitted_at", "treatments.csv": "started_at", "findings.csv": "observed_at",
}  # fmt: skip
HEADER = "patient_id,analyte,value,unit,collected_at,resulted_at"


def lines(content: bytes) -> list[tuple[str, ...]]:
    return [tuple(row) for row in csv.reader(io.StringIO(content.decode("utf-8")))]


@pytest.fixture(scope="module", params=["simulated", "published"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp(request.param)
    if request.param == "simulated":
        simulate(place, patients=14, days=5, seed=8, end=NOW)
    else:
        write_published(place, newest_at=NOW)
    return place


def test_slices_lose_nothing_and_invent_nothing(folder: Path) -> None:
    told: dict[str, Counter[tuple[str, ...]]] = {name: Counter() for name in TOLD}
    for _, files in slices(folder, every_hours=12):
        for name, content in files.items():
            told[name].update(lines(content)[1:])
    for name in TOLD:
        assert told[name] == Counter(lines((folder / name).read_bytes())[1:])


def test_a_row_stands_in_the_slice_of_the_first_mark_after_it_became_known(folder: Path) -> None:
    for mark, files in slices(folder, every_hours=12, anchor=NOW):
        for name, content in files.items():
            for row in csv.DictReader(io.StringIO(content.decode("utf-8"))):
                text = row[KNOWN[name]] if name in KNOWN else row["resulted_at"] or row["collected_at"]
                assert mark - HALF_DAY < datetime.fromisoformat(text) <= mark


def test_marks_go_forward_by_whole_steps_and_meet_the_anchor(folder: Path) -> None:
    marks = [mark for mark, _ in slices(folder, every_hours=12, anchor=NOW)]
    assert marks == sorted(set(marks))
    assert all((NOW - mark) % HALF_DAY == timedelta(0) for mark in marks)


def test_without_an_anchor_the_last_mark_is_when_the_last_row_became_known(folder: Path) -> None:
    *_, (last, files) = slices(folder, every_hours=12)
    rows = [row for content in files.values() for row in csv.DictReader(io.StringIO(content.decode("utf-8")))]
    known = [
        row.get("resulted_at") or row.get("collected_at") or row.get("started_at") or row.get("observed_at")
        for row in rows
    ]
    assert max(datetime.fromisoformat(text) for text in known if text) == last


def test_the_truth_is_never_told(folder: Path) -> None:
    assert all(set(files) <= set(TOLD) for _, files in slices(folder, every_hours=12))


def write_labs(folder: Path, *rows: str) -> Path:
    (folder / "labs.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return folder


def test_a_correction_is_told_after_the_result_that_it_corrects(tmp_path: Path) -> None:
    place = write_labs(
        tmp_path,
        "A,ferritin,500,ug/L,2026-03-01T06:00:00+00:00,2026-03-01T07:00:00+00:00",
        "A,ferritin,5000,ug/L,2026-03-01T06:00:00+00:00,2026-03-02T09:00:00+00:00",
    )
    told = [(mark, lines(files["labs.csv"])[1][2]) for mark, files in slices(place, every_hours=12)]
    assert told == [
        (datetime(2026, 3, 1, 9, tzinfo=UTC), "500"),
        (datetime(2026, 3, 2, 9, tzinfo=UTC), "5000"),
    ]


def test_a_row_without_a_readable_time_is_told_first(tmp_path: Path) -> None:
    place = write_labs(
        tmp_path,
        "A,ferritin,500,ug/L,2026-03-01T06:00:00+00:00,2026-03-01T07:00:00+00:00",
        "B,ferritin,600,ug/L,some day,",
        "A,ferritin,700,ug/L,2026-03-02T06:00:00+00:00,",
    )
    (_, first), (_, second) = slices(place, every_hours=12)
    assert [row[0] for row in lines(first["labs.csv"])[1:]] == ["A", "B"]
    assert [row[2] for row in lines(second["labs.csv"])[1:]] == ["700"]


def test_a_folder_without_any_row_is_told_in_no_slice(tmp_path: Path) -> None:
    assert list(slices(write_labs(tmp_path), every_hours=12)) == []
    assert list(slices(tmp_path / "nowhere", every_hours=12)) == []


@settings(max_examples=60)
@given(seconds=some.integers(-10_000_000, 10_000_000), hours=some.sampled_from([1, 6, 12, 24]))
def test_every_moment_has_one_mark_at_or_less_than_a_step_after_it(seconds: int, hours: int) -> None:
    marks, moment = Marks(NOW, timedelta(hours=hours)), NOW + timedelta(seconds=seconds)
    wait = marks.mark(marks.number(moment)) - moment
    assert timedelta(0) <= wait < timedelta(hours=hours)
