"""The reference of the settings: every key, what it may be, and what it means."""

from __future__ import annotations

from pathlib import Path

from monitoring.deploy.reference import keys, meanings, table
from tests.deploy.conftest import deploy


def test_every_key_has_a_meaning_and_every_meaning_a_key() -> None:
    paths = [key.path for key in keys()]
    assert sorted(paths) == sorted(meanings()), "mend monitoring/deploy/meanings.toml"
    assert len(paths) == len(set(paths))


def test_types_defaults_bounds_and_variables_are_those_of_the_settings() -> None:
    rows = {line.split("`")[1]: [cell.strip() for cell in line.split(" | ")] for line in table().splitlines()[2:]}
    assert rows["schedule.at"][1:4] == ["`MASWATCH_SCHEDULE__AT`", "list of text", '`["06:00", "18:00"]`']
    assert rows["schedule.tick_minutes"][2:4] == ["number, ≤ 60, > 0", "`5`"]
    assert rows["source.after"][2:4] == ['`"leave"` or `"move"`', '`"leave"`']
    assert rows["source.most_connections"][1:4] == ["`MASWATCH_SOURCE (JSON)`", "whole number, ≥ 1", "`64`"]
    assert rows["source.name"][2:4] == ["text", "required"]
    assert rows["raw.keep_days"][2:4] == ["number, ≥ 0", "`90`"]
    assert rows["sign_in.open"][2:4] == ["true or false", "`false`"]
    assert rows["site_catalog"][2:4] == ["path", "none"]


def test_the_command_prints_it_as_a_table(site: Path) -> None:
    told = deploy(site, "reference")
    assert told.exit_code == 0
    assert told.stdout == table()
    assert {line.count(" | ") for line in told.stdout.splitlines()} == {4}
