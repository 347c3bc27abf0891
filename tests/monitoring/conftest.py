"""The `maswatch` command in a data folder of its own, empty or with the small ward in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.cli import cli
from monitoring.ending import ended
from tests.monitoring.command_line import CommandLine, fresh, logging_as_before
from tests.monitoring.export_ward import ExportWard, filled
from tests.monitoring.small_ward import fill
from tests.stores import copied


@pytest.fixture
def maswatch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CommandLine]:
    """The command in a data folder where nothing is yet."""
    fresh(tmp_path, monkeypatch)
    with logging_as_before():
        yield CommandLine(tmp_path, capsys)


@pytest.fixture(scope="session")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds the small ward."""
    folder = tmp_path_factory.mktemp("taken")
    with logging_as_before():
        assert ended(cli, ["--data-dir", str(folder), "ingest", str(fill(folder / "in"))]) == 0
    return folder / "maswatch.db"


@pytest.fixture
def small_ward(maswatch: CommandLine, taken_in: Path) -> CommandLine:
    """The command in a data folder that holds the small ward."""
    (maswatch.folder / "site").mkdir()
    copied(taken_in, maswatch.folder / "site" / "maswatch.db")
    return maswatch


@pytest.fixture(scope="session")
def export_ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExportWard]:
    """A ward to export from, and the exports that were written of it."""
    with logging_as_before():
        ward = filled(tmp_path_factory.mktemp("export"))
        yield ward
        ward.site.store.close()
