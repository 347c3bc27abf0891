"""An export of nobody, and of somebody of whom nothing is known but the number."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.exporting import Wanted, exported, write_parts
from monitoring.exports.about import About
from monitoring.exports.tables import Frames
from monitoring.profiles import profiles
from tests.monitoring.export_ward import AS_OF, KEY, ExportWard


@pytest.fixture(scope="session", params=["nobody", "a bare number"])
def parts(request: pytest.FixtureRequest, export_ward: ExportWard) -> list[Frames]:
    site = export_ward.new_site(request.param)
    if request.param != "nobody":
        path = export_ward.folder / "bare" / "patients.csv"
        path.parent.mkdir()
        path.write_text("patient_id,sex\n4711,\n", encoding="utf-8")
        export_ward.take_in(site, path)
    told = list(exported(site.store, site.catalog, Wanted(as_of=AS_OF, key=KEY, versions=True)))
    site.store.close()
    return told


@pytest.mark.parametrize("how", sorted(profiles()))
def test_every_format_is_written(export_ward: ExportWard, parts: list[Frames], how: str, tmp_path: Path) -> None:
    wanted = Wanted(as_of=AS_OF, key=KEY, versions=True)
    rows = write_parts(parts, tmp_path, About(wanted, export_ward.site.catalog, how))
    assert sum(rows.values()) <= 20  # the person, the line, and the scores of which nothing is known
    assert (tmp_path / "datapackage.json").exists()
    assert (tmp_path / "about.json").exists()
