"""Several processes judge a large ward: they say what one says, nobody waits for them, one that fails is replaced."""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing import active_children
from pathlib import Path
from threading import Event, Thread

import pandas as pd
import pytest

from monitoring.judges import Judges
from monitoring.settings_parts import Schedule
from monitoring.state import Judged, judge_and_record, judged
from storage import merges, queries
from storage.tables import METADATA
from tests.monitoring.intake_fixture import Site, site

RISE = (900, 2100, 5200, 12400, 24000)
PATIENTS = [f"P{number}" for number in range(1, 7)]
HEAD = "patient_id,analyte,value,unit,collected_at"
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
PATIENCE = 120.0


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Six patients whose ferritin has risen for four days."""
    drawn = [NOW - timedelta(days=4 - day, hours=1) for day in range(len(RISE))]
    rows = [
        f"{patient},Ferritin,{value},ng/mL,{at:%Y-%m-%dT%H:%MZ}"
        for patient in PATIENTS
        for at, value in zip(drawn, RISE, strict=True)
    ]
    with site(tmp_path_factory.mktemp("judges")) as opened:
        opened.takes("\n".join([HEAD, *rows]))
        yield opened


@pytest.fixture(scope="module")
def judges(ward: Site) -> Iterator[Judges]:
    """Two processes, of which the other is ready: a new interpreter, since there is another thread."""
    done = Event()
    Thread(target=done.wait, daemon=True).start()
    with Judges(ward.store, ward.catalog, Schedule(judges=2, judges_from=4)) as made:
        made.begin(ward.now)
        assert say(ward, made).count == 6  # who begins to be started is not waited for
        made.begin(ward.now)  # they are there
        assert made.ready(within=PATIENCE)
        yield made
    done.set()


def say(ward: Site, by: Judges | None = None, patients: list[str] | None = None) -> Judged:
    return (by.judged if by else judged)(ward.store, ward.catalog, as_of=ward.now, run_id="r", patients=patients)


def same(one: Judged, other: Judged) -> None:
    assert one.count == other.count
    pd.testing.assert_frame_equal(one.changes, other.changes)


def test_two_processes_say_what_one_says_also_of_records_that_were_joined(ward: Site, judges: Judges) -> None:
    alone = say(ward)
    raised = alone.changes[alone.changes["flag"].eq("ferritin_rising")]
    assert raised["patient_id"].tolist() == PATIENTS
    same(say(ward, judges, PATIENTS), alone)
    count = judge_and_record(ward.store, ward.catalog, as_of=ward.now, run_id="r", judge=judges.judged)
    assert count == 6
    assert len(queries.flag_changes(ward.store, as_of=ward.now)) == len(alone.changes)
    ward.now += timedelta(hours=1)
    merges.say(ward.store, "P1", "P6", at=ward.now, by="A", reason="one child", source="", run_id="m")
    joined = say(ward)
    assert joined.count == 5
    assert "P1" in joined.changes["patient_id"].tolist()  # what was said under the old name ends
    same(say(ward, judges, PATIENTS), joined)


def differing(one: Judged, other: Judged) -> set[str]:
    """Patients of whom the two would not write down the same."""
    one_by_one = (each.changes.groupby("patient_id") for each in (one, other))
    told = [{name: rows.to_csv(index=False) for name, rows in rows_of} for rows_of in one_by_one]
    return {str(name) for name in {*told[0], *told[1]} if told[0].get(name) != told[1].get(name)}


def test_who_judges_again_reads_of_a_patient_only_when_something_is_new(ward: Site, judges: Judges) -> None:
    """Known by what changed and was never told: it is not seen."""
    same(say(ward, judges), say(ward))
    alone, table = say(ward), METADATA.tables["observation"]
    mine, theirs = (part[0] for part in judges._parts(PATIENTS[1:]))
    among = table.c.patient_id.in_([mine, theirs])
    with ward.store.writing() as connection:
        connection.execute(table.update().where(among).values(value=table.c.value / 64))
    assert differing(say(ward), alone) == {mine, theirs}
    same(say(ward, judges), alone)
    with ward.store.writing() as connection:
        connection.execute(table.update().where(among).values(value=table.c.value * 64))
    ward.takes("\n".join([HEAD, *(f"{name},Ferritin,800,ng/mL,{NOW:%Y-%m-%dT%H:%MZ}" for name in (mine, theirs))]))
    told = say(ward)
    assert {mine, theirs} <= differing(told, alone)
    same(say(ward, judges), told)


def test_a_patient_stays_with_the_process_that_has_its_rows_while_parts_are_about_even(ward: Site) -> None:
    names = [f"P{number:03d}" for number in range(100)]
    with Judges(ward.store, ward.catalog, Schedule(judges=4)) as made:
        first = made._parts(names)
        assert first == [names[:25], names[25:50], names[50:75], names[75:]]
        assert made._parts(names[1:]) == [names[1:25], *first[1:]]
        assert made._parts([*names, "P100"]) == [*first[:3], [*names[75:], "P100"]]
        assert [*map(len, made._parts(names[30:]))] == [17, 18, 17, 18]


def test_a_process_that_judges_outlives_a_stop_meant_for_all_and_ends_with_who_started_it(
    ward: Site, judges: Judges, caplog: pytest.LogCaptureFixture
) -> None:
    [other], alone = active_children(), say(ward)
    assert other.pid
    os.kill(other.pid, signal.SIGTERM)
    same(say(ward, judges), alone)
    assert other.is_alive()
    os.kill(other.pid, signal.SIGKILL)
    with caplog.at_level(logging.WARNING):
        same(say(ward, judges), alone)
    assert ["this one judges its part" in line for line in caplog.messages] == [True]
    assert active_children() == []
    same(say(ward, judges), alone)
    assert len(active_children()) == 1  # the next is being started
    judges.close()
    assert active_children() == []


def test_that_processes_are_lost_is_said_once_however_many_parts_they_had(
    ward: Site, caplog: pytest.LogCaptureFixture
) -> None:
    before, done = active_children(), Event()
    Thread(target=done.wait, daemon=True).start()
    with Judges(ward.store, ward.catalog, Schedule(judges=3, judges_from=4)) as made:
        made.begin(ward.now)
        assert made.ready(within=PATIENCE)
        started = [child.pid for child in active_children() if child not in before and child.pid]
        assert len(started) == 2
        for process in started:
            os.kill(process, signal.SIGSTOP)  # it is asked, and dies before it can answer
        asked = [made._asked(other, ward.now, "r", [PATIENTS[0]]) for other in made._others]
        for process in started:
            os.kill(process, signal.SIGKILL)
        with caplog.at_level(logging.WARNING):
            assert [made._answer(one) for one in asked] == [None, None]
    done.set()
    assert ["judges its part" in line for line in caplog.messages] == [True]


def test_a_process_without_threads_has_copies_that_judge_its_first_cycle_and_one_with_threads_has_none(
    ward: Site,
) -> None:
    url, now = ward.store.url, ward.now.isoformat()
    warned = ["-W", "always::DeprecationWarning:multiprocessing.popen_fork"]  # of copies made beside threads
    command = [sys.executable, *warned, "-m", "tests.monitoring.judging_alone", url, now]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    told = {"copies": 1, "worked": True, "left": 0, "beside_a_thread": 0, "same": True}
    assert (json.loads(done.stdout), done.stderr) == (told, "")


@pytest.mark.parametrize(("enough", "copies"), [(4, 1), (7, 0)])
def test_a_first_import_by_one_command_is_judged_by_copies_made_once_it_is_known_how_many_they_are(
    tmp_path: Path, enough: int, copies: int
) -> None:
    config, labs = tmp_path / "maswatch.toml", tmp_path / "labs.csv"
    config.write_text(f'data_dir = "data"\n[schedule]\njudges = 2\njudges_from = {enough}\n')
    rows = [f"{patient},Ferritin,900,ng/mL,2026-02-01T06:00Z" for patient in PATIENTS]
    labs.write_text("\n".join([HEAD, *rows]))
    command = [sys.executable, "-m", "tests.monitoring.judging_first", str(config), str(labs)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert json.loads(done.stdout) == {"before": 0, "copies": copies, "left": 0, "assessed": 6}


def test_judging_leaves_pythons_collector_as_it_was(ward: Site) -> None:
    say(ward)
    assert gc.isenabled()
    gc.disable()
    try:
        say(ward)
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("settings", [Schedule(judges=2, judges_from=7), Schedule(judges=1, judges_from=1)])
def test_a_small_ward_and_who_wants_one_process_have_one(ward: Site, settings: Schedule) -> None:
    before = active_children()
    with Judges(ward.store, ward.catalog, settings) as one:
        one.begin(ward.now)
        assert say(ward, one).count == queries.patients(ward.store, as_of=ward.now).shape[0]
        assert active_children() == before
        assert not one.ready(within=0)
