"""Facts alone: the same rows as with judgements, with nothing judged, read by processes of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from monitoring.exporting import Wanted, write_export, write_labs
from monitoring.exports import facts, lines, reading
from monitoring.exports.crew import crew, size
from monitoring.exports.fields import layout
from storage.backups import backup
from storage.engine import Store, open_store
from tests.monitoring.export_ward import AS_OF, FILTERS, KEY, ExportWard, csv_table

JUDGED = [
    "confounded_by", "confounded_way", "confounded_why", "usable", "hours_since_steroid", "first_steroid_at",
    "hours_since_alignment", "baseline", "change", "change_percent",
]  # fmt: skip
NUMBERS = ["value", "value_low", "value_high", "reference_low", "reference_high", "hours_since_first"]
TABLES = ["patients", "labs", "treatments", "findings"]


def written(ward: ExportWard, folder: Path, how: str, **asked: Any) -> Path:
    wanted = Wanted(as_of=AS_OF, facts=True, **asked)
    write_export(ward.site.store, ward.site.catalog, wanted, folder, how)
    return folder


@pytest.fixture(scope="module", params=["identified", "pseudonymous", "filtered"])
def both(request: pytest.FixtureRequest, export_ward: ExportWard, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Parquet with judgements and of facts alone, asked for alike."""
    asked: dict[str, Any] = {
        "identified": {},
        "pseudonymous": {},
        "filtered": {"analytes": ("ferritin", "temperature"), "start": FILTERS["start"]},
    }[request.param]
    named = request.param == "identified"
    judged = export_ward.export(
        "parquet", identified=named, **({} if asked else {"start": None, "patients": ()}), **asked
    )
    asked = asked | ({} if named else {"key": KEY})
    return judged, written(export_ward, tmp_path_factory.mktemp("facts"), "parquet", **asked)


@pytest.mark.parametrize("name", TABLES)
def test_the_rows_are_those_of_the_export_with_judgements(both: tuple[Path, Path], name: str) -> None:
    judged, plain = (pq.read_table(folder / f"{name}.parquet") for folder in both)
    left = judged.drop_columns([column for column in JUDGED if column in judged.column_names]).to_pandas()
    pd.testing.assert_frame_equal(left, plain.to_pandas())


def test_nothing_judged_is_in_it(both: tuple[Path, Path], export_ward: ExportWard) -> None:
    _, plain = both
    assert sorted(path.stem for path in plain.glob("*.parquet")) == sorted(TABLES)
    told = layout(export_ward.site.catalog).asked(facts=True, versions=False)
    assert not {name for table in told.values() for name in table.names} & set(JUDGED)


@pytest.mark.sqlite  # a copy is a file; what a server's reader brings is held in tests/storage/test_facts.py
@pytest.mark.parametrize("how", ["csv", "parquet"])
def test_rows_with_and_without_a_number_for_their_words_are_written_the_same(
    export_ward: ExportWard, tmp_path: Path, how: str
) -> None:
    """The number is that of storage.kinds; whoever opens a store of before there was one has rows of both kinds."""
    with closing(copied(export_ward.site.store, tmp_path)) as store, crew() as pool:
        told = []
        for turn, without in enumerate(["FALSE", "ref % 2 = 0", "TRUE"]):
            with store.writing() as connection:
                connection.execute(text(f"UPDATE observation SET kind = NULL WHERE {without}"))
            for started in (None, pool):  # read here, and by other processes in their own way
                folder = tmp_path / f"{turn}{'' if started is None else ' apart'}"
                wanted = Wanted(as_of=AS_OF, facts=True, key=KEY)
                write_export(store, export_ward.site.catalog, wanted, folder, how, crew=started)
                told.append((folder / f"labs.{how}").read_bytes())
    assert len(told[0]) > 1000
    assert [one == told[0] for one in told] == [True] * 6


def copied(store: Store, folder: Path) -> Store:
    backup(store, folder / "copy.db")
    return open_store(f"sqlite:///{folder}/copy.db")


@pytest.mark.parametrize("asked", [{}, {"key": KEY}])
def test_the_csv_says_the_same_as_with_judgements(export_ward: ExportWard, tmp_path: Path, asked: Any) -> None:
    judged = export_ward.export("csv", identified=not asked, **({"start": None, "patients": ()} if asked else {}))
    folder = written(export_ward, tmp_path / "csv", "csv", **asked)
    assert re.search(r",\d+\.0,", (folder / "labs.csv").read_text(encoding="utf-8"))  # else a reader takes it for whole
    for name in TABLES:
        left = csv_table(judged, name).drop(columns=JUDGED, errors="ignore")
        right = csv_table(folder, name)
        numbers = [column for column in NUMBERS if column in left]
        for frame in (left, right):
            frame[numbers] = frame[numbers].apply(pd.to_numeric, errors="coerce")
        pd.testing.assert_frame_equal(left, right.astype(left.dtypes))


def test_reading_processes_bring_the_same_in_the_same_order(
    export_ward: ExportWard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = written(export_ward, tmp_path / "alone", "csv", key=KEY)
    monkeypatch.setattr(facts, "AT_ONCE", 1)  # four patients are then too many for one process, and two groups
    monkeypatch.setattr(facts, "TOGETHER", 2)
    shared = written(export_ward, tmp_path / "shared", "csv", key=KEY)
    for path in sorted(alone.iterdir()):
        assert path.read_bytes() == (shared / path.name).read_bytes(), path.name


def test_stdout_has_the_lines_of_the_file_whatever_is_read_together(
    export_ward: ExportWard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines_of_the_file = (written(export_ward, tmp_path / "file", "csv", key=KEY) / "labs.csv").read_bytes()
    store, catalog = export_ward.site.store, export_ward.site.catalog
    for at_once, together in ((128, 2000), (1, 2)):
        monkeypatch.setattr(facts, "AT_ONCE", at_once)
        monkeypatch.setattr(facts, "TOGETHER", together)
        out = BytesIO()
        write_labs(store, catalog, Wanted(as_of=AS_OF, facts=True, key=KEY), out)
        assert out.getvalue() == lines_of_the_file


def test_a_crew_leaves_a_core_to_who_began_it_until_it_is_asked_for_more_than_it_has() -> None:
    with crew() as started:
        assert len(started._processes) == max(size() - 1, 1)
        told = [started.submit(time.sleep, 0.2) for _ in range(2 * size())]
        assert len(started._processes) == size()
        assert [one.result() for one in told] == [None] * len(told)


def test_the_pieces_that_lines_are_joined_in_do_not_show(
    export_ward: ExportWard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = written(export_ward, tmp_path / "whole", "csv") / "labs.csv"
    monkeypatch.setattr(lines, "ROWS", 3)
    assert (written(export_ward, tmp_path / "pieces", "csv") / "labs.csv").read_bytes() == whole.read_bytes()


@pytest.mark.sqlite  # what puts the stores of tests on a server imports all of these itself
def test_a_reading_process_has_neither_pandas_nor_polars_nor_the_store_s_mapping() -> None:
    with crew() as started:
        loaded = set(started.submit(eval, "list(__import__('sys').modules)").result())
    assert "pyarrow" in loaded
    assert loaded.isdisjoint({"pandas", "polars", "sqlalchemy", "alembic", "pyarrow.dataset"})


def test_a_reading_process_that_was_killed_is_told_in_a_sentence(export_ward: ExportWard, tmp_path: Path) -> None:
    store, catalog = export_ward.site.store, export_ward.site.catalog
    with crew() as started:
        os.kill(started.submit(os.getpid).result(), signal.SIGKILL)
        with pytest.raises(reading.ExportError, match="ended from outside; start the export again"):
            write_export(store, catalog, Wanted(as_of=AS_OF, facts=True), tmp_path / "out", "csv", crew=started)


def test_an_export_that_was_killed_leaves_no_values_in_its_folder_for_what_passes(tmp_path: Path) -> None:
    folder = tmp_path / "passing"
    folder.mkdir()
    ended = subprocess.run(
        [sys.executable, "-m", "tests.monitoring.killed_export", str(folder)], stderr=subprocess.PIPE
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    deadline = time.monotonic() + 300
    while folder.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_formats_that_tell_judgements_refuse_in_one_sentence(export_ward: ExportWard, tmp_path: Path) -> None:
    with pytest.raises(reading.ExportError, match="csv or parquet; meds also tells"):
        written(export_ward, tmp_path / "meds", "meds")


def test_stdout_has_its_header_before_anything_is_read_and_then_every_part(export_ward: ExportWard) -> None:
    seen: list[bytes] = []

    class Pipe(BytesIO):
        def flush(self) -> None:
            seen.append(self.getvalue())

    for asked in ({"facts": True}, {}):
        seen.clear()
        out = Pipe()
        rows = write_labs(export_ward.site.store, export_ward.site.catalog, Wanted(as_of=AS_OF, **asked), out)
        assert seen[0].startswith(b"patient_id,analyte,value,")
        assert seen[0].count(b"\n") == 1
        assert out.getvalue().count(b"\n") == rows + 1 == 15  # of the 15 rows taken in one is a version of another
