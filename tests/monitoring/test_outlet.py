"""What goes to standard output as bytes goes there whole, or its command fails."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

WRITES = """
import sys
from monitoring.commands.outlet import whole

out = whole(sys.stdout.buffer)
out.write(b"x" * 9000)
out.flush()
"""


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
