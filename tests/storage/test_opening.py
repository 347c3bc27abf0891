from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from storage import schema
from storage.engine import Store, open_store, schema_state, upgrade
from storage.errors import StoreBehind, StoreDamaged, StoreNewer, StoreUnreachable
from tests.storage.facts import lab, tell

pytestmark = pytest.mark.usefixtures("made_anew")
PATIENCE = 300.0  # seconds: several new interpreters at once, on a machine that has much else to do


@pytest.mark.sqlite  # a server never makes its own, see below
def test_opening_a_store_makes_its_folder_and_its_tables(url: str, tmp_path: Path) -> None:
    assert schema_state(url)["state"] == "empty"
    assert not (tmp_path / "ward").exists()
    open_store(url).close()
    assert (tmp_path / "ward" / "maswatch.db").is_file()
    assert schema_state(url) == {"dialect": "sqlite", "at": schema.head(), "head": schema.head(), "state": "current"}


@pytest.mark.sqlite
def test_only_its_owner_may_enter_the_folder_that_is_made(store: Store, tmp_path: Path) -> None:
    assert (tmp_path / "ward").stat().st_mode & 0o077 == 0


def test_opening_twice_changes_nothing(store: Store, url: str) -> None:
    tell(store, lab(1, 12_000))
    second = open_store(url)
    assert tell(second, lab(1, 12_000)).unchanged == 1
    second.close()


@pytest.mark.sqlite
def test_sqlite_keeps_a_write_ahead_log_flushes_every_commit_and_waits_for_the_other_writer(store: Store) -> None:
    with store.reading() as connection:
        said = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "temp_store")
        }
    assert said == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30_000, "foreign_keys": 1, "temp_store": 2}


@pytest.mark.sqlite
def test_a_connection_keeps_many_pages_only_while_it_writes(store: Store) -> None:
    kept = []
    for opened in (store.reading, store.writing, store.reading):
        with opened() as connection:
            kept.append(connection.exec_driver_sql("PRAGMA cache_size").scalar())
    assert kept == [-4096, -65536, -4096]


def test_four_processes_that_start_together_all_open_the_new_store(url: str) -> None:
    program = f"from storage.engine import open_store; open_store({url!r}).close()"
    started = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", program], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [process.communicate(timeout=PATIENCE)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], said
    assert schema_state(url)["state"] == "current"


def test_a_store_of_a_newer_program_is_refused_in_one_sentence(any_url: str) -> None:
    url = any_url
    upgrade(url)
    _write(url, "UPDATE alembic_version SET version_num = '9999'")
    assert schema_state(url)["state"] == "newer"
    with pytest.raises(StoreNewer, match="newer maswatch: install") as refused:
        open_store(url)
    assert str(refused.value).count(".") == 1
    with pytest.raises(StoreNewer):
        upgrade(url)


@pytest.mark.sqlite
def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labs.db").write_bytes(b"patient_id,analyte,value\n" * 400)
    with pytest.raises(StoreDamaged, match="no store"):
        open_store(f"sqlite:///{tmp_path}/labs.db")


@pytest.mark.sqlite
def test_a_folder_that_cannot_be_made_is_said_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnreachable, match=str(tmp_path / "file")):
        open_store(f"sqlite:///{tmp_path}/file/maswatch.db")


@pytest.mark.parametrize("wrong", ["maswatch.db", "sqlite://", "sqlite:///:memory:", "mysql://ward/maswatch"])
def test_a_url_that_names_no_store_is_refused(wrong: str) -> None:
    with pytest.raises(StoreUnreachable, match="database URL"):
        open_store(wrong)


def test_a_server_that_does_not_answer_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable, match="does not answer"):
        open_store(f"postgresql+psycopg://ward:secret@/maswatch?host={tmp_path}")


@pytest.mark.postgresql
def test_a_server_store_is_never_migrated_on_opening(server_url: str) -> None:
    with pytest.raises(StoreBehind, match="maswatch db upgrade"):
        open_store(server_url)
    assert schema_state(server_url)["state"] == "empty"
    assert upgrade(server_url) == {
        "dialect": "postgresql", "at": schema.head(), "head": schema.head(), "state": "current",
    }  # fmt: skip
    open_store(server_url).close()


@pytest.mark.postgresql
def test_two_upgrades_of_one_server_at_once_both_succeed(server_url: str) -> None:
    program = f"from storage.engine import upgrade; print(upgrade({server_url!r})['state'])"
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate(timeout=PATIENCE) for process in started] == [("current\n", ""), ("current\n", "")]


def _write(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
