"""One store, many kills: what is done, when it is killed, and what must hold after each."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage import integrity
from storage.engine import open_store, schema_state, upgrade
from tests.stories.faulted import MESSAGES, labs
from tests.stories.homes import Home

HERE = Path(__file__).parents[2]
# A listener and a cycle are what runs for years; the others now and then.
CHOICES = ("cycle", "cycle", "ingest", "ingest", "listen", "export", "migrate")
RESULTS = "SELECT source_id, count(*) FROM observation GROUP BY source, source_id ORDER BY source_id"


class Mother:
    """Forks a process for every job."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert self._line() == "ready"

    def does(self, job: dict[str, Any], *, killed_after: float | None = None) -> int:
        """How it ended: 0 or -9; anything else is a fault."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        number = int(self._line())
        if killed_after is not None:
            time.sleep(killed_after)
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        return int(self._line())

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()


@contextmanager
def mother() -> Iterator[Mother]:
    command = [sys.executable, "-m", "tests.stories.faulted"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE, env=dict(os.environ)
    ) as process:
        yield Mother(process)
        assert process.stdin
        process.stdin.close()


@dataclass
class Ward:
    """`told`: the source_id of every result that was handed over for good; `lasted`: seconds of an unharmed job."""

    home: Home
    mother: Mother
    chance: random.Random
    step: int = 0
    message: int = 0
    told: set[str] = field(default_factory=set)
    lasted: dict[str, float] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def folder(self) -> Path:
        return self.home.folder

    @property
    def url(self) -> str:
        return self.home.url("ward")

    @property
    def answered(self) -> Path:
        return self.folder / "answered"

    def unharmed(self, job: str) -> None:
        made, began = self.made(job), time.monotonic()
        assert self.mother.does(made) == 0
        self.lasted[job] = time.monotonic() - began
        self.kept(job, made)

    def killed(self, job: str) -> None:
        """At some moment between its beginning and when it usually ends; one that was quicker counts as no kill."""
        made = self.made(job)
        ended = self.mother.does(made, killed_after=self.chance.uniform(0, self.lasted[job]))
        assert ended in (0, -9), (job, ended)
        self.kills[job] += ended == -9
        # some must come to their end, however busy the machine is by then
        self.lasted[job] *= 1.06 if ended == -9 else 0.8
        self.kept(job, made)
        if job == "ingest":  # who typed the command types it again
            assert self.mother.does(made) == 0

    def made(self, job: str) -> dict[str, Any]:
        """The next job, with what it needs lying ready."""
        self.step += 1
        told = {"job": job, "folder": str(self.folder), "url": self.url, "step": self.step}
        if job == "cycle":
            self._laid(self.folder / "inbox", "D")
        if job == "ingest":
            told["path"] = str(self._laid(self.folder / "by_hand", "I"))
        if job == "listen":
            told |= {"first": self.message, "answered": str(self.answered)}
            self.message += MESSAGES
        if job == "export":
            told["out"] = str(self.folder / f"out{self.step}")
        if job == "migrate":
            self.home.copied("old", "upgraded")
            told["url"] = self.home.url("upgraded")
        return told

    def kept(self, job: str, made: dict[str, Any]) -> None:
        """What must hold whatever happened."""
        if job == "export":
            return whole_or_unfinished(Path(made["out"]))
        url = made["url"]
        if job == "migrate":
            assert schema_state(url)["state"] in ("behind", "current")
            upgrade(url)
        with closing(open_store(url)) as store:
            assert integrity.damage(store, deep=True) == ""
            assert integrity.row_faults(store) == []
        if job == "migrate":
            assert self.home.rows("upgraded", RESULTS) == self.home.rows("old", RESULTS)
        return None

    def _laid(self, folder: Path, name: str) -> Path:
        folder.mkdir(exist_ok=True)
        content, ids = labs(name, self.step)
        path = folder / f"{name}{self.step:05}.csv"
        draft = path.with_suffix(".part")
        draft.write_text(content, encoding="utf-8")
        draft.replace(path)
        self.told |= set(ids)
        return path


def whole_or_unfinished(folder: Path) -> None:
    """An export that says it is whole is whole; one without about.json says that it is not."""
    if (folder / "about.json").exists():
        with suppress(json.JSONDecodeError):  # cut off while it was written: says as little
            about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
            for file in about["files"]:
                assert hashlib.sha256((folder / file["path"]).read_bytes()).hexdigest() == file["sha256"]
    shutil.rmtree(folder, ignore_errors=True)


def results(file: Path) -> list[tuple[str, int]]:
    """Every result by what its source calls it, with how many rows it has, in order."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(RESULTS).fetchall()


def answered(file: Path) -> list[int]:
    return [int(line) for line in file.read_text(encoding="ascii").split("\n") if line]


__all__ = ["CHOICES", "RESULTS", "Mother", "Ward", "answered", "mother", "results"]
