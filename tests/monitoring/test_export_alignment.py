"""Courses laid over each other at a moment: hour 0, the value before it, and what changed since."""

from __future__ import annotations

import pandas as pd
import pytest

from monitoring.catalog import load_catalog
from monitoring.errors import ExportError
from monitoring.exports.wanted import checked
from tests.monitoring.export_ward import PEOPLE, ExportWard

CHILD = PEOPLE[0]


def ferritin(ward: ExportWard, align: str) -> pd.DataFrame:
    """Of the child, by hours: 900 at 06:00 of June 1, 2200 at 16:00, a bound a day later, 24000 on June 3, 06:00."""
    labs = pd.read_parquet(ward.export("parquet", identified=True, versions=False, align=align) / "labs.parquet")
    own = labs[labs["patient_id"].eq(CHILD) & labs["analyte"].eq("ferritin")]
    return own.sort_values("collected_at", ignore_index=True)


def told(frame: pd.DataFrame, column: str) -> list[float | None]:
    return [None if pd.isna(value) else float(value) for value in frame[column]]


def test_at_the_steroid_the_baseline_is_the_value_before_it_and_a_bound_has_no_change(export_ward: ExportWard) -> None:
    rows = ferritin(export_ward, "steroid")  # 08:00 of June 1
    assert told(rows, "hours_since_alignment") == [-2.0, 8.0, 22.0, 46.0]
    assert told(rows, "baseline") == [900.0] * 4
    assert told(rows, "change") == [0.0, 1300.0, None, 23100.0]
    assert told(rows, "change_percent") == [0.0, 144.44, None, 2566.67]  # 1300 / 900, 23100 / 900


def test_at_a_line_hour_0_is_its_first_dose(export_ward: ExportWard) -> None:
    rows = ferritin(export_ward, "line:second")  # anakinra, 08:00 of June 3
    assert told(rows, "hours_since_alignment") == [-50.0, -40.0, -26.0, -2.0]
    assert told(rows, "baseline") == [24000.0] * 4


def test_at_the_admission_nothing_before_it_is_no_baseline(export_ward: ExportWard) -> None:
    rows = ferritin(export_ward, "admission")  # 10:15 of May 31
    assert told(rows, "hours_since_alignment") == [19.75, 29.75, 43.75, 67.75]
    assert told(rows, "baseline") == [None] * 4
    assert told(rows, "change") == [None] * 4


def test_at_a_flag_hour_0_is_where_it_began_and_who_never_had_it_is_left_out(export_ward: ExportWard) -> None:
    flags = pd.read_parquet(export_ward.export("parquet", identified=True, versions=False) / "flags.parquet")
    flag, began = flags.loc[flags["patient_id"].eq(CHILD) & flags["state"].ne("retracted"), ["flag", "began_at"]].iloc[
        0
    ]
    folder = export_ward.export("parquet", identified=True, versions=False, align=f"flag:{flag}")
    labs = pd.read_parquet(folder / "labs.parquet")
    values = labs[labs["patient_id"].eq(CHILD)]
    since = (values["collected_at"] - began).dt.total_seconds() / 3600
    assert (since.round(2) == values["hours_since_alignment"]).all()
    assert set(labs["patient_id"]) == set(flags.loc[flags["flag"].eq(flag), "patient_id"])


def test_the_panel_has_its_hour_0_there_too(export_ward: ExportWard) -> None:
    folder = export_ward.export("parquet", identified=True, versions=False, align="line:second")
    panel = pd.read_parquet(folder / "panel.parquet")
    zero = panel.loc[panel["grid_hours"].eq(0), ["patient_id", "at"]]
    assert zero.to_numpy().tolist() == [[CHILD, pd.Timestamp("2026-06-03T08:00Z")]]


@pytest.mark.parametrize(
    ("asked", "kept"), [("line:2", "line:second"), ("line:refractory", "line:refractory"), ("", "")]
)
def test_lines_go_by_number_or_name(asked: str, kept: str) -> None:
    assert checked(asked, load_catalog()) == kept


@pytest.mark.parametrize("asked", ["birthday", "line:0", "line:none", "line:", "line:9", "flag:nothing", "flag:"])
def test_what_is_no_moment_is_refused_in_one_sentence(asked: str) -> None:
    with pytest.raises(ExportError, match="is nothing to align on"):
        checked(asked, load_catalog())
