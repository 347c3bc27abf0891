"""A replay says the same whoever judges it, and how often a patient-day was flagged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from monitoring import batches as dividing
from monitoring import replaying
from monitoring.analysis.apart import apart, patient_of
from monitoring.errors import ParallelError
from monitoring.parallel import each, each_on_dask
from monitoring.replayed_files import Burden
from monitoring.settings import load_settings
from monitoring.simulate import simulate
from tests.monitoring.clif_ward import written
from tests.spec.drawing import catalog, drawn, together

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
START = datetime(2026, 1, 5, 6, tzinfo=UTC)
PATIENTS = 5
FILES = ("flags.csv", "responses.csv", "burden.csv")


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ward") / "drawn"
    simulate(folder, patients=PATIENTS, days=2, seed=5, start=START)
    return folder


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three patients a part."""
    monkeypatch.setattr(replaying, "batches", lambda folder, place, workers: dividing.batches(folder, place, 2, 1))


def replay(folder: Path, out: Path, engine: replaying.Engine) -> tuple[Burden, dict[str, int], list[bytes]]:
    settings = load_settings(config=None, data_dir=out / "site", database_url=None)
    told = replaying.replay(folder, out, catalog=catalog(), settings=settings, every_hours=12, now=NOW, engine=engine)
    return *told, [(out / name).read_bytes() for name in FILES]


@pytest.fixture(scope="module")
def alone(ward: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Burden, dict[str, int], list[bytes]]:
    """Everybody in one part, in this process."""
    return replay(ward, tmp_path_factory.mktemp("alone"), replaying.on_cores(1))


@pytest.mark.usefixtures("small_parts")
def test_two_processes_write_what_one_writes_to_the_byte(
    ward: Path, tmp_path: Path, alone: tuple[Burden, dict[str, int], list[bytes]]
) -> None:
    burden, counts, files = replay(ward, tmp_path, replaying.on_cores(2))
    assert files == alone[2]
    assert counts == alone[1]
    assert (burden.patients, burden.patient_days) == (PATIENTS, pytest.approx(alone[0].patient_days))
    assert files[0].count(b"\n") > PATIENTS


@pytest.mark.usefixtures("small_parts")
def test_a_cluster_of_dask_writes_what_one_process_writes_to_the_byte(
    ward: Path, tmp_path: Path, alone: tuple[Burden, dict[str, int], list[bytes]]
) -> None:
    assert replay(ward, tmp_path, replaying.on_dask(workers=2))[2] == alone[2]


def test_a_scheduler_that_nobody_hears_ends_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.parallel.ANSWERS_WITHIN", "200ms")
    with pytest.raises(ParallelError, match="No Dask scheduler answers at"):
        list(each_on_dask(_same, 0, [1], scheduler="tcp://127.0.0.1:9"))


def _same(common: int, part: int) -> int:
    return common + part


def _dies(common: int, part: int) -> int:
    os._exit(common + part)


def test_answers_come_in_the_order_of_the_parts() -> None:
    assert list(each(_same, 10, [3, 1, 2], workers=1)) == [13, 11, 12]


def test_a_process_that_dies_ends_the_work_with_one_sentence() -> None:
    with pytest.raises(ParallelError, match="fewer with --workers"):
        list(each(_dies, 3, [1, 2], workers=2))


PATIENCE = 300.0  # seconds; so long only where the machine has much else to do
WAITING = """
import os, sys, time
from monitoring.parallel import each

def work(common, part):
    os.write(1, f"{os.getpid()}\\n".encode())  # in one piece, whoever else writes at the same time
    time.sleep(60)

if __name__ == "__main__":
    list(each(work, None, [1, 2], workers=2))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_the_one_that_started_them(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C, and an end that nobody can prepare for."""
    script = tmp_path / "waiting.py"
    script.write_text(WAITING, encoding="utf-8")
    started = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert started.stdout is not None
    with started.stdout:
        workers = [int(started.stdout.readline()) for _ in range(2)]
        started.send_signal(how)
        assert started.wait(PATIENCE) != 0
    until = time.monotonic() + PATIENCE
    while any(map(_runs, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(_runs, workers))


def _runs(pid: int) -> bool:
    """Whether it is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_folder_is_divided_by_patients_and_loses_no_line(ward: Path, tmp_path: Path) -> None:
    parts = dividing.batches(ward, tmp_path, 3, 1)
    assert len(parts) == 3
    for name in ("patients.csv", "labs.csv", "treatments.csv", "findings.csv"):
        head, *lines = (ward / name).read_text(encoding="utf-8").splitlines()
        shares = [(part / name).read_text(encoding="utf-8").splitlines() for part in parts]
        assert all(share[0] == head for share in shares)
        assert sorted(line for share in shares for line in share[1:]) == sorted(lines)
        assert [[line for line in lines if line in set(share)] for share in shares] == [share[1:] for share in shares]
    people = [{line.split(",")[0] for line in (part / "labs.csv").read_text().splitlines()[1:]} for part in parts]
    assert [len(one) for one in people] == [2, 2, 1]
    assert max(people[0]) < min(people[1]) <= max(people[1]) < min(people[2])


HEAD = "patient_id,analyte,value,unit,collected_at\n"
LINE = "P1,ferritin,900,ug/L,2026-06-01T06:00Z\n"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + LINE + 'P2,ferritin,"900",ug/L,2026-06-01T06:00Z\n',  # a quoted cell may hold a line end
        HEAD + LINE + "P2,ferritin,900,ug/L,2026-06-01T06:0",  # cut off: how short is told by the other lines
        HEAD.replace(",", ";") + "P1;ferritin;1,5;ug/L;2026-06-01T06:00Z\n",  # a decimal comma is told by the column
        "assigning_authority," + HEAD + "NORTH," + LINE + "SOUTH," + LINE,  # one number of two patients
        '{"resourceType": "Patient"}\n',
    ],
)
def test_a_file_whose_lines_lean_on_each_other_is_not_divided(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "labs.csv").write_text(text, encoding="utf-8")
    (folder / "more.csv").write_text(HEAD + LINE.replace("P1", "P3") * 2, encoding="utf-8")
    assert dividing.batches(folder, tmp_path, 2, 1) == [folder]


@pytest.mark.usefixtures("small_parts")
def test_what_cannot_be_divided_by_lines_is_judged_just_as_well(
    ward: Path, tmp_path: Path, alone: tuple[Burden, dict[str, int], list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "quoted"
    folder.mkdir()
    for path in sorted(ward.iterdir()):
        lines = path.read_text(encoding="utf-8").replace("SIM-0001,", '"SIM-0001",')
        (folder / path.name).write_text(lines, encoding="utf-8")
    monkeypatch.setattr(replaying, "WORTH_A_CORE", 1)
    two = replaying.Engine(2, lambda terms, parts: each(replaying.judged, terms, parts, workers=1))
    _, counts, files = replay(folder, tmp_path / "out", two)
    assert files == alone[2]
    assert counts == alone[1]


def test_courses_of_years_to_come_are_judged(tmp_path: Path) -> None:
    burden, counts, _ = replay(written(tmp_path / "icu"), tmp_path / "out", replaying.on_cores(1))
    assert burden.patients == 2
    assert counts["new"] == 18  # 2 patients, 12 values and 4 doses
    responses = pd.read_csv(tmp_path / "out" / "responses.csv")
    assert responses["patient_id"].eq(17).all()
    assert responses["t0"].str.startswith("2153-03-02T08:00").all()


def test_burden_is_told_by_hundred_patient_days(tmp_path: Path) -> None:
    """Two results a day apart and the day of silence after them: two patient-days, on which ferritin became extreme."""
    folder = tmp_path / "in"
    folder.mkdir()
    rows = "P1,ferritin,400,ug/L,2026-06-01T06:00Z\nP1,ferritin,50000,ug/L,2026-06-02T06:00Z\n"
    (folder / "labs.csv").write_text(HEAD + rows, encoding="utf-8")
    burden, _, _ = replay(folder, tmp_path / "out", replaying.on_cores(1))
    assert burden.patient_days == pytest.approx(2.0)
    told = burden.kinds.set_index("flag")["per_100_patient_days"]
    assert told["ferritin_extreme"] == 50.0
    assert told["all"] == 50.0 * (len(told) - 1)


BACK = """
hour | ferritin
0    | 500
6    | 700
500  | 900
"""
STAYS = """
hour | ferritin
0    | 500
300  | 700
"""


def test_who_comes_back_after_long_is_another_course_of_the_same_patient() -> None:
    course = together(drawn(BACK, patient="A"), drawn(STAYS, patient="B"))
    parted = apart(course, gap=pd.Timedelta(days=14))  # 336 hours
    names = parted.observations.sort_values(["patient_id", "collected_at"])["patient_id"]
    assert patient_of(names).tolist() == ["A", "A", "A", "B", "B"]
    assert names.nunique() == 3
    assert sorted(parted.patients["patient_id"]) == sorted(names.unique())


def test_a_course_without_a_long_silence_stays_as_it_is() -> None:
    course = drawn(STAYS, patient="A")
    assert apart(course, gap=pd.Timedelta(days=14)) is course


@pytest.mark.parametrize(
    ("patients", "workers", "expected"),
    [(99, 2, 100), (300, 2, 150), (3000, 2, 750), (10_000, 2, 1000), (10_000, 64, 157), (0, 1, 100)],
)
def test_every_worker_has_as_many_parts_as_the_others(patients: int, workers: int, expected: int) -> None:
    assert dividing.size(patients, workers) == expected
