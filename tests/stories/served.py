"""`maswatch serve` as a person starts it: another process, a port of its own, a store of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 120.0


class Served:
    """Started on creation. `lines` is what it says on stderr."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "monitoring.cli", "--config", str(folder / "maswatch.toml")]
        environment = {name: told for name, told in os.environ.items() if not name.startswith("MASWATCH_")}
        self.process = subprocess.Popen(
            [*command, "serve", "--port", "0", *arguments], stderr=subprocess.PIPE, text=True, env=environment
        )
        self.lines: list[str] = []
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stderr
        with self.process.stderr as said:
            for line in said:
                self.lines.append(line.rstrip())

    def found(self, pattern: str) -> list[str]:
        return [match[1] for line in list(self.lines) if (match := re.search(pattern, line))]

    @property
    def address(self) -> str:
        until(lambda: self.found(r"maswatch is at (\S+)"), self.said)
        return self.found(r"maswatch is at (\S+)")[0]

    def children(self, name: str) -> list[int]:
        """Every process of that name that was started, the newest last."""
        return [int(number) for number in self.found(rf"the {name} is process (\d+)")]

    def health(self) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as answer:
            return json.load(answer)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(timeout=PATIENCE)
        self.listener.join(timeout=PATIENCE)
        return code

    def nobody_left(self) -> bool:
        started = [number for name in ("dashboard", "scheduler") for number in self.children(name)]
        return not any(alive(number) for number in started)

    def said(self) -> str:
        return "\n".join(self.lines)


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def until(true: Callable[[], object], said: Callable[[], str] = str, seconds: float = PATIENCE) -> None:
    """Waits for it, and fails with what was `said` when it does not come."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, said()
        time.sleep(0.05)
