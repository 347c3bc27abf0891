"""The memory that a process and all that it started hold together: a page that several share is counted once."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

EVERY = 0.1  # seconds between two looks
PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def most_together(command: list[str]) -> int:
    """
    Runs it to its end and tells the most, in MB, as /proc tells it (proportional set size). What it says is not shown.

    Raises CalledProcessError where it fails.
    """
    most, running = 0, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        with suppress(subprocess.TimeoutExpired):
            if code := running.wait(EVERY):
                raise subprocess.CalledProcessError(code, command)
            return most >> 10
        most = max(most, sum(map(_held, _family(running.pid))))


def _family(process: int) -> Iterator[int]:
    yield process
    with suppress(OSError):  # it has just ended
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _family(int(child))


def _held(process: int) -> int:
    """In kB; nothing of one that has just ended."""
    with suppress(OSError):
        found = PSS.search(Path(f"/proc/{process}/smaps_rollup").read_text())
        return int(found[1]) if found else 0
    return 0
