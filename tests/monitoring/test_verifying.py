"""What is stored is whole and follows from the facts, or it is said what does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitoring import in_force
from monitoring.catalog import load_catalog
from monitoring.cycle import run_cycle
from monitoring.terms import Catalog
from monitoring.verifying import Verified, verified
from storage.deliveries import Sent, keep
from storage.engine import Store, open_store
from storage.integrity import Fault, ahead, damage, row_faults
from tests.monitoring.command_line import CommandLine
from tests.monitoring.small_ward import NOON, HandClock, drop, fill, site_settings
from tests.storage.facts import lab, tell

pytestmark = pytest.mark.sqlite  # what is broken here by hand is broken in SQL of the one kind
LATER = NOON + timedelta(hours=48)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog) -> bytes:
    """The file of a store after two cycles: a rise is raised in the first, and labs are overdue by the second."""
    folder = tmp_path_factory.mktemp("judged")
    settings = site_settings(folder, drop("drop", fill(folder / "inbox")))
    with closing(open_store(f"sqlite:///{folder}/ward.db")) as opened:
        for at in (NOON, LATER):
            run_cycle(settings, opened, catalog, clock=HandClock(at))
    return (folder / "ward.db").read_bytes()


@pytest.fixture
def store(tmp_path: Path, judged: bytes) -> Iterator[Store]:
    (tmp_path / "ward.db").write_bytes(judged)
    with closing(open_store(f"sqlite:///{tmp_path}/ward.db")) as opened:
        yield opened


def change(store: Store, statement: str) -> None:
    with store.writing() as connection:
        assert connection.exec_driver_sql(statement).rowcount > 0


def looked(store: Store, catalog: Catalog, last: int | None = None) -> Verified:
    return verified(store, catalog, last=last, now=LATER)


def test_a_store_that_nobody_touched_is_whole_and_says_what_its_facts_say(store: Store, catalog: Catalog) -> None:
    told = looked(store, catalog)
    assert told.moments == 2
    assert told.changes >= 2
    assert told.differing.empty
    assert (damage(store, deep=True), row_faults(store), ahead(store, now=LATER)) == ("", [], [])


def test_only_the_last_moments_are_looked_at_when_asked_so(store: Store, catalog: Catalog) -> None:
    assert looked(store, catalog, last=1).moments == 1


def test_a_flag_that_was_removed_is_missed(store: Store, catalog: Catalog) -> None:
    change(store, "DELETE FROM flag_change WHERE flag = 'ferritin_rising'")
    told = looked(store, catalog).differing
    assert told[["patient_id", "flag", "seq"]].to_numpy().tolist() == [["P1", "ferritin_rising", 0]]
    assert told["found"].unique().tolist() == ["judged and not written"]


def test_a_flag_that_somebody_made_up_or_changed_is_found(store: Store, catalog: Catalog) -> None:
    columns = (
        "change, severity, began_at, changed_at, recorded_at, rule_version, sentence, reason, evidence, confounders"
    )
    change(
        store,
        f"INSERT INTO flag_change (patient_id, flag, seq, {columns}, run_id) SELECT 'P2', flag, 0, {columns}, run_id "
        "FROM flag_change WHERE flag = 'ferritin_rising'",
    )
    change(store, "UPDATE flag_change SET severity = 'info' WHERE patient_id = 'P1' AND flag = 'ferritin_extreme'")
    told = looked(store, catalog).differing
    found = {(row.patient_id, row.flag): row.found for row in told.itertuples()}
    assert found == {
        ("P2", "ferritin_rising"): "written and not judged", ("P1", "ferritin_extreme"): "judged otherwise"
    }  # fmt: skip


def test_a_fact_that_was_changed_unmakes_what_was_said_of_it(store: Store, catalog: Catalog) -> None:
    change(store, "UPDATE observation SET value = 80 WHERE patient_id = 'P1'")
    found = looked(store, catalog).differing
    assert "ferritin_rising" in set(found.loc[found["found"].eq("written and not judged"), "flag"])


def test_what_another_version_of_a_rule_said_is_counted_and_left_alone(store: Store, catalog: Catalog) -> None:
    change(store, "UPDATE flag_change SET rule_version = '0', severity = 'info' WHERE flag = 'ferritin_rising'")
    told = looked(store, catalog)
    assert (told.other_version, len(told.differing)) == (1, 0)


def test_what_a_newer_catalog_would_have_said_of_moments_before_it_judged_is_no_difference(
    store: Store, catalog: Catalog
) -> None:
    change(store, "DELETE FROM flag_change WHERE flag = 'ferritin_rising'")
    newer = replace(catalog, version="newer")
    assert looked(store, newer).differing.empty
    in_force.note(store, newer, now=LATER)
    assert looked(store, newer).differing["recorded_at"].tolist() == [LATER]  # unsaid still when it judged itself


def test_what_another_catalog_said_and_this_one_would_not_is_counted_and_no_difference(
    store: Store, catalog: Catalog
) -> None:
    """A rule may be as it was and another beside it changed, so that both together say something else."""
    change(store, "UPDATE flag_change SET severity = 'info' WHERE flag = 'ferritin_rising'")
    change(store, "UPDATE flag_change SET flag = 'fibrinogen_low' WHERE flag = 'ferritin_extreme'")
    assert set(looked(store, catalog).differing["flag"]) >= {"ferritin_rising", "fibrinogen_low"}
    newer = replace(catalog, version="newer")
    told = looked(store, newer)
    assert (told.other_catalog, told.other_version, len(told.differing)) == (2, 0, 0)


def test_a_store_that_notes_no_catalog_tells_it_by_the_last_word_of_another_rule(
    store: Store, catalog: Catalog
) -> None:
    change(store, "DELETE FROM mark WHERE source = '(catalog)'")
    change(store, "DELETE FROM flag_change WHERE flag = 'ferritin_rising'")
    assert len(looked(store, catalog).differing) == 1
    change(store, "UPDATE flag_change SET rule_version = '0'")
    assert looked(store, catalog).differing.empty


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("UPDATE flag_change SET seq = 5 WHERE flag = 'ferritin_rising'", "flag_change: numbers with gaps"),
        ("UPDATE flag_change SET change = 'cleared' WHERE flag = 'ferritin_rising'", "flag_change: a change that"),
        ("UPDATE observation SET version = 2 WHERE source_id = 'L1'", "observation: versions with gaps"),
        ("UPDATE observation SET unit = 'mol/L' WHERE source_id = 'L1'", "observation: words that are not those of"),
        ("UPDATE observation SET kind = 7 WHERE source_id = 'L1'", "observation: words that are not those of"),
        ("DELETE FROM patient WHERE patient_id = 'P2'", "observation: patients that nothing is known of"),
        ("UPDATE delivery_reading SET id = 'x' WHERE id = (SELECT min(id) FROM delivery)", "delivery_reading: of a"),
        ("UPDATE delivery SET source = 'other' WHERE id = (SELECT min(id) FROM delivery)", "delivery: bytes that are"),
    ],
)
def test_rows_that_do_not_keep_what_they_promise_are_counted(store: Store, broken: str, said: str) -> None:
    change(store, broken)
    assert [fault.count for fault in row_faults(store) if fault.what.startswith(said)] == [1]


def test_what_carries_a_time_to_come_is_counted(store: Store) -> None:
    keep(store, "lab", [Sent("late.csv", b"x")], at=LATER + timedelta(days=1))
    assert ahead(store, now=LATER) == [Fault("delivery", 1)]
    assert ahead(store, now=LATER + timedelta(days=1)) == []


def test_the_command_says_it_in_lines_and_fails_when_asked_to(maswatch: CommandLine, judged: bytes) -> None:
    (maswatch.folder / "site").mkdir()
    (maswatch.folder / "site" / "maswatch.db").write_bytes(judged)
    with closing(open_store(f"sqlite:///{maswatch.folder}/site/maswatch.db")) as opened:
        change(opened, "UPDATE flag_change SET severity = 'info' WHERE flag = 'ferritin_rising'")
    printed = maswatch.run("verify", "--strict")
    assert printed.code == 1
    assert "P1, ferritin_rising number 0" in printed.out
    deep = maswatch.told("doctor", "--deep")
    assert [one["checked"] for one in deep if one["state"] == "wrong" and "ferritin_rising" in one["sentence"]]


@pytest.mark.parametrize("command", [("doctor",), ("verify",), ("serve", "--port", "0")])
def test_a_page_that_went_bad_is_found_and_said_in_a_sentence_with_the_way_out(
    maswatch: CommandLine, command: tuple[str, ...]
) -> None:
    place = maswatch.folder / "site" / "maswatch.db"
    with closing(open_store(f"sqlite:///{place}")) as opened:
        tell(opened, *(lab(n, n, patient=f"P{n}") for n in range(1, 1500)))
    content = bytearray(place.read_bytes())
    content[-3 * 8192 : -8192] = b"\x5a" * (2 * 8192)  # the last leaves, far from what is read on opening
    place.write_bytes(content)
    printed = maswatch.run(*command)
    assert f"The store's file {place} is damaged: stop maswatch" in printed.out + printed.err
    assert "maswatch restore FILE --overwrite" in printed.out + printed.err
    assert "Traceback" not in printed.out + printed.err
