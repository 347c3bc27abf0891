"""The memory that a process and all that it started hold together: a page that several share is counted once."""

from __future__ import annotations

import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

EVERY = 0.1  # seconds between two looks
PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
LAST = 2000  # signs of what a command said last
ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


class CommandError(Exception):
    """A measured command came to no good end: what ended it, and what it said last."""


def most_together(command: list[str]) -> int:
    """
    Runs it to its end and tells the most, in MB, as /proc tells it (proportional set size).

    What it says is not shown unless it fails: raises CommandError. It does not outlive whoever measures it.
    """
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said) as running:
        try:
            most = _most(running)
        except BaseException:
            running.terminate()
            raise
        if running.returncode:
            name = " ".join(command[:3])
            raise CommandError(f"{name} was {_how(running.returncode)}; it said last: {_last(said)}")
    return most >> 10


def _most(running: subprocess.Popen[bytes]) -> int:
    most = 0
    while True:
        with suppress(subprocess.TimeoutExpired):
            running.wait(EVERY)
            return most
        most = max(most, sum(map(_held, _family(running.pid))))


def _how(code: int) -> str:
    if code > 0:
        return f"ended with exit code {code}"
    number = -code
    return f"ended by {signal.Signals(number).name}" if number in set(signal.Signals) else f"ended by signal {number}"


def _last(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read()[-LAST:].decode(errors="replace").strip() or "nothing"


def say_what_ends_us() -> None:
    """Of a long measure: one that is told to end says so, ends what it measures and leaves no folder behind."""

    def told(number: int, _: Any) -> None:
        raise SystemExit(f"The measure was {_how(-number)} before it was through.")

    for one in ENDING:
        signal.signal(one, told)


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
