from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pandas as pd
import pytest

from storage import queries
from storage.backups import backup, restore
from storage.engine import Store, open_store
from storage.errors import AlreadyThere, StoreDamaged, StoreError, StoreNewer
from tests.storage.facts import LATER, lab, tell


def test_a_backup_restored_elsewhere_holds_the_same(store: Store, tmp_path: Path) -> None:
    tell(store, lab(1, 12_000), lab(1, 1_200), lab(2, 800, hours=1, patient="P2"))
    copy = backup(store, tmp_path / "backups" / "monday.db")
    elsewhere = f"sqlite:///{tmp_path}/other/maswatch.db"
    restore(copy, elsewhere)
    opened = open_store(elsewhere)
    pd.testing.assert_frame_equal(queries.observations(opened, as_of=LATER), queries.observations(store, as_of=LATER))
    assert queries.counts(opened) == queries.counts(store)
    assert tell(opened, lab(1, 1_200)).unchanged == 1
    opened.close()


def test_a_backup_is_one_file_that_only_its_owner_may_read(store: Store, tmp_path: Path) -> None:
    copy = backup(store, tmp_path / "backups" / "monday.db")
    assert [file.name for file in copy.parent.iterdir()] == ["monday.db"]
    assert copy.stat().st_mode & 0o077 == 0


def test_a_backup_taken_while_batches_come_in_has_whole_batches_only(store: Store, tmp_path: Path) -> None:
    done = threading.Event()

    def keep_telling() -> None:
        for at in range(1, 200):
            tell(store, *(lab(at * 100 + n, 5, hours=at, patient=f"P{n}") for n in range(40)), at=at)
            if done.is_set():
                return

    writer = threading.Thread(target=keep_telling)
    writer.start()
    copies = [backup(store, tmp_path / f"{n}.db") for n in range(3)]
    done.set()
    writer.join()
    for copy in copies:
        with sqlite3.connect(copy) as connection:
            batches = connection.execute("SELECT count(*) FROM observation GROUP BY run_id").fetchall()
        connection.close()
        assert set(batches) <= {(40,)}


def test_no_file_is_replaced_unasked(store: Store, url: str, tmp_path: Path) -> None:
    copy = backup(store, tmp_path / "monday.db")
    with pytest.raises(AlreadyThere, match="another name"):
        backup(store, copy)
    with pytest.raises(AlreadyThere, match="move it away"):
        restore(copy, url)
    tell(store, lab(1, 12_000))
    assert backup(store, copy, overwrite=True) == copy


def test_restoring_over_a_store_takes_it_back_to_what_it_was_also_for_those_who_have_it_open(
    store: Store, url: str, tmp_path: Path
) -> None:
    tell(store, lab(1, 12_000))
    copy = backup(store, tmp_path / "monday.db")
    tell(store, lab(2, 800, hours=1), at=12)
    restore(copy, url, overwrite=True)
    assert queries.observations(store, as_of=LATER)["ref"].tolist() == [1]
    assert tell(store, lab(2, 800, hours=1), at=13).new == 1


def test_a_damaged_or_foreign_file_is_not_restored(store: Store, url: str, tmp_path: Path) -> None:
    tell(store, *(lab(n, n, patient=f"P{n}") for n in range(500)))
    copy = backup(store, tmp_path / "monday.db")
    content = bytearray(copy.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = b"\x5a" * 20_000
    copy.write_bytes(content)
    with pytest.raises(StoreDamaged):
        restore(copy, url, overwrite=True)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE song (title)")
    connection.close()
    with pytest.raises(StoreDamaged, match="no backup of this program"):
        restore(foreign, url, overwrite=True)
    with pytest.raises(StoreError, match="There is no backup"):
        restore(tmp_path / "sunday.db", url, overwrite=True)
    assert len(queries.observations(store, as_of=LATER)) == 500


def test_a_backup_of_a_newer_program_is_not_restored(store: Store, url: str, tmp_path: Path) -> None:
    copy = backup(store, tmp_path / "monday.db")
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreNewer):
        restore(copy, url, overwrite=True)


@pytest.mark.postgresql
def test_a_server_is_backed_up_by_its_own_means(server_store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="pg_dump"):
        backup(server_store, tmp_path / "monday.db")
    with pytest.raises(StoreError, match="pg_restore"):
        restore(tmp_path / "monday.db", server_store.url)
