"""Exports of what is judged: by several processes as by one, stopped without a trace, no more than is asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from monitoring.errors import ExportError
from monitoring.exporting import Wanted, exported, write_export, write_labs
from monitoring.exports import judging
from monitoring.exports.cells import cell_lines
from monitoring.exports.making import MEASURED
from monitoring.parallel import each
from monitoring.state import state
from tests.monitoring.export_ward import AS_OF, KEY, ExportWard

PATIENCE = 300.0  # seconds; a machine that has much else to do takes its time
BY_TWO = "import monitoring.exports.judging as judging; judging.AT_ONCE = 1; from monitoring.cli import main; main()"
HELD = (  # never done, and heard of Ctrl-C as from a terminal, whoever began the tests
    "import os, pathlib, signal, time; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "def held(left):\n    pathlib.Path(os.environ['HELD_AT']).touch(); time.sleep(60)\n"
    + BY_TWO.replace("from", "judging._fetched = held; from", 1)
)


def test_several_processes_write_the_same_bytes_as_one(
    export_ward: ExportWard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "AT_ONCE", 1)
    store, catalog = export_ward.site.store, export_ward.site.catalog
    for how, wanted in (("csv", Wanted(AS_OF, key=KEY, versions=True)), ("meds", Wanted(AS_OF, align="steroid"))):
        for workers in (1, 2):
            write_export(store, catalog, wanted, tmp_path / f"{how} {workers}", how, workers=workers)
        told = {one: _bytes(tmp_path / f"{how} {one}") for one in (1, 2)}
        assert told[1] == told[2]
        assert len(told[1]) > 5


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_stdout_has_the_rows_of_the_file_whatever_is_judged_together(
    export_ward: ExportWard, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = export_ward.export("csv", versions=False, start=None, patients=()) / "labs.csv"
    for at_once in (150, 1):
        monkeypatch.setattr(judging, "AT_ONCE", at_once)
        out = BytesIO()
        write_labs(export_ward.site.store, export_ward.site.catalog, Wanted(AS_OF, key=KEY), out)
        assert out.getvalue() == told.read_bytes()


@pytest.mark.parametrize("align", ["", "steroid", "first", "admission", "line:second"])
@pytest.mark.parametrize("key", [None, KEY])
def test_what_rests_on_no_verdict_is_the_same_without_judging(
    export_ward: ExportWard, align: str, key: bytes | None
) -> None:
    wanted = Wanted(AS_OF, align=align, key=key)
    whole, few = (_parts(export_ward, wanted, only) for only in ((), tuple(MEASURED)))
    assert set(few) == MEASURED
    for name in MEASURED:
        pd.testing.assert_frame_equal(few[name], whole[name])


def _parts(ward: ExportWard, wanted: Wanted, only: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    (part,) = exported(ward.site.store, ward.site.catalog, wanted, only)
    return part


def test_hour_0_at_a_flag_is_judged_for(export_ward: ExportWard) -> None:
    told = _parts(export_ward, Wanted(AS_OF, align="flag:ferritin_rising"), ("labs",))["labs"]
    assert set(told["patient_id"]) == {"0071234"}  # of the four the only one with more than a value


def test_where_a_flag_stands_is_the_same_without_its_words(export_ward: ExportWard) -> None:
    store, catalog = export_ward.site.store, export_ward.site.catalog
    told, bare = (state(store, catalog, as_of=AS_OF, in_words=words).flags for words in (True, False))
    same = ["patient_id", "flag", "severity", "state", "began_at", "raised_at", "cleared_at", "retracted_at", "seq"]
    assert len(told)
    pd.testing.assert_frame_equal(bare[same], told[same])


def test_a_judging_process_that_was_killed_is_told_in_a_sentence_and_half_an_export_is_none(
    export_ward: ExportWard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "AT_ONCE", 1)

    def kill(_: int) -> None:
        for child in active_children():
            assert child.pid  # 0 would be everybody of this group
            os.kill(child.pid, signal.SIGKILL)
            child.join()

    store, catalog = export_ward.site.store, export_ward.site.catalog
    monkeypatch.setattr(judging, "AHEAD", -1)  # of four parts the last is asked for when two are written
    with pytest.raises(ExportError, match="A process that judged was ended from outside; start the export again"):
        write_export(store, catalog, Wanted(AS_OF), tmp_path / "out", "csv", progress=kill, workers=2)
    assert _bytes(tmp_path / "out") == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.sqlite  # a command of its own finds no store that was put on a server
def test_an_export_that_is_stopped_leaves_neither_files_nor_processes(
    export_ward: ExportWard, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELD_AT", str(tmp_path / "held"))
    with _running(export_ward, tmp_path, str(tmp_path / "out"), code=HELD) as command:
        _await((tmp_path / "held").exists)
        assert (tmp_path / "out" / "labs.csv").exists()
        os.kill(command.pid, number)
        _, said = command.communicate(timeout=PATIENCE)
    assert command.returncode == {signal.SIGTERM: 143, signal.SIGINT: 130}[signal.Signals(number)]
    assert b"Traceback" not in said
    assert _bytes(tmp_path / "out") == {}
    _await(lambda: not _those_with(str(tmp_path / "out")))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.sqlite
def test_an_export_that_is_stopped_while_it_makes_copies_of_itself_stops(
    export_ward: ExportWard, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that comes up there is told to nobody."""
    monkeypatch.setenv("HELD_AT", str(tmp_path / "held"))
    asked = f"os.register_at_fork(before=lambda: os.kill(os.getpid(), {int(number)})); from"
    with _running(export_ward, tmp_path, str(tmp_path / "out"), code=HELD.replace("from", asked, 1)) as command:
        _, said = command.communicate(timeout=PATIENCE)
    assert command.returncode == {signal.SIGTERM: 143, signal.SIGINT: 130}[signal.Signals(number)]
    assert not (tmp_path / "held").exists()
    assert b"Exception ignored" not in said
    assert _bytes(tmp_path / "out") == {}


@pytest.mark.sqlite
def test_a_reader_who_has_seen_enough_is_no_error(export_ward: ExportWard, tmp_path: Path) -> None:
    with _running(export_ward, tmp_path, "-") as command:
        assert command.stdout
        assert command.stdout.readline().startswith(b"patient_id,analyte,value,")
        command.stdout.close()
        assert command.stderr
        said = command.stderr.read()
        assert command.wait(PATIENCE) == 0
    assert said == b""


@pytest.mark.sqlite
def test_the_header_is_there_before_what_reads_and_judges_is_loaded(export_ward: ExportWard, tmp_path: Path) -> None:
    code = (
        "import sys; from monitoring.commands import beginning; begin = beginning._begin\n"
        "def told(*asked):\n    begin(*asked); print(sorted({'pandas', 'pyarrow', 'sqlalchemy'} & {*sys.modules}))\n"
        "beginning._begin = told; from monitoring.cli import main; main()"
    )
    with _running(export_ward, tmp_path, "-", code=code) as command:
        lines = command.communicate(timeout=PATIENCE)[0].splitlines()
    assert lines[1] == b"[]"
    assert lines[0].startswith(b"patient_id,")
    assert len(lines) == 2 + 14


def _running(ward: ExportWard, folder: Path, out: str, *, code: str = BY_TWO) -> subprocess.Popen[bytes]:
    url = ward.site.store.url
    arguments = ["--data-dir", str(folder / "data"), "--database-url", url, "export", out, "--as-of", AS_OF.isoformat()]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_plain()
    )


def _plain() -> dict[str, Any]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MASWATCH_")}


def _those_with(text: str) -> list[int]:
    told = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [int(line.split()[0]) for line in told if text in line]


def _await(there: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_numbers_are_spelt_as_python_does_and_read_as_the_same() -> None:
    told = [0.1 + 0.2, 7.0, -0.0, 1e-4, 9.9e-5, 1.2e-7, 9_999_999_999.5, 1e10, 318345830.851498, 1e22, None]
    text = b"".join(cell_lines(pd.DataFrame({"value": pd.Series(told, dtype="float64")})).pieces).decode()
    assert text.split("\n")[:-1] == [*map(repr, told[:-1]), ""]


def test_only_a_text_that_would_end_its_cell_has_quotes() -> None:
    frame = pd.DataFrame({"method": ["plain", 'one "two"', "a, b", "two\nlines", None]}, dtype="str")
    told = b"".join(cell_lines(frame).pieces).decode()
    assert told == 'plain\n"one ""two"""\n"a, b"\n"two\nlines"\n\n'


def test_what_is_asked_for_ahead_of_its_turn_comes_in_order() -> None:
    assert list(each(divmod, 7, [1, 2, 3, 4, 5], workers=2, ahead=1)) == [(7, 0), (3, 1), (2, 1), (1, 3), (1, 2)]
