from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from monitoring import sources
from monitoring.errors import SettingsError, SourceError
from monitoring.settings import Settings, SourceSettings
from monitoring.sources import kinds, open_sources
from monitoring.sources.csv_folder import CsvFolder
from tests.monitoring.intake_fixture import catalog, lab
from tests.stories.faulted import NOBODY

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)
PATIENTS = "patient_id,sex\nA,f\n"


class Waits:
    """Stands in for the passing of time: notes how long, and lets something happen meanwhile."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.meanwhile = lambda: None

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.meanwhile()


@pytest.fixture
def waits() -> Waits:
    return Waits()


def folder(path: Path, waits: Waits, *, move: bool = False) -> CsvFolder:
    return CsvFolder("drop", path, move, 5.0, waits)


def write(path: Path, text: str, at: datetime = LONG_AGO) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def taken(source: CsvFolder, now: datetime = NOW) -> list[str]:
    """Names of what is given, each done with before the next is asked for."""
    found = []
    for raw in source.fetch(now):
        source.done(raw)
        found.append(raw.name)
    return found


def test_a_file_that_stood_still_long_enough_is_given_at_once(tmp_path: Path, waits: Waits) -> None:
    write(tmp_path / "labs.csv", lab())
    (raw,) = folder(tmp_path, waits).fetch(NOW)
    assert (raw.name, raw.content, waits.seconds) == ("labs.csv", lab().encode(), [])


def test_a_young_file_is_given_once_it_stood_still(tmp_path: Path, waits: Waits) -> None:
    write(tmp_path / "labs.csv", lab(), NOW - timedelta(seconds=4.9))
    assert taken(folder(tmp_path, waits)) == ["labs.csv"]
    assert waits.seconds == [5.0]


def test_a_file_exactly_old_enough_needs_no_waiting(tmp_path: Path, waits: Waits) -> None:
    write(tmp_path / "labs.csv", lab(), NOW - timedelta(seconds=5))
    assert (taken(folder(tmp_path, waits)), waits.seconds) == (["labs.csv"], [])


def test_a_file_that_still_grows_is_left_for_the_next_time(tmp_path: Path, waits: Waits) -> None:
    growing, whole = write(tmp_path / "growing.csv", lab(), NOW), write(tmp_path / "whole.csv", lab(), NOW)
    waits.meanwhile = lambda: growing.open("a").close() or os.truncate(growing, 20)  # type: ignore[func-returns-value]
    source = folder(tmp_path, waits)
    assert taken(source) == [whole.name]
    waits.meanwhile = lambda: None
    assert taken(source) == [growing.name]


def test_a_file_from_a_clock_that_runs_ahead_is_not_waited_for_for_ever(tmp_path: Path, waits: Waits) -> None:
    write(tmp_path / "labs.csv", lab(), NOW + timedelta(hours=2))
    assert taken(folder(tmp_path, waits)) == ["labs.csv"]


def test_unfinished_and_hidden_files_and_the_answers_of_a_simulation_are_left_alone(
    tmp_path: Path, waits: Waits
) -> None:
    for name in ("labs.csv.part", "labs.tmp", ".labs.csv", "truth.csv", "notes.txt"):
        write(tmp_path / name, lab())
    assert taken(folder(tmp_path, waits)) == []


def test_patients_come_first_and_within_a_kind_the_older_file(tmp_path: Path, waits: Waits) -> None:
    write(tmp_path / "a.csv", lab(), LONG_AGO + timedelta(minutes=2))
    write(tmp_path / "b.csv", lab(), LONG_AGO + timedelta(minutes=1))
    write(tmp_path / "z.csv", PATIENTS, LONG_AGO + timedelta(minutes=3))
    assert taken(folder(tmp_path, waits)) == ["z.csv", "b.csv", "a.csv"]


def test_a_file_that_stays_is_untouched_and_given_once(tmp_path: Path, waits: Waits) -> None:
    path = write(tmp_path / "labs.csv", lab())
    source, before = folder(tmp_path, waits), path.stat()
    assert (taken(source), taken(source)) == (["labs.csv"], [])
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_file_that_stays_is_given_again_when_it_changed_and_to_the_next_process(tmp_path: Path, waits: Waits) -> None:
    path = write(tmp_path / "labs.csv", lab())
    source = folder(tmp_path, waits)
    taken(source)
    write(path, lab("701"), LONG_AGO + timedelta(minutes=1))
    assert taken(source) == ["labs.csv"]
    assert taken(folder(tmp_path, waits)) == ["labs.csv"]


def test_a_file_whose_taking_in_failed_is_given_again(tmp_path: Path, waits: Waits) -> None:
    write(tmp_path / "labs.csv", lab())
    source = folder(tmp_path, waits)
    assert [raw.name for raw in source.fetch(NOW)] == ["labs.csv"]
    assert taken(source) == ["labs.csv"]


def test_a_file_is_moved_to_done_only_after_it_is_stored(tmp_path: Path, waits: Waits) -> None:
    path = write(tmp_path / "sub" / "labs.csv", lab())
    source = folder(tmp_path, waits, move=True)
    (raw,) = source.fetch(NOW)
    assert path.exists()
    source.done(raw)
    assert not path.exists()
    assert (tmp_path / "done" / "sub" / "labs.csv").read_text() == lab()
    assert taken(source) == []


def test_a_second_file_of_the_same_name_lies_in_done_beside_the_first(tmp_path: Path, waits: Waits) -> None:
    source = folder(tmp_path, waits, move=True)
    for value in ("700", "701", "702"):
        write(tmp_path / "labs.csv", lab(value))
        assert taken(source) == ["labs.csv"]
    found = {path.name: path.read_text() for path in (tmp_path / "done").iterdir()}
    assert found == {"labs.csv": lab("700"), "labs.1.csv": lab("701"), "labs.2.csv": lab("702")}


def test_a_file_written_anew_while_it_was_taken_in_is_not_moved_away(tmp_path: Path, waits: Waits) -> None:
    path = write(tmp_path / "labs.csv", lab())
    source = folder(tmp_path, waits, move=True)
    (raw,) = source.fetch(NOW)
    write(path, lab("701"))
    source.done(raw)
    assert taken(source) == ["labs.csv"]
    assert (tmp_path / "done" / "labs.csv").read_text() == lab("701")


def test_a_folder_that_is_not_there_says_so_when_it_is_asked(tmp_path: Path, waits: Waits) -> None:
    source = folder(tmp_path / "nowhere", waits)
    with pytest.raises(SourceError, match=r"source drop: the folder .*nowhere does not exist"):
        list(source.fetch(NOW))


def test_a_file_that_vanished_meanwhile_is_no_trouble(tmp_path: Path, waits: Waits) -> None:
    path = write(tmp_path / "labs.csv", lab(), NOW)
    waits.meanwhile = path.unlink
    assert taken(folder(tmp_path, waits)) == []


def opened(**told: object) -> Settings:
    return Settings(source=(SourceSettings(name="drop", **told),))  # type: ignore[arg-type]


def test_kinds_are_the_files_of_the_folder() -> None:
    files = {path.stem for path in Path(sources.__path__[0]).glob("*.py")} - {"__init__"}
    assert len(kinds()) == len(files)
    assert "csv" in kinds()


def test_settings_open_their_sources(tmp_path: Path) -> None:
    (source,) = open_sources(opened(kind="csv", path=tmp_path, after="move", settle_seconds=2))
    assert isinstance(source, CsvFolder)
    assert (source.name, source.folder, source.move, source.settle_seconds) == ("drop", tmp_path, True, 2.0)
    assert open_sources(Settings()) == []


def test_a_source_remembers_what_it_gave_however_often_it_is_opened(tmp_path: Path) -> None:
    write(tmp_path / "labs.csv", lab())
    told = opened(kind="csv", path=tmp_path)
    (first,), (second,) = open_sources(told), open_sources(told)
    for raw in first.fetch(NOW):
        first.done(raw)
    assert list(second.fetch(NOW)) == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"kind": "telegraph"}, "kind 'telegraph' is not known here; there is .*csv"),
        ({"kind": "csv"}, "source drop: a csv source needs the path of its folder"),
        ({"kind": "csv", "path": Path("/x"), "encoding": "latin-99"}, "source drop: encoding 'latin-99'"),
    ],
)
def test_a_source_that_cannot_be_opened_says_why(told: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        open_sources(opened(**told))


def test_a_file_that_its_owner_keeps_to_himself_is_told_when_the_folder_is_tried() -> None:
    with TemporaryDirectory() as made:  # pytest's own folders are closed to others
        inbox = Path(made)
        inbox.chmod(0o755)
        write(inbox / "open.csv", lab())
        closed = write(inbox / "closed.csv", lab())
        told, known = SourceSettings(name="drop", kind="csv", path=inbox), catalog()
        sources.tried(told, known, NOW)  # loads what somebody else may not
        closed.chmod(0)
        with somebody_else(), pytest.raises(SourceError, match=f"drop: 1 of the 2 files in {inbox} cannot be opened; "):
            sources.tried(told, known, NOW)
        closed.chmod(0o644)
        with somebody_else():
            (sentence,) = sources.tried(told, known, NOW)
        assert sentence.startswith(f"{inbox} holds 2 files, the newest written ")


@contextmanager
def somebody_else() -> Iterator[None]:
    """Within: not root, who may read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)
