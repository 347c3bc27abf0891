from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from storage import queries
from storage.backups import backup, restore, verify
from storage.copying import contents
from storage.engine import Store, open_store
from storage.errors import AlreadyThere, StoreDamaged, StoreError, StoreNewer
from tests.storage.facts import LATER, lab, tell


def taken(store: Store, path: Path) -> Path:
    backup(store, path)
    return path


def test_a_backup_restored_elsewhere_holds_the_same(store: Store, tmp_path: Path) -> None:
    tell(store, lab(1, 12_000), lab(1, 1_200), lab(2, 800, hours=1, patient="P2"))
    copy = taken(store, tmp_path / "backups" / "monday.db")
    elsewhere = f"sqlite:///{tmp_path}/other/maswatch.db"
    restore(copy, elsewhere)
    opened = open_store(elsewhere)
    pd.testing.assert_frame_equal(queries.observations(opened, as_of=LATER), queries.observations(store, as_of=LATER))
    assert queries.counts(opened) == queries.counts(store)
    assert tell(opened, lab(1, 1_200)).unchanged == 1
    opened.close()


def test_a_backup_is_one_file_that_only_its_owner_may_read(store: Store, tmp_path: Path) -> None:
    copy = taken(store, tmp_path / "backups" / "monday.db")
    assert [file.name for file in copy.parent.iterdir()] == ["monday.db"]
    assert copy.stat().st_mode & 0o077 == 0


def test_a_backup_taken_while_batches_come_in_is_one_moment_of_the_store(any_store: Store, tmp_path: Path) -> None:
    done = threading.Event()

    def keep_telling() -> None:
        for at in range(1, 200):
            tell(any_store, *(lab(at * 100 + n, 5, hours=at, patient=f"P{n}") for n in range(40)), at=at)
            if done.is_set():
                return

    writer = threading.Thread(target=keep_telling)
    writer.start()
    told = {tmp_path / f"{n}.db": backup(any_store, tmp_path / f"{n}.db") for n in range(3)}
    done.set()
    writer.join()
    for copy, held in told.items():
        assert verify(copy) == held
        with sqlite3.connect(copy) as connection:
            batches = connection.execute("SELECT count(*) FROM observation GROUP BY run_id").fetchall()
            (arrived,) = connection.execute("SELECT count(*) FROM arrival").fetchone()
        connection.close()
        assert set(batches) <= {(40,)}  # whole ones
        assert len(batches) == arrived  # and every table as it was at the same moment
    restore(copy, f"sqlite:///{tmp_path}/restored.db")
    with closing(open_store(f"sqlite:///{tmp_path}/restored.db")) as restored:
        assert contents(restored) == held


def test_no_file_is_replaced_unasked(store: Store, url: str, tmp_path: Path) -> None:
    tell(store, lab(1, 12_000))
    copy = taken(store, tmp_path / "monday.db")
    with pytest.raises(AlreadyThere, match="another name"):
        taken(store, copy)
    with pytest.raises(AlreadyThere, match="move it away"):
        restore(copy, url)
    assert sum(table.rows for table in backup(store, copy, overwrite=True)) == 5  # with patient, number, arrival, heard


def test_restoring_over_a_store_takes_it_back_to_what_it_was_also_for_those_who_have_it_open(
    store: Store, url: str, tmp_path: Path
) -> None:
    tell(store, lab(1, 12_000))
    copy = taken(store, tmp_path / "monday.db")
    tell(store, lab(2, 800, hours=1), at=12)
    restore(copy, url, overwrite=True)
    assert queries.observations(store, as_of=LATER)["ref"].tolist() == [1]
    assert tell(store, lab(2, 800, hours=1), at=13).new == 1


def test_a_damaged_or_foreign_file_is_not_restored(store: Store, url: str, tmp_path: Path) -> None:
    tell(store, *(lab(n, n, patient=f"P{n}") for n in range(500)))
    copy = taken(store, tmp_path / "monday.db")
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
    copy = taken(store, tmp_path / "monday.db")
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreNewer):
        restore(copy, url, overwrite=True)


def test_a_backup_says_what_each_table_held_and_verifying_it_finds_that_again(store: Store, tmp_path: Path) -> None:
    tell(store, lab(1, 12_000), lab(2, 800, hours=1, patient="P2"))
    told = backup(store, tmp_path / "monday.db")
    assert {table.table: table.rows for table in told if table.rows} == {
        "observation": 2, "patient": 2, "patient_identifier": 2, "heard": 2, "arrival": 1
    }  # fmt: skip
    assert verify(tmp_path / "monday.db") == told == contents(store)
    assert [file.name for file in tmp_path.glob("monday*")] == ["monday.db"]


def test_what_a_killed_backup_left_beside_does_the_next_no_harm(store: Store, tmp_path: Path) -> None:
    tell(store, lab(1, 12_000))
    for beside in ("", "-wal", "-shm"):
        (tmp_path / f"monday.db.part{beside}").write_bytes(b"left behind")
    told = backup(store, tmp_path / "monday.db")
    assert verify(tmp_path / "monday.db") == told
    assert [file.name for file in tmp_path.glob("monday*")] == ["monday.db"]


def test_a_row_that_was_changed_in_a_backup_is_found_by_its_table(store: Store, tmp_path: Path) -> None:
    tell(store, lab(1, 12_000))
    backup(store, tmp_path / "monday.db")
    with closing(sqlite3.connect(tmp_path / "monday.db")) as connection, connection:
        connection.execute("UPDATE observation SET value = 120")
    with pytest.raises(StoreDamaged, match="its table observation"):
        verify(tmp_path / "monday.db")


@pytest.mark.sqlite
def test_a_store_damaged_from_its_first_page_is_moved_aside_and_the_backup_put_in_its_place(
    store: Store, url: str, tmp_path: Path
) -> None:
    tell(store, lab(1, 12_000))
    told = backup(store, tmp_path / "monday.db")
    store.close()
    place = tmp_path / "ward" / "maswatch.db"
    place.write_bytes(b"\x5a" * place.stat().st_size)
    aside = restore(tmp_path / "monday.db", url, overwrite=True)
    assert aside == tmp_path / "ward" / "maswatch.db.damaged1"
    with closing(open_store(url)) as opened:
        assert contents(opened) == told


@pytest.mark.postgresql
def test_a_server_is_backed_up_into_a_file_that_goes_back_into_either_kind(
    server_store: Store, server_url: str, tmp_path: Path
) -> None:
    tell(server_store, lab(1, 12_000), lab(1, 1_200), lab(2, 800, hours=1, patient="P2"))
    told = backup(server_store, tmp_path / "monday.db")
    assert told == contents(server_store) == verify(tmp_path / "monday.db")
    for elsewhere in (server_url, f"sqlite:///{tmp_path}/other.db"):
        restore(tmp_path / "monday.db", elsewhere)
        with closing(open_store(elsewhere)) as opened:
            assert contents(opened) == told
            tell(opened, lab(3, 5, hours=2), at=12)
        with pytest.raises(AlreadyThere, match="move it away"):
            restore(tmp_path / "monday.db", elsewhere)
        restore(tmp_path / "monday.db", elsewhere, overwrite=True)
        with closing(open_store(elsewhere)) as opened:
            assert contents(opened) == told
