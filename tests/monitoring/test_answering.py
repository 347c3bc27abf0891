"""Answering a flag on the command line: `maswatch ack` and `maswatch snooze`, and taking either back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.monitoring.command_line import CommandLine

RISE = ("P1", "ferritin_rising")  # urgent: 900 -> 24,000 ug/L in two days
SAYS = ("--by", "Dr A", "--reason", "repeat sample sent")
SECOND = timedelta(seconds=1)


def rising(small_ward: CommandLine, *asked: object) -> Any:
    return next(flag for flag in small_ward.told("flags", *asked) if flag["flag"] == "ferritin_rising")


def moment(text: str) -> datetime:
    told = datetime.fromisoformat(text)
    assert told.utcoffset() is not None
    return told


def test_an_acknowledgement_can_be_taken_back_and_both_stay_visible(small_ward: CommandLine) -> None:
    assert small_ward.run("ack", *RISE, *SAYS).code == 0
    seen = rising(small_ward)["acknowledged"]
    assert (seen["by"], seen["reason"]) == ("Dr A", "repeat sample sent")
    undone = small_ward.run("ack", *RISE, "--undo", "--by", "Dr B")
    assert (undone.code, undone.out) == (0, "")
    assert "taken back by Dr B" in undone.err
    flag = rising(small_ward)
    assert flag["acknowledged"] is None
    (over,) = flag["answers_ended"]
    assert (over["answer"], over["by"], over["why"]) == ("acknowledged", "Dr A", "taken back by Dr B")
    assert moment(over["ended_at"]) > moment(over["at"]) == moment(seen["at"])
    assert rising(small_ward, "--as-of", seen["at"])["acknowledged"] == seen
    assert small_ward.run("ack", *RISE, *SAYS).code == 0
    assert rising(small_ward)["acknowledged"]["by"] == "Dr A"


def test_what_was_never_said_cannot_be_taken_back(small_ward: CommandLine) -> None:
    for command, answer in (("ack", "acknowledged"), ("snooze", "snoozed")):
        refused = small_ward.run(command, *RISE, "--undo", "--by", "Dr B")
        assert refused.code == 2
        assert f"ferritin_rising of P1 is not {answer}" in refused.err


def test_a_snoozed_flag_stays_active_and_listed_until_its_time(small_ward: CommandLine) -> None:
    assert small_ward.run("snooze", *RISE, *SAYS, "--hours", "2").code == 0
    flag = rising(small_ward)
    assert (flag["state"], flag["acknowledged"], flag["answers_ended"]) == ("active", None, [])
    asleep = flag["snoozed"]
    assert list(asleep) == ["by", "reason", "at", "until"]
    assert moment(asleep["until"]) - moment(asleep["at"]) == timedelta(hours=2)
    just_before = (moment(asleep["until"]) - SECOND).isoformat()
    assert rising(small_ward, "--as-of", just_before)["snoozed"] == asleep
    over = rising(small_ward, "--as-of", asleep["until"])
    assert over["snoozed"] is None
    assert [ended["why"] for ended in over["answers_ended"]] == ["its time was over"]


def test_a_snooze_ends_at_the_ward_time_that_is_named(small_ward: CommandLine) -> None:
    until = (datetime.now().astimezone() + timedelta(hours=3)).replace(microsecond=0)
    assert small_ward.run("snooze", *RISE, *SAYS, "--until", until.isoformat()).code == 0
    assert moment(rising(small_ward)["snoozed"]["until"]) == until


def test_a_snooze_can_be_taken_back(small_ward: CommandLine) -> None:
    small_ward.run("snooze", *RISE, *SAYS, "--hours", "2")
    assert small_ward.run("snooze", *RISE, "--undo", "--by", "Dr B", "--reason", "sample came").code == 0
    flag = rising(small_ward)
    assert flag["snoozed"] is None
    assert [ended["why"] for ended in flag["answers_ended"]] == ["taken back by Dr B"]


def test_an_urgent_flag_is_snoozed_for_four_hours_at_most(small_ward: CommandLine) -> None:
    for hours in ("4.01", "nan"):
        refused = small_ward.run("snooze", *RISE, *SAYS, "--hours", hours)
        assert refused.code == 2, hours
        assert "Traceback" not in refused.err
    assert rising(small_ward)["snoozed"] is None
    assert small_ward.run("snooze", *RISE, *SAYS, "--hours", "4").code == 0


def test_how_long_a_flag_may_be_snoozed_is_the_sites_to_set(small_ward: CommandLine) -> None:
    (small_ward.folder / "site.toml").write_text("[settings]\nsnooze_urgent_longest_hours = 1\n")
    config = f'site_catalog = "{small_ward.folder}/site.toml"\n'
    refused = small_ward.run("snooze", *RISE, *SAYS, "--hours", "2", config=config)
    assert refused.code == 2
    assert "A flag of severity urgent can be snoozed for at most 1 h at a time." in refused.err
    assert small_ward.run("snooze", *RISE, *SAYS, "--hours", "1", config=config).code == 0


def test_a_snooze_without_an_end_a_name_or_a_reason_is_refused(small_ward: CommandLine) -> None:
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
        refused = small_ward.run("snooze", *RISE, *arguments)
        assert (refused.code, refused.out) == (2, ""), arguments
        assert "Traceback" not in refused.err
    assert rising(small_ward)["snoozed"] is None


def test_only_an_active_flag_can_be_answered(small_ward: CommandLine) -> None:
    for arguments in (("ack",), ("snooze", "--hours", "1")):
        refused = small_ward.run(arguments[0], "P2", "ferritin_rising", *SAYS, *arguments[1:])
        assert refused.code == 2
        assert "Patient P2 has no active flag ferritin_rising" in refused.err


def test_the_table_says_who_answered_and_until_when_and_what_ended_it(small_ward: CommandLine) -> None:
    small_ward.run("ack", *RISE, *SAYS)
    small_ward.run("snooze", *RISE, *SAYS, "--hours", "2")
    table = small_ward.run("flags", "--patient", "P1").out
    line = next(line for line in table.splitlines() if "ferritin_rising" in line)
    assert line.count("Dr A: repeat sample sent") == 2
    until = moment(rising(small_ward)["snoozed"]["until"])
    assert f"{until:%Y-%m-%d %H:%M}" in line
    small_ward.run("ack", *RISE, "--undo", "--by", "Dr B")
    assert "ended: taken back by Dr B" in small_ward.run("flags", "--patient", "P1").out


def test_a_cycle_after_an_answer_changes_nothing_about_it(small_ward: CommandLine) -> None:
    small_ward.run("ack", *RISE, *SAYS)
    before = rising(small_ward)
    assert small_ward.run("schedule", "--once").code == 0
    assert rising(small_ward) == before
