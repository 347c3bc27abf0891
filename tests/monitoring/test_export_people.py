"""Who may ask for names, who is in an export when identifiers were merged, and courses whose years are made up."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from monitoring.analysis.course import known
from monitoring.exporting import Wanted, write_export
from monitoring.replaying import recorded
from monitoring.whole_course import told
from tests.monitoring.clif_ward import tables
from tests.monitoring.command_line import CommandLine
from tests.monitoring.export_ward import AS_OF, ExportWard
from tests.monitoring.small_ward import LATER

MEASURED = ["patient_id", "analyte", "value", "comparator", "unit", "collected_at"]


def test_names_are_for_the_owner_of_the_data_folder(small_ward: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = (small_ward.folder / "site").stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    refused = small_ward.run("export", small_ward.folder / "named", "--identified", "--facts")
    assert (refused.code, (small_ward.folder / "named").exists()) == (2, False)
    assert "--identified is for the owner of" in refused.err
    assert small_ward.run("export", small_ward.folder / "nobody", "--facts").code == 0
    monkeypatch.setattr(os, "getuid", lambda: owner)
    assert small_ward.run("export", small_ward.folder / "named", "--identified", "--facts").code == 0
    assert "P1" in (small_ward.folder / "named" / "labs.csv").read_text(encoding="utf-8")


def test_a_report_is_drawn_of_an_export_and_of_a_saved_cohort(small_ward: CommandLine) -> None:
    place, file = small_ward.folder, small_ward.folder / "all.toml"
    file.write_text('[cohort]\nname = "all"\nversion = "1"\ntitle = "All of us"\n[where]\nsex = ["male", "female"]\n')
    assert small_ward.run("cohort", "save", file).code == 0
    assert small_ward.run("export", place / "out", "--format", "parquet").code == 0
    for source, title in ((place / "out", "Report on out"), ("all@1", "All of us")):
        printed = small_ward.run("report", source, "--out", place / "told.html")
        assert (printed.code, "Written: " in printed.err) == (0, True), printed.err
        assert title in (place / "told.html").read_text(encoding="utf-8")
    for source, out in (("nobody@9", place / "told.html"), (place / "out", place)):
        printed = small_ward.run("report", source, "--out", out)
        assert (printed.code, printed.err.count("Traceback")) == (2, 0)


def test_facts_of_a_merged_patient_are_those_of_whom_they_are_read_under(small_ward: CommandLine) -> None:
    (small_ward.folder / "later.csv").write_text(LATER, encoding="utf-8")
    assert small_ward.run("ingest", small_ward.folder / "later.csv").code == 0
    said = small_ward.run("merge", "P2", "P1", "--by", "Dr Abel", "--reason", "one child, two numbers")
    assert said.code == 0, said.err
    labs = {}
    for name, asked in {"judged": [], "facts": ["--facts"]}.items():
        out = small_ward.folder / name
        assert small_ward.run("export", out, "--identified", "--format", "parquet", *asked).code == 0
        labs[name] = pq.read_table(out / "labs.parquet").select(MEASURED).to_pylist()
        assert pq.read_table(out / "patients.parquet")["patient_id"].to_pylist() == ["P1"]
    assert labs["facts"] == labs["judged"]
    told = [(row["patient_id"], row["value"]) for row in labs["facts"]]
    assert told[:4] == [("P1", 900), ("P1", 2100), ("P1", 5200), ("P1", 12400)]
    assert told[5:] == [("P1", 85)]  # between them one of the two values that both had at one moment


def test_an_export_of_a_database_in_made_up_years_is_read_again(tmp_path: Path) -> None:
    ward = ExportWard(tmp_path)
    for name, frame in tables().items():
        (tmp_path / "icu").mkdir(exist_ok=True)
        frame.to_parquet(tmp_path / "icu" / f"clif_{name}.parquet", index=False)
    ward.take_in(ward.site, tmp_path / "icu")
    write_export(ward.site.store, ward.site.catalog, Wanted(as_of=AS_OF, facts=True), tmp_path / "csv", "csv")
    here = known(told(ward.site.store, as_of=AS_OF), as_of=AS_OF).observations  # of one draw the value told last
    for path in (tmp_path / "csv").glob("*.json"):
        path.unlink()  # of the export, and no facts
    course, counts = recorded(tmp_path / "csv", ward.site.catalog, ward.site.settings, now=AS_OF)
    ward.site.store.close()
    assert counts["set_aside"] == 0
    there = course.observations
    assert set(there["collected_at"].dt.year) == {2153}
    left, right = (frame[MEASURED].sort_values(MEASURED, ignore_index=True) for frame in (here, there))
    pd.testing.assert_frame_equal(left, right)
