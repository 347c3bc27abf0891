"""The same files give the same bytes out, whether the facts stand in SQLite or on a PostgreSQL server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.cli import cli
from monitoring.commands.exporting import FORMATS
from monitoring.cycle import run_cycle
from monitoring.ending import ended
from monitoring.exporting import Wanted, exported, write_export, write_parts
from monitoring.exports.about import About
from monitoring.published import write_published
from monitoring.settings import SourceSettings, load_settings
from monitoring.simulate import simulate
from storage.engine import Store, open_store, upgrade
from tests.monitoring.command_line import fresh
from tests.monitoring.small_ward import HandClock
from tests.servers import on_server

pytestmark = pytest.mark.postgresql
FIRST = datetime(2026, 1, 8, 6, 30, tzinfo=UTC)
LAST = FIRST + timedelta(days=3)
COMMANDS = ("patients", "flags", "response", "lines", "scores", "set-aside list")
OF_FACTS = ("csv", "parquet")


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published and simulated courses, as files of a drop folder."""
    folder = tmp_path_factory.mktemp("both")
    write_published(folder / "in" / "published", newest_at=LAST - timedelta(hours=1))
    simulate(folder / "in" / "simulated", patients=4, days=4, seed=5)
    (folder / "in" / "simulated" / "truth.csv").unlink(missing_ok=True)
    return folder


@pytest.fixture(scope="module")
def out(
    ward: Path, database_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, dict[str, bytes]]]:
    """Store -> name of a file -> what each command printed and each export wrote from it."""
    on_server(database_server, "CREATE DATABASE both_stores")
    urls = {"sqlite": f"sqlite:///{ward}/maswatch.db", "server": database_server.format(database="both_stores")}
    with pytest.MonkeyPatch.context() as patch:
        fresh(ward, patch)
        for name, url in urls.items():
            upgrade(url)
            _taken_in(ward, ward / f"machine of {name}", url)
        yield {name: _given_out(ward, url, tmp_path_factory.mktemp(name)) for name, url in urls.items()}


def _taken_in(ward: Path, data_dir: Path, url: str) -> None:
    """Twice: most at first, and two days later again, so that flags have a history."""
    shutil.copytree(ward / "in", data_dir / "in")  # a process looks only once at a file that stays
    settings = load_settings(config=None, data_dir=data_dir, database_url=url)
    source = SourceSettings(name="drop", kind="csv", path=data_dir / "in", settle_seconds=0, after="leave")
    settings = settings.model_copy(update={"source": (source,)})
    with closing(open_store(url)) as store:
        for now in (FIRST, LAST):
            told = run_cycle(settings, store, load_catalog(), clock=HandClock(now))
            assert "error" not in told
            assert "error" not in told["drop"]


def _given_out(ward: Path, url: str, folder: Path) -> dict[str, bytes]:
    before = ["--data-dir", str(ward / "site"), "--database-url", url]
    for name in COMMANDS:
        printed = StringIO()
        with redirect_stdout(printed):
            assert ended(cli, [*before, *name.split(), "--format", "json", "--as-of", LAST.isoformat()]) == 0
        (folder / f"{name}.json").write_text(printed.getvalue(), encoding="utf-8")
    with closing(open_store(url)) as store:
        _exported(store, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _exported(store: Store, folder: Path) -> None:
    """In every format what is judged, which is done once for all of them, and in two what was reported alone."""
    catalog, wanted = load_catalog(), Wanted(as_of=LAST, key=bytes(32), versions=True)
    parts = list(exported(store, catalog, wanted))
    for how in FORMATS:
        (folder / how).mkdir()
        write_parts(parts, folder / how, About(wanted, catalog, how))
    for how in OF_FACTS:
        write_export(store, catalog, replace(wanted, facts=True), folder / f"facts {how}", how)


def test_the_same_files_make_the_same_commands_print_the_same_from_either_store(
    out: dict[str, dict[str, bytes]],
) -> None:
    for name in COMMANDS:
        told = out["sqlite"][f"{name}.json"]
        assert told == out["server"][f"{name}.json"], name
        assert len(json.loads(told)) > 0


def test_the_same_files_make_the_same_exports_byte_by_byte_from_either_store(out: dict[str, dict[str, bytes]]) -> None:
    assert list(out["sqlite"]) == list(out["server"])
    assert len(out["sqlite"]) > len(COMMANDS) + len(FORMATS) + len(OF_FACTS)
    assert [name for name, told in out["sqlite"].items() if told != out["server"][name]] == []
