"""Answering a flag on the command line: `maswatch ack` and `maswatch snooze`, and taking either back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.cli import cli
from monitoring.ending import ended
from tests.monitoring.command_line import CommandLine, fresh, logging_as_before
from tests.monitoring.small_ward import fill

RISE = ("P1", "ferritin_rising")  # urgent: 900 -> 24,000 ug/L in two days
SAYS = ("--by", "Dr A", "--reason", "repeat sample sent")
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds the small ward."""
    folder = tmp_path_factory.mktemp("taken")
    with logging_as_before():
        assert ended(cli, ["--data-dir", str(folder), "ingest", str(fill(folder / "in"))]) == 0
    return folder / "maswatch.db"


@pytest.fixture
def ward(
    taken_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CommandLine]:
    """The command in a data folder that holds the small ward."""
    fresh(tmp_path, monkeypatch)
    (tmp_path / "site").mkdir()
    shutil.copy(taken_in, tmp_path / "site")
    with logging_as_before():
        yield CommandLine(tmp_path, capsys)


def rising(ward: CommandLine, *asked: object) -> Any:
    return next(flag for flag in ward.told("flags", *asked) if flag["flag"] == "ferritin_rising")


def moment(text: str) -> datetime:
    told = datetime.fromisoformat(text)
    assert told.utcoffset() is not None
    return told


def test_an_acknowledgement_can_be_taken_back_and_both_stay_visible(ward: CommandLine) -> None:
    assert ward.run("ack", *RISE, *SAYS).code == 0
    seen = rising(ward)["acknowledged"]
    assert (seen["by"], seen["reason"]) == ("Dr A", "repeat sample sent")
    undone = ward.run("ack", *RISE, "--undo", "--by", "Dr B")
    assert (undone.code, undone.out) == (0, "")
    assert "taken back by Dr B" in undone.err
    flag = rising(ward)
    assert flag["acknowledged"] is None
    (over,) = flag["answers_ended"]
    assert (over["answer"], over["by"], over["why"]) == ("acknowledged", "Dr A", "taken back by Dr B")
    assert moment(over["ended_at"]) > moment(over["at"]) == moment(seen["at"])
    assert rising(ward, "--as-of", seen["at"])["acknowledged"] == seen
    assert ward.run("ack", *RISE, *SAYS).code == 0
    assert rising(ward)["acknowledged"]["by"] == "Dr A"


def test_what_was_never_said_cannot_be_taken_back(ward: CommandLine) -> None:
    for command, answer in (("ack", "acknowledged"), ("snooze", "snoozed")):
        refused = ward.run(command, *RISE, "--undo", "--by", "Dr B")
        assert refused.code == 2
        assert f"ferritin_rising of P1 is not {answer}" in refused.err


def test_a_snoozed_flag_stays_active_and_listed_until_its_time(ward: CommandLine) -> None:
    assert ward.run("snooze", *RISE, *SAYS, "--hours", "2").code == 0
    flag = rising(ward)
    assert (flag["state"], flag["acknowledged"], flag["answers_ended"]) == ("active", None, [])
    asleep = flag["snoozed"]
    assert list(asleep) == ["by", "reason", "at", "until"]
    assert moment(asleep["until"]) - moment(asleep["at"]) == timedelta(hours=2)
    just_before = (moment(asleep["until"]) - SECOND).isoformat()
    assert rising(ward, "--as-of", just_before)["snoozed"] == asleep
    over = rising(ward, "--as-of", asleep["until"])
    assert over["snoozed"] is None
    assert [ended["why"] for ended in over["answers_ended"]] == ["its time was over"]


def test_a_snooze_ends_at_the_ward_time_that_is_named(ward: CommandLine) -> None:
    until = (datetime.now().astimezone() + timedelta(hours=3)).replace(microsecond=0)
    assert ward.run("snooze", *RISE, *SAYS, "--until", until.isoformat()).code == 0
    assert moment(rising(ward)["snoozed"]["until"]) == until


def test_a_snooze_can_be_taken_back(ward: CommandLine) -> None:
    ward.run("snooze", *RISE, *SAYS, "--hours", "2")
    assert ward.run("snooze", *RISE, "--undo", "--by", "Dr B", "--reason", "sample came").code == 0
    flag = rising(ward)
    assert flag["snoozed"] is None
    assert [ended["why"] for ended in flag["answers_ended"]] == ["taken back by Dr B"]


def test_an_urgent_flag_is_snoozed_for_four_hours_at_most(ward: CommandLine) -> None:
    for hours in ("4.01", "nan"):
        refused = ward.run("snooze", *RISE, *SAYS, "--hours", hours)
        assert refused.code == 2, hours
        assert "Traceback" not in refused.err
    assert rising(ward)["snoozed"] is None
    assert ward.run("snooze", *RISE, *SAYS, "--hours", "4").code == 0


def test_how_long_a_flag_may_be_snoozed_is_the_sites_to_set(ward: CommandLine) -> None:
    (ward.folder / "site.toml").write_text("[settings]\nsnooze_urgent_longest_hours = 1\n")
    config = f'site_catalog = "{ward.folder}/site.toml"\n'
    refused = ward.run("snooze", *RISE, *SAYS, "--hours", "2", config=config)
    assert refused.code == 2
    assert "A flag of severity urgent can be snoozed for at most 1 h at a time." in refused.err
    assert ward.run("snooze", *RISE, *SAYS, "--hours", "1", config=config).code == 0


def test_a_snooze_without_an_end_a_name_or_a_reason_is_refused(ward: CommandLine) -> None:
    wrong: list[tuple[str, ...]] = [
        (*SAYS,),
        (*SAYS, "--hours", "1", "--until", "2026-11-22T14:00"),
        (*SAYS, "--until", "two o'clock"),
        (*SAYS, "--until", "2026-06-03T14:00"),
        ("--by", "Dr A", "--hours", "1"),
        ("--by", " ", "--reason", "x", "--hours", "1"),
        ("--reason", "x", "--hours", "1"),
        ("--by", "Dr A", "--undo", "--hours", "1"),
    ]
    for arguments in wrong:
        refused = ward.run("snooze", *RISE, *arguments)
        assert (refused.code, refused.out) == (2, ""), arguments
        assert "Traceback" not in refused.err
    assert rising(ward)["snoozed"] is None


def test_only_an_active_flag_can_be_answered(ward: CommandLine) -> None:
    for arguments in (("ack",), ("snooze", "--hours", "1")):
        refused = ward.run(arguments[0], "P2", "ferritin_rising", *SAYS, *arguments[1:])
        assert refused.code == 2
        assert "Patient P2 has no active flag ferritin_rising" in refused.err


def test_the_table_says_who_answered_and_until_when_and_what_ended_it(ward: CommandLine) -> None:
    ward.run("ack", *RISE, *SAYS)
    ward.run("snooze", *RISE, *SAYS, "--hours", "2")
    table = ward.run("flags", "--patient", "P1").out
    line = next(line for line in table.splitlines() if "ferritin_rising" in line)
    assert line.count("Dr A: repeat sample sent") == 2
    until = moment(rising(ward)["snoozed"]["until"])
    assert f"{until:%Y-%m-%d %H:%M}" in line
    ward.run("ack", *RISE, "--undo", "--by", "Dr B")
    assert "ended: taken back by Dr B" in ward.run("flags", "--patient", "P1").out


def test_a_cycle_after_an_answer_changes_nothing_about_it(ward: CommandLine) -> None:
    ward.run("ack", *RISE, *SAYS)
    before = rising(ward)
    assert ward.run("schedule", "--once").code == 0
    assert rising(ward) == before
