"""The first rows of an export to stdout, which two processes make before what reaches a store is loaded."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from monitoring.exporting import Wanted, write_labs
from monitoring.exports import beginnings
from monitoring.exports.beginnings import beginning
from monitoring.exports.foremost import foremost
from storage import merges
from storage.accesses import accesses
from tests.monitoring.export_ward import AS_OF, KEY, ExportWard

BY = ("command line", "export -")
pytestmark = pytest.mark.sqlite  # whose file is looked for before the program says where a store is


def rows(ward: ExportWard, wanted: Wanted, most: int, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The first of them and then the others."""
    store, catalog = ward.site.store, ward.site.catalog
    for name, size in (("FIRST", most), ("REPORTED", (most, 100_000))):
        monkeypatch.setattr(beginnings, name, size)
    read = beginning(store.url, catalog, wanted, BY)
    assert read
    out = BytesIO()
    out.writelines(foremost(read, catalog, wanted).pieces)
    write_labs(store, catalog, wanted, out, begun=True, told={*read.patients})
    return out.getvalue()


@pytest.mark.parametrize("key", [KEY, None])
@pytest.mark.parametrize(
    "asked",
    [{}, {"facts": True}, {"align": "steroid"}, {"align": "line:second"}, {"analytes": ("crp",)}, {"versions": True}],
    ids=str,
)
def test_the_first_and_the_others_are_all_rows(
    export_ward: ExportWard, asked: dict[str, Any], key: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Wanted(AS_OF, key=key, **asked)
    whole = BytesIO()
    write_labs(export_ward.site.store, export_ward.site.catalog, wanted, whole)
    header, _, told = whole.getvalue().partition(b"\n")
    assert header.startswith(b"patient_id,")
    for most in (20, 1):
        assert rows(export_ward, wanted, most, monkeypatch) == told


def test_who_is_told_is_noted_and_nobody_else(export_ward: ExportWard) -> None:
    site = export_ward.site
    before = len(accesses(site.store))
    assert beginning(site.store.url, site.catalog, Wanted(AS_OF, key=KEY, patients=("0071234",)), BY)
    assert accesses(site.store)[["who", "what", "patient_id"]].to_numpy().tolist()[0] == [*BY, "0071234"]
    for wanted in (
        Wanted(AS_OF, align="flag:ferritin_rising"),
        Wanted(AS_OF - timedelta(days=9000)),
        Wanted(AS_OF, patients=("nobody",)),
    ):
        assert beginning(site.store.url, site.catalog, wanted, BY) is None
    assert len(accesses(site.store)) == before + 1


def test_where_records_were_joined_the_ordinary_way_begins(export_ward: ExportWard) -> None:
    site = export_ward.new_site("joined")
    export_ward.take_in(site, _people(export_ward.folder / "two"))
    assert beginning(site.store.url, site.catalog, Wanted(AS_OF), BY)
    merges.say(site.store, "2", "1", at=AS_OF, by="Dr Weber", reason="one", source="hand", run_id="m")
    assert beginning(site.store.url, site.catalog, Wanted(AS_OF), BY) is None
    site.store.close()


def _people(folder: Path) -> Path:
    folder.mkdir()
    path = folder / "patients.csv"
    path.write_text("patient_id,sex\n1,female\n2,female\n", encoding="utf-8")
    return path


def test_what_reads_the_first_rows_loads_neither_pandas_nor_what_maps_tables() -> None:
    _loads("beginnings, flow; import storage.facts", {"pandas", "sqlalchemy"})


def test_what_makes_the_first_rows_loads_nothing_that_reaches_a_store() -> None:
    _loads("foremost", {"sqlalchemy", "sqlmodel", "pydantic", "monitoring.state"})


def _loads(names: str, heavy: set[str]) -> None:
    code = (
        "import sys; from monitoring.exports.crew import without_pandas\n"
        f"{'pandas' in heavy} and without_pandas()\n"
        f"from monitoring.exports import {names}\nprint({heavy} & {{*sys.modules}})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
