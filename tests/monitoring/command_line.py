"""Runs a command as `maswatch` would, in this process, and gives back what it printed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from monitoring.cli import cli
from monitoring.ending import ended
from monitoring.settings import foreign_variables


@dataclass(frozen=True)
class Printed:
    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        """What stands on stdout, which is JSON and nothing else."""
        return json.loads(self.out)


class CommandLine:
    """`run("flags", "--format", "json")` in a data folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def run(self, *arguments: object, config: str | None = None) -> Printed:
        before = ["--data-dir", str(self.folder / "site")]
        if config is not None:
            (self.folder / "told.toml").write_text(config, encoding="utf-8")
            before = ["--config", str(self.folder / "told.toml"), *before]
        self.capsys.readouterr()
        code = ended(cli, [*before, *map(str, arguments)])
        out, err = self.capsys.readouterr()
        return Printed(code, out, err)

    def told(self, *arguments: object, config: str | None = None) -> Any:
        """What a command prints as JSON; it must end well."""
        printed = self.run(*arguments, "--format", "json", config=config)
        assert printed.code == 0, printed.err
        return printed.told


def fresh(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this machine plays a part, and ward time is Berlin's."""
    for name in [*foreign_variables(), "MASWATCH_CONFIG", "MASWATCH_DATA_DIR", "MASWATCH_DATABASE_URL"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MASWATCH_WARD__TIMEZONE", "Europe/Berlin")
    monkeypatch.chdir(folder)


@contextmanager
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def quietly(config: Path, *arguments: str) -> None:
    """A command that must end well, whatever it prints."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as said, logging_as_before():
        assert ended(cli, ["--config", str(config), *arguments]) == 0, said.getvalue()
