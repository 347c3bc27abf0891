"""A long file that a copy of the process reads while this one writes: the same facts, whatever becomes of either."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from storage import queries
from storage.engine import open_store

ALONE = [sys.executable, "-m", "tests.monitoring.pieces_alone"]


def found(what: str, folder: Path, url: str) -> dict[str, Any]:
    told = subprocess.run([*ALONE, what, str(folder), url], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(told.stdout)
    return answer


def test_what_a_copy_reads_is_new_corrected_or_set_aside_as_it_would_be_at_once(any_url: str, tmp_path: Path) -> None:
    told = found("same", tmp_path, any_url)
    assert told["copies"] > 5
    assert told["rows"] > 5
    assert told["left"] == 0


def test_of_a_file_whose_reader_is_killed_nothing_is_kept_and_it_can_be_taken_in_again(
    any_url: str, tmp_path: Path
) -> None:
    told = found("killed", tmp_path, any_url)
    assert told == {
        "said": "IntakeError: A process that read the file was ended from outside, perhaps for want of memory; "
        "nothing of the file was kept: take it in again.",
        "kept": 0, "left": 0, "again": 9,
    }  # fmt: skip


def test_what_the_copy_fails_on_comes_here_and_nothing_is_kept(any_url: str, tmp_path: Path) -> None:
    assert found("wrong", tmp_path, any_url) == {"said": "ValueError", "kept": 0}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_with_who_asked_the_copy_ends_and_nothing_is_kept(any_url: str, tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen([*ALONE, "held", str(tmp_path), any_url], stdout=subprocess.PIPE, text=True) as asked:
        assert asked.stdout
        copy = int(asked.stdout.readline())
        asked.send_signal(number)
        asked.wait()
        while _runs(copy):
            time.sleep(0.01)
    store = open_store(any_url)
    assert sum(queries.counts(store).values()) == 0
    store.close()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
