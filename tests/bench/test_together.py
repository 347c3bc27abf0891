"""A measured command that fails says what ended it, and ends with whoever measures it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.together import CommandError, most_together

SAYING = "import sys; sys.stderr.write('There is no space left.'); sys.exit(2)"
KILLED = "import os; os.kill(os.getpid(), 9)"
WAITING = "import os, sys, time; open(sys.argv[1] + '/pid', 'w').write(str(os.getpid())); time.sleep(600)"
MEASURING = f"""
import sys
from tests.bench.together import most_together, say_what_ends_us
say_what_ends_us()
most_together([sys.executable, "-c", {WAITING!r}, sys.argv[1]])
"""


def test_what_it_holds_at_most_is_told_in_megabytes() -> None:
    kept = "import time; kept = b'x' * (100 << 20); time.sleep(2)"
    assert 100 <= most_together([sys.executable, "-c", kept]) < 200


def test_its_exit_code_and_its_own_sentence_are_told() -> None:
    with pytest.raises(CommandError, match=r"exit code 2; it said last: There is no space left\."):
        most_together([sys.executable, "-c", SAYING])


def test_the_signal_that_killed_it_is_named() -> None:
    with pytest.raises(CommandError, match="ended by SIGKILL; it said last: nothing"):
        most_together([sys.executable, "-c", KILLED])


def test_a_measure_that_is_told_to_end_says_so_and_takes_the_command_with_it(tmp_path: Path) -> None:
    measure = subprocess.Popen([sys.executable, "-c", MEASURING, str(tmp_path)], stderr=subprocess.PIPE)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert measure.poll() is None
        time.sleep(0.02)
    measure.send_signal(signal.SIGTERM)
    _, said = measure.communicate()
    assert measure.returncode == 1
    assert said.decode().strip() == "The measure was ended by SIGTERM before it was through."
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
