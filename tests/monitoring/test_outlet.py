"""What goes to standard output as bytes goes there whole, or its command fails."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

FULL = "Not all of the output could be written: no space left on device.\n"
WRITES = """
import sys
from monitoring.commands.outlet import whole

out = whole(sys.stdout.buffer)
out.write(b"x" * 9000)
out.flush()
"""


def buffered() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def small() -> None:
    """No file of this process may be longer than 4096 bytes, as on a disk that is full there."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize("how", [[], ["-u"]])
def test_output_that_a_disk_does_not_take_is_an_error_with_buffers_and_without(how: list[str], tmp_path: Path) -> None:
    for limit, well in ((small, False), (None, True)):
        with (tmp_path / "out").open("wb") as out:
            ended = subprocess.run(
                [sys.executable, *how, "-c", WRITES], stdout=out, stderr=subprocess.DEVNULL, preexec_fn=limit
            )
        assert (ended.returncode == 0) is well
        assert (tmp_path / "out").stat().st_size == (9000 if well else 4096)


@pytest.mark.parametrize("arguments", [["--help"], ["golden", "--help"], ["people", "list", "--format", "json"]])
def test_what_a_full_disk_does_not_take_is_said_in_one_sentence(arguments: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "monitoring.cli", "--data-dir", str(tmp_path), *arguments]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=buffered(), text=True)
    assert (done.returncode, done.stderr) == (2, FULL)


def test_who_stops_reading_hears_no_complaint(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "monitoring.cli", "--data-dir", str(tmp_path), "people", "list"]
    for environment in (buffered(), buffered() | {"PYTHONUNBUFFERED": "1"}):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=environment, text=True)
        os.close(writing)
        assert (done.returncode, done.stderr) == (0, "")
