"""kill -9 at any moment of ingest, cycle, listener, export or upgrade: nothing lost or doubled, no history broken."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.terms import Catalog
from monitoring.verifying import verified
from storage.engine import open_store, upgrade
from tests.stories.faulted import moment
from tests.stories.homes import Home
from tests.stories.killing import CHOICES, RESULTS, Mother, Ward, answered


@pytest.fixture
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    """Files; with `--store postgresql` databases of a server, that runs on when its clients are killed."""
    asked = request.config.getoption("--store") == "postgresql"
    return Home(tmp_path, request.getfixturevalue("database_server") if asked else "")


def test_killed_again_and_again_it_loses_nothing_doubles_nothing_and_starts_clean(
    home: Home, forking: Mother, request: pytest.FixtureRequest
) -> None:
    wanted, catalog = request.config.getoption("--kills"), load_catalog()
    ward = Ward(home, forking, random.Random(request.config.getoption("--kill-seed")))
    home.made("ward")
    upgrade(ward.url)
    ward.unharmed("cycle")
    home.copied("ward", "old")
    home.as_first_released("old")
    for job in sorted(set(CHOICES) - {"cycle"}):
        ward.unharmed(job)
    while sum(ward.kills.values()) < wanted:
        ward.killed(ward.chance.choice(CHOICES))
    ward.unharmed("cycle")
    ward.unharmed("cycle")  # the files of the last killed one are found by the next, and by the one after nothing
    _nothing_lost_and_nothing_twice(ward)
    _history_follows_from_the_facts(ward, catalog)
    print(f"killed: {dict(ward.kills)}; {len(ward.told)} results of files, {len(answered(ward.answered))} messages")


def _nothing_lost_and_nothing_twice(ward: Ward) -> None:
    kept = dict(ward.home.rows("ward", RESULTS))
    assert {name: count for name, count in kept.items() if count != 1} == {}
    of_files = {name for name in kept if name[:2] in ("D-", "I-")}
    assert of_files == ward.told
    names = {name for (name,) in ward.home.rows("ward", "SELECT name FROM delivery WHERE source = 'lis'")}
    assert {f"C{number}" for number in answered(ward.answered)} <= names
    assert ward.home.rows("ward", "SELECT count(*) FROM delivery_waiting") == [(0,)]
    assert ward.home.rows("ward", "SELECT count(*) FROM set_aside") == [(0,)]
    assert len(kept) - len(of_files) == 3 * len(names)  # three results a message


def _history_follows_from_the_facts(ward: Ward, catalog: Catalog) -> None:
    with closing(open_store(ward.url)) as store:
        told = verified(store, catalog, last=None, now=moment(ward.step))
    assert told.differing.to_dict("records") == []
    assert told.changes > 0
