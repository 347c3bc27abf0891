"""The `maswatch` command: what it prints, what it exits with, and that it never shows a traceback."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from monitoring.cli import COMMANDS, cli
from monitoring.commands.site import Asked
from monitoring.ending import ended
from storage.engine import open_store
from tests.monitoring.command_line import CommandLine
from tests.monitoring.small_ward import FACTS, fill
from tests.storage.test_upgrading import downgraded
from tests.stores import removed

INGESTED = ["run_id", "read", "new", "unchanged", "corrected", "set_aside", "seconds", "assessed"]


def without_traceback(text: str) -> bool:
    return "Traceback" not in text and 'File "' not in text


def test_every_command_is_listed_and_says_what_it_does(maswatch: CommandLine) -> None:
    listed = maswatch.run("--help").out
    for name in COMMANDS:
        assert f"  {name} " in listed
        assert cli.get_command(click.Context(cli), name).name == name  # type: ignore[union-attr]
        assert maswatch.run(name, "--help").code == 0


def test_taking_in_twice_adds_nothing_and_json_stands_alone_on_stdout(maswatch: CommandLine) -> None:
    folder = fill(maswatch.folder / "in")
    first = maswatch.told("ingest", folder)
    assert list(first) == INGESTED
    assert (first["new"], first["set_aside"], first["assessed"]) == (FACTS, 1, 2)
    again = maswatch.told("ingest", folder)
    assert (again["new"], again["unchanged"], again["corrected"], again["set_aside"]) == (0, FACTS, 0, 1)
    assert again["read"] == again["new"] + again["unchanged"] + again["corrected"] + again["set_aside"]


def test_strict_fails_when_something_had_to_be_set_aside(maswatch: CommandLine) -> None:
    folder = fill(maswatch.folder / "in")
    assert maswatch.run("ingest", folder, "--strict").code == 1
    assert maswatch.run("ingest", folder / "patients.csv", "--strict").code == 0


def test_files_in_the_folder_of_a_source_are_that_sources(maswatch: CommandLine) -> None:
    fill(maswatch.folder / "in")
    config = '[[source]]\nname = "lab"\nkind = "csv"\npath = "in"\nsettle_seconds = 0\n'
    assert maswatch.told("schedule", "--once", config=config)["lab"]["new"] == FACTS
    assert maswatch.told("ingest", maswatch.folder / "in", config=config)["new"] == 0


def test_flags_response_lines_and_patients_have_their_shapes(small_ward: CommandLine) -> None:
    flags = small_ward.told("flags")
    assert list(flags[0]) == [
        "patient_id", "flag", "severity", "state", "began_at", "raised_at", "cleared_at", "retracted_at",
        "rule_version", "sentence", "evidence", "confounders", "acknowledged", "snoozed", "answers_ended", "reason",
    ]  # fmt: skip
    rising = next(flag for flag in flags if flag["flag"] == "ferritin_rising")
    assert (rising["patient_id"], rising["state"], rising["acknowledged"]) == ("P1", "active", None)
    assert datetime.fromisoformat(rising["raised_at"]).utcoffset() is not None
    assert rising["evidence"]
    (course,) = small_ward.told("response")
    assert list(course) == ["patient_id", "t0", "drug", "windows"]
    assert (course["t0"], course["drug"]) == ("2026-06-01T10:00:00+02:00", "methylprednisolone")
    assert [window["hours"] for window in course["windows"]] == [24, 48, 72]
    lines = {line["patient_id"]: line for line in small_ward.told("lines", "--as-of", "2099-01-01")}
    assert list(lines["P1"]) == ["patient_id", "line", "label", "drugs", "since", "hours_on_line"]
    assert (lines["P2"]["line"], lines["P2"]["drugs"], lines["P2"]["since"]) == ("none", [], None)
    patients = {row["patient_id"]: row for row in small_ward.told("patients")}
    assert (patients["P1"]["weight_kg"], patients["P2"]["flags"]) == (30.0, [])
    assert patients["P1"]["newest_at"] == "2026-06-03T08:00:00+02:00"


def test_one_patient_may_be_asked_for(small_ward: CommandLine) -> None:
    assert {row["patient_id"] for row in small_ward.told("patients", "--patient", "P2")} == {"P2"}
    assert small_ward.told("flags", "--patient", "P2") == []
    assert small_ward.told("flags", "--patient", "nobody") == []


def test_of_who_is_not_known_an_empty_list_is_not_all_that_is_said(small_ward: CommandLine) -> None:
    for command in ("patients", "flags", "response", "lines", "scores"):
        printed = small_ward.run(command, "--patient", "P22", "--format", "json")
        assert (printed.code, printed.out.strip()) == (0, "[]")
        assert "Nobody is known by that number" in printed.err
        assert "Nobody" not in small_ward.run(command, "--patient", "P2", "--format", "json").err


def test_before_anything_was_taken_in_nothing_was_known(maswatch: CommandLine) -> None:
    for command in ("patients", "flags", "response", "lines", "scores"):
        assert maswatch.told(command) == []
    assert maswatch.run("flags").out == "(none)\n"
    maswatch.told("ingest", fill(maswatch.folder / "in"))
    assert maswatch.told("patients", "--as-of", "2026-06-03T12:00+02:00") == []
    assert maswatch.told("patients", "--as-of", "2026-06-03") == []


def test_tables_and_csv_have_the_same_rows(small_ward: CommandLine) -> None:
    count = len(small_ward.told("flags"))
    csv = small_ward.run("flags", "--format", "csv").out.splitlines()
    assert (csv[0].split(",")[0:3], len(csv)) == (["patient_id", "flag", "severity"], count + 1)
    assert len(small_ward.run("flags").out.splitlines()) == count + 2
    assert "ferritin_rising" in small_ward.run("patients").out
    assert "insufficient_data" in small_ward.run("response").out


def test_a_flag_is_acknowledged_by_a_person_for_a_reason(small_ward: CommandLine) -> None:
    assert small_ward.run("ack", "P1", "ferritin_rising", "--by", "Dr A", "--reason", "anakinra ordered").code == 0
    rising = next(flag for flag in small_ward.told("flags") if flag["flag"] == "ferritin_rising")
    assert (rising["acknowledged"]["by"], rising["acknowledged"]["reason"]) == ("Dr A", "anakinra ordered")
    unknown = small_ward.run("ack", "P2", "ferritin_rising", "--by", "Dr A", "--reason", "x")
    assert unknown.code == 2
    assert "Patient P2 has no active flag ferritin_rising" in unknown.err
    assert small_ward.run("ack", "P1", "ferritin_rising", "--by", " ", "--reason", "x").code == 2


def test_what_was_set_aside_is_listed_shown_and_read_again(small_ward: CommandLine) -> None:
    (row,) = small_ward.told("set-aside", "list")
    assert list(row) == ["id", "source", "origin", "reason", "sentence", "raw"]
    assert (row["reason"], row["raw"]) == ("unknown_analyte", "P2,unheard-of,1,U/L,2026-06-03T06:00Z,L7")
    assert small_ward.told("set-aside", "list", "--grouped")[0]["count"] == 1
    assert small_ward.told("set-aside", "show", row["id"][:6])["patient_id"] == "P2"
    assert small_ward.told("set-aside", "retry")["set_aside"] == 1
    assert small_ward.run("set-aside", "show", "zzz").code == 2


def test_one_cycle_prints_an_object_a_source_and_how_many_were_judged(maswatch: CommandLine) -> None:
    fill(maswatch.folder / "in")
    config = (
        '[[source]]\nname = "gone"\nkind = "csv"\npath = "nowhere"\n'
        '[[source]]\nname = "lab"\nkind = "csv"\npath = "in"\nsettle_seconds = 0\n'
    )
    printed = maswatch.run("schedule", "--once", "--format", "json", config=config)
    assert printed.code == 0
    assert set(printed.told) == {"gone", "lab", "assessed"}
    assert (printed.told["lab"]["new"], printed.told["assessed"]) == (FACTS, 2)
    assert printed.told["gone"]["error"] in printed.err
    assert maswatch.run("schedule", "--once", "--strict", config=config).code == 1
    assert "gone" in maswatch.run("doctor", config=config).out


def test_recorded_courses_are_judged_as_at_the_time(maswatch: CommandLine) -> None:
    folder, out = fill(maswatch.folder / "in"), maswatch.folder / "out"
    assert maswatch.run("replay", folder, "--out", out, "--every", "12h").code == 0
    flags = (out / "flags.csv").read_text(encoding="utf-8").splitlines()
    assert flags[0] == "patient_id,flag,severity,raised_at,cleared_at"
    raised = next(line for line in flags if line.startswith("P1,ferritin_rising")).split(",")[3]
    assert datetime.fromisoformat(raised) <= datetime(2026, 6, 2, 6, tzinfo=UTC)
    responses = (out / "responses.csv").read_text(encoding="utf-8").splitlines()
    assert responses[0] == "patient_id,t0,hours,verdict,assessed_at"
    assert not (maswatch.folder / "site" / "maswatch.db").exists()
    assert maswatch.run("replay", folder, "--out", out, "--every", "soon").code == 2


def test_the_same_seed_simulates_the_same_ward(maswatch: CommandLine) -> None:
    for name in ("one", "two"):
        arguments = ["simulate", maswatch.folder / name, "--patients", 3, "--days", 2, "--seed", 7]
        assert maswatch.run(*arguments).code == 0
    names = {file.name for file in (maswatch.folder / "one").iterdir()}
    assert {"labs.csv", "patients.csv", "treatments.csv", "truth.csv"} <= names
    for name in names:
        assert (maswatch.folder / "one" / name).read_bytes() == (maswatch.folder / "two" / name).read_bytes()


def test_a_simulated_ward_begins_on_the_day_asked_for(maswatch: CommandLine) -> None:
    folder = maswatch.folder / "dated"
    arguments = ["simulate", folder, "--patients", 2, "--days", 2, "--seed", 7]
    assert maswatch.run(*arguments, "--start", "2025-11-30").code == 0
    first = (folder / "labs.csv").read_text(encoding="utf-8").splitlines()[1]
    assert ",2025-11-30T06:" in first
    assert maswatch.run(*arguments, "--start", "yesterday").code == 2


def test_labs_are_exported_to_stdout_without_names(small_ward: CommandLine) -> None:
    lines = small_ward.run("export", "-").out.splitlines()
    assert lines[0].startswith("patient_id,analyte,value,")
    assert len(lines) == 7
    assert not any(line.startswith(("P1,", "P2,")) for line in lines)
    named = small_ward.run("export", "-", "--identified", "--patient", "P2", "--analyte", "ferritin").out.splitlines()
    assert [line.split(",")[:3] for line in named[1:]] == [["P2", "ferritin", "80.0"]]
    assert small_ward.run("export", "-", "--analyte", "unheard-of").code == 2


def test_a_backup_brings_back_what_was_there(small_ward: CommandLine) -> None:
    copy = small_ward.folder / "copy.db"
    assert small_ward.run("backup", copy).code == 0
    assert small_ward.run("backup", copy).code == 2
    removed(small_ward.folder / "site" / "maswatch.db")
    assert small_ward.run("restore", copy).code == 0
    assert len(small_ward.told("patients")) == 2


@pytest.mark.sqlite  # a server has a database before it has tables, and tests/storage looks at that
def test_the_schema_is_told_and_brought_up_to_date(maswatch: CommandLine) -> None:
    assert maswatch.told("db", "status")["state"] == "empty"
    first = maswatch.run("db", "upgrade")
    assert (first.code, "minutes" in first.err) == (0, False)
    assert maswatch.told("db", "status")["state"] == "current"
    downgraded(open_store(f"sqlite:///{maswatch.folder}/site/maswatch.db"), "0012")
    assert "From 0012 to " in maswatch.run("db", "upgrade").err


def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(maswatch: CommandLine) -> None:
    told = maswatch.told("doctor", config='[[source]]\nname = "lab"\nkind = "csv"\npath = "nowhere"\n')
    wrong = {row["checked"]: row["sentence"] for row in told if row["state"] == "wrong"}
    assert "make it, or mend its path" in wrong["sources"]
    assert "never ran to its end; start `maswatch serve`" not in wrong.get("sources", "")
    maswatch.run("db", "upgrade")
    told = maswatch.told("doctor")
    assert any("`maswatch serve`" in row["sentence"] for row in told if row["checked"] == "cycle")
    assert maswatch.run("doctor", "--strict").code == 1


@pytest.mark.parametrize(
    ("arguments", "config", "said"),
    [
        (["flags", "--as-of", "yesterday"], None, "'yesterday' is no time"),
        (["ingest", "nowhere"], None, "no such file or folder"),
        (["ingest"], None, "PATH"),
        (["flagz"], None, "flagz"),
        (["flags", "--format", "xml"], None, "xml"),
        (["flags"], '[ward]\ntimezone = "Mars"\n', "environment"),
        (["flags"], '[schedule]\nat = ["25:00"]\n', "schedule.at.0: '25:00' is no time of day"),
        (["schedule", "--once"], '[[source]]\nname = "x"\nkind = "pigeon"\n', "pigeon"),
        (["flags"], 'site_catalog = "nowhere.toml"\n', "nowhere.toml"),
        (["restore", "nowhere.db"], None, "There is no backup at nowhere.db"),
        (["serve", "--host", "no.such.host.invalid"], None, "no address of this machine"),
    ],
)
def test_wrong_use_ends_with_two_and_a_sentence(
    maswatch: CommandLine,
    arguments: list[str],
    config: str | None,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MASWATCH_WARD__TIMEZONE", "Mars" if said == "environment" else "UTC")
    printed = maswatch.run(*arguments, config=config)
    assert (printed.code, printed.out) == (2, "")
    assert said in printed.err
    assert without_traceback(printed.err)


@pytest.mark.sqlite  # a file of something else
def test_a_store_that_is_no_store_is_said_in_a_sentence(maswatch: CommandLine) -> None:
    (maswatch.folder / "site").mkdir()
    (maswatch.folder / "site" / "maswatch.db").write_text("not a store, " * 100, encoding="utf-8")
    printed = maswatch.run("flags")
    assert printed.code == 2
    assert "damaged or is no store" in printed.err
    assert printed.err.count("\n") == 1


def test_what_nobody_foresaw_is_one_sentence_without_values_and_a_place_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "Anna Schmidt, ferritin 24000"

    @click.command()
    def breaks() -> None:
        raise ValueError(words)

    def run(debug: bool) -> tuple[int, str]:
        breaks.context_settings = {"obj": Asked(None, tmp_path, None, debug)}
        return ended(breaks, []), capsys.readouterr().err

    code, said = run(debug=False)
    log = (tmp_path / "log" / "maswatch.log").read_text(encoding="utf-8")
    assert code == 2
    assert said.startswith("Something unforeseen went wrong (ValueError)")
    assert "in breaks" in log
    assert "Schmidt" not in said + log
    assert "Anna Schmidt" in run(debug=True)[1]


def test_an_interrupted_command_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def waits() -> None:
        raise KeyboardInterrupt

    assert ended(waits, []) == 130
    assert capsys.readouterr() == ("", "")


def test_a_time_without_an_offset_is_ward_time(small_ward: CommandLine) -> None:
    received = datetime.now(UTC)
    berlin = (received + timedelta(hours=3)).replace(tzinfo=None).isoformat()  # ahead of UTC by one or two hours
    assert small_ward.told("patients", "--as-of", berlin)
    earlier = (received - timedelta(hours=1)).replace(tzinfo=None).isoformat()
    assert small_ward.told("patients", "--as-of", earlier) == []
