"""`maswatch map`, `maswatch deliveries` and what `maswatch doctor` sees of sources, codes and feeds."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from storage.engine import open_store
from storage.marks import marks_of
from tests.monitoring.command_line import CommandLine
from tests.monitoring.intake_fixture import lab

CONFIG = '[[source]]\nname = "lis"\nkind = "csv"\npath = "in"\nsettle_seconds = 0\n'


@pytest.fixture
def lis(maswatch: CommandLine) -> CommandLine:
    """A site with one drop folder that gave one result under a code of its own."""
    (maswatch.folder / "in").mkdir()
    (maswatch.folder / "in" / "labs.csv").write_text(lab("700", analyte="QX1"))
    maswatch.told("ingest", maswatch.folder / "in", config=CONFIG)
    return maswatch


def states(told: list[dict[str, str]], what: str) -> list[tuple[str, str]]:
    return [(row["state"], row["sentence"]) for row in told if row["checked"] == what]


def test_map_reads_what_waits_lists_what_counts_and_takes_back(lis: CommandLine) -> None:
    assert lis.told("map", config=CONFIG) == []
    told = lis.told("map", "lis", "QX1", "ferritin", "--by", "Dr Weber", config=CONFIG)
    assert (told["new"], told["set_aside"]) == (1, 0)
    (row,) = lis.told("map", config=CONFIG)
    assert (row["source"], row["code"], row["analyte"], row["by"]) == ("lis", "QX1", "ferritin", "Dr Weber")
    told = lis.told("map", "lis", "QX1", "--undo", "--by", "Dr Weber", config=CONFIG)
    assert told["withdrawn"] == 1
    assert lis.told("map", config=CONFIG) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("lis",), "maswatch map SOURCE CODE ANALYTE"),
        (("lis", "QX1"), "maswatch map SOURCE CODE ANALYTE"),
        (("lis", "QX1", "ferritin", "--undo", "--by", "W"), "maswatch map SOURCE CODE ANALYTE"),
        (("lis", "QX1", "ferritin"), "who says so"),
        (("lis", "QX1", "zonulin", "--by", "W"), "'zonulin' is no analyte of the catalog"),
        (("lis", "QX1", "--undo", "--by", "W"), "nothing to take back"),
    ],
)
def test_a_slip_of_map_is_one_sentence(maswatch: CommandLine, asked: tuple[str, ...], said: str) -> None:
    printed = maswatch.run("map", *asked)
    assert printed.code == 2
    assert said in printed.err
    assert "Traceback" not in printed.err


def test_the_file_of_the_site_is_listed_and_a_slip_in_it_is_said(maswatch: CommandLine) -> None:
    (maswatch.folder / "codes.toml").write_text('[[map]]\nsource = "*"\ncode = "QX1"\nanalyte = "ferritin"\n')
    (row,) = maswatch.told("map", config='site_map = "codes.toml"\n')
    assert (row["source"], row["by"], row["at"]) == ("*", "site file", None)
    (maswatch.folder / "codes.toml").write_text("[[map]]\n")
    printed = maswatch.run("map", config='site_map = "codes.toml"\n')
    assert printed.code == 2
    assert "codes.toml, [map 1], source: is missing" in printed.err


def test_deliveries_are_listed_shown_and_read_again(lis: CommandLine) -> None:
    (row,) = lis.told("deliveries", "list", config=CONFIG)
    assert (row["source"], row["name"], row["kept"]) == ("lis", "labs.csv", True)
    shown = lis.run("deliveries", "show", row["id"][:8], config=CONFIG)
    assert shown.out == lab("700", analyte="QX1")
    again = lis.told("deliveries", "read-again", row["id"][:8], config=CONFIG)
    assert (again["read"], again["set_aside"], again["new"]) == (1, 1, 0)
    printed = lis.run("deliveries", "show", "zz", config=CONFIG)
    assert (printed.code, "no delivery begins with 'zz'" in printed.err) == (2, True)


def test_what_was_read_is_let_go_after_its_days_at_the_end_of_a_cycle(lis: CommandLine) -> None:
    config = CONFIG + "[raw]\nkeep_days = 0\n"
    lis.told("schedule", "--once", config=config)
    (row,) = lis.told("deliveries", "list", config=config)
    assert (row["kept"], row["read_at"] is not None) == (False, True)
    for command in (("show",), ("read-again",)):
        printed = lis.run("deliveries", *command, row["id"], config=config)
        assert (printed.code, "let go after its time" in printed.err) == (2, True)


def test_a_folder_that_was_looked_at_is_marked_as_heard_and_one_that_is_gone_as_failed(lis: CommandLine) -> None:
    lis.told("schedule", "--once", config=CONFIG)
    store = open_store(f"sqlite:///{lis.folder / 'site' / 'maswatch.db'}")
    try:
        assert marks_of(store, "lis")["failed"] == ""
        (lis.folder / "in").rename(lis.folder / "away")
        lis.run("schedule", "--once", config=CONFIG)
        assert "does not exist" in marks_of(store, "lis")["failed"]
    finally:
        store.close()


def test_doctor_says_what_a_folder_holds_and_which_codes_nobody_knows(lis: CommandLine) -> None:
    told = lis.told("doctor", config=CONFIG)
    ((state, sentence),) = states(told, "sources")
    assert (state, "holds 1 file, the newest written" in sentence) == ("ok", True)
    assert states(told, "site map") == [
        ("look here", "lis: nobody has said what these codes mean: QX1 (1); `maswatch map` does.")
    ]
    assert states(told, "feeds") == [
        ("look here", "lis: never heard. It answers, and has sent nothing yet.")
    ]  # what is set aside adds no fact


def test_doctor_goes_on_to_the_other_sources_when_one_cannot_be_looked_at(lis: CommandLine) -> None:
    gone = CONFIG.replace("lis", "poct").replace('"in"', '"nowhere"')
    first, second = states(lis.told("doctor", config=gone + CONFIG), "sources")
    assert (first[0], "nowhere does not exist; make it" in first[1]) == ("wrong", True)
    assert second[0] == "ok"


def test_doctor_says_whether_an_address_is_free(maswatch: CommandLine, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = f'[[source]]\nname = "lis"\nkind = "hl7"\nlisten = "127.0.0.1:{port}"\n'
        first = states(maswatch.told("doctor", config=config), "sources")
    second = states(maswatch.told("doctor", config=config), "sources")
    assert first[0] == ("ok", first[0][1])
    assert f"Something already listens at 127.0.0.1:{port}" in first[0][1]
    assert f"127.0.0.1:{port} is free" in second[0][1]
    assert "Without TLS" in second[1][1]
