"""kill -9 at any moment of ingest, cycle, listener, export or upgrade: nothing lost or doubled, no history broken."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command

from monitoring.catalog import load_catalog
from monitoring.terms import Catalog
from monitoring.verifying import verified
from storage import schema
from storage.engine import Store, open_store
from tests.stories.faulted import moment
from tests.stories.killing import CHOICES, Mother, Ward, answered, results

pytestmark = pytest.mark.sqlite


def test_killed_again_and_again_it_loses_nothing_doubles_nothing_and_starts_clean(
    tmp_path: Path, forking: Mother, request: pytest.FixtureRequest
) -> None:
    wanted, catalog = request.config.getoption("--kills"), load_catalog()
    ward = Ward(tmp_path, forking, random.Random(20_261_122))
    ward.unharmed("cycle")
    with closing(open_store(ward.url)) as store:
        _as_first_released(store, tmp_path / "old.db")
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
    kept = dict(results(ward.folder / "ward.db"))
    assert {name: count for name, count in kept.items() if count != 1} == {}
    of_files = {name for name in kept if name[:2] in ("D-", "I-")}
    assert of_files == ward.told
    with closing(sqlite3.connect(ward.folder / "ward.db")) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM delivery WHERE source = 'lis'")}
        read = connection.execute("SELECT count(*) FROM delivery_waiting").fetchone()
        aside = connection.execute("SELECT count(*) FROM set_aside").fetchone()
    assert {f"C{number}" for number in answered(ward.answered)} <= names
    assert (read, aside) == ((0,), (0,))
    assert len(kept) - len(of_files) == 3 * len(names)  # three results a message


def _history_follows_from_the_facts(ward: Ward, catalog: Catalog) -> None:
    with closing(open_store(ward.url)) as store:
        told = verified(store, catalog, last=None, now=moment(ward.step))
    assert told.differing.to_dict("records") == []
    assert told.changes > 0


def _as_first_released(store: Store, path: Path) -> None:
    """A copy of the store with the tables of the first release."""
    copy = f"sqlite:///{path}"
    with store.reading() as connection:
        source = connection.connection.dbapi_connection
        with closing(sqlite3.connect(path)) as target:
            source.backup(target)  # type: ignore[union-attr]
    with closing(open_store(copy)) as opened:
        with opened.writing() as connection:
            config = schema._config()
            config.attributes["connection"] = connection
            command.downgrade(config, "0001")
        with opened.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
