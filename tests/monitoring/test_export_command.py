"""`maswatch export` on the command line."""

from __future__ import annotations

import json

import pytest

from monitoring.commands.exporting import FORMATS
from monitoring.profiles import profiles
from tests.monitoring.command_line import CommandLine


def test_the_formats_offered_are_those_that_there_are() -> None:
    assert set(FORMATS) == set(profiles())


def test_a_folder_is_written_and_written_again(small_ward: CommandLine) -> None:
    out = small_ward.folder / "out"
    first = small_ward.run("export", out, "--format", "parquet", "--patient", "P2")
    assert first.code == 0
    assert "1 patients, 1 labs" in first.err
    again = small_ward.run("export", out, "--format", "csv", "--align", "steroid", "--grid", 6, "--carry", 48)
    assert "1 patients, 5 labs" in again.err
    assert not list(out.glob("*.parquet"))
    told = json.loads((out / "about.json").read_text(encoding="utf-8"))
    assert (told["profile"], told["filters"]["grid_hours"], told["filters"]["carry_forward_hours"]) == ("csv", 6, 48)


def test_a_site_says_how_far_apart_the_points_of_the_panel_are(small_ward: CommandLine) -> None:
    (small_ward.folder / "own.toml").write_text("[settings]\nexport_grid_hours = 8.0\n", encoding="utf-8")
    config, out = f'site_catalog = "{small_ward.folder / "own.toml"}"\n', small_ward.folder / "out"
    for given, expected in ((None, (12, 24)), (config, (8, 24))):
        assert small_ward.run("export", out, "--facts", config=given).code == 0
        told = json.loads((out / "about.json").read_text(encoding="utf-8"))["filters"]
        assert (told["grid_hours"], told["carry_forward_hours"]) == expected


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-", "--format", "parquet"], "name a folder"),
        (["out", "--from", "2026-06-02T00:00Z", "--to", "2026-06-01T00:00Z"], "--from lies after --to"),
        (["out", "--grid", "0"], "--grid"),
        (["taken", "--format", "csv"], "no earlier export"),
        (["taken/mine.txt"], "is a file"),
    ],
)
def test_wrong_use_is_one_sentence(small_ward: CommandLine, arguments: list[str], sentence: str) -> None:
    (small_ward.folder / "taken").mkdir()
    (small_ward.folder / "taken" / "mine.txt").write_text("mine", encoding="utf-8")
    printed = small_ward.run("export", *arguments)
    assert printed.code == 2
    assert sentence in printed.err
    assert "Traceback" not in printed.err
