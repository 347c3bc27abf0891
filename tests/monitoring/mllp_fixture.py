"""A listener in a process of its own, and clients that send to it as a laboratory would, or worse."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

START, END = b"\x0b", b"\x1c\r"
RESULTS = (("2276-4^Ferritin^LN", "ng/mL"), ("1988-5^CRP^LN", "mg/L"), ("777-3^Platelets^LN", "10*9/L"))
LISTENS = re.compile(r"listens on \S+:(\d+)")
SECONDS = 120.0
T = TypeVar("T")


def oru(number: int, *, value: float = 100.0, patients: int = 40, order: int | None = None, status: str = "F") -> bytes:
    """Message C<number> with three results of patient P<number modulo patients>, a minute after that of number - 1."""
    minute, order = number % 100_000, number if order is None else order
    drawn = f"202601{1 + minute // 1440 % 28:02}{minute // 60 % 24:02}{minute % 60:02}00"
    segments = [
        f"MSH|^~\\&|LIS|NORTH|MASWATCH|ICU|{drawn}+0000||ORU^R01^ORU_R01|C{number}|P|2.5.1",
        f"PID|1||P{order % patients}^^^NORTH^MR||Doe^Jo",
        f"OBR|1|PL{order}|FILL{order}|LAB^Panel^L|||{drawn}+0000",
    ]
    segments += [
        f"OBX|{place}|NM|{code}||{value + place}|{unit}|||||{status}"
        for place, (code, unit) in enumerate(RESULTS, start=1)
    ]
    return "".join(f"{segment}\r" for segment in segments).encode()


def fields(answer: bytes, segment: str) -> list[str]:
    """Of the first segment of that name, MSH counted as HL7 does; none where it is not there."""
    for line in answer.decode().split("\r"):
        if line.startswith(segment):
            told = line.split("|")
            return [told[0], "|", *told[1:]] if segment == "MSH" else told
    return []


class Client:
    """A raw socket."""

    def __init__(self, port: int, *, seconds: float = SECONDS) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.read = b""

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def answer(self) -> bytes:
        """The next one without its envelope; b"" when the other side is done."""
        while END not in self.read:
            try:
                chunk = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLError):
                return b""
            if not chunk:
                return b""
            self.read += chunk
        one, self.read = self.read.split(END, 1)
        return one.removeprefix(START)

    def asks(self, message: bytes) -> list[str]:
        """MSA of the answer to a message."""
        self.send(START + message + END)
        return fields(self.answer(), "MSA")

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Listening:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)


def environment() -> dict[str, str]:
    """Nothing this machine sets plays a part."""
    told = {name: value for name, value in os.environ.items() if not name.startswith("MASWATCH_")}
    return told | {"MASWATCH_WARD__TIMEZONE": "Europe/Berlin"}


@contextmanager
def started(command: list[str], folder: Path) -> Iterator[Listening]:
    """A process that says where it listens; killed at the end where it still runs."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "said.txt"
    with log.open("wb") as said:
        process = subprocess.Popen(command, stderr=said, stdout=said, cwd=folder, env=environment())
    try:
        port = until(lambda: _port(log, process))
        yield Listening(process, port, log)
    finally:
        process.kill()
        process.wait()


def receiving(folder: Path, *, config: str = "") -> list[str]:
    """`maswatch receive` on a free port, its data in `folder`."""
    command = [sys.executable, "-P", "-m", "monitoring.cli", "--data-dir", str(folder)]
    if config:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "maswatch.toml").write_text(config, encoding="utf-8")
        command += ["--config", str(folder / "maswatch.toml")]
    return [*command, "receive", *([] if config else ["--port", "0"])]


def until(found: Callable[[], T], *, seconds: float = SECONDS) -> T:
    """What `found` gives as soon as it gives anything."""
    deadline = time.monotonic() + seconds
    while not (told := found()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
    return told


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    told = log.read_text(encoding="utf-8")
    assert process.poll() is None, told
    found = LISTENS.search(told)
    return int(found[1]) if found else 0
