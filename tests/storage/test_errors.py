from __future__ import annotations

import os
import sqlite3
import traceback
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from storage import queries
from storage.engine import Store, open_store
from storage.errors import StoreBusy, StoreDamaged, StoreError, StoreFull
from tests.storage.facts import LATER, MORNING, lab, tell

NAME = "Mathilda-Maier-1987"


def test_no_refusal_of_the_store_quotes_a_patient(any_store: Store) -> None:
    with pytest.raises(StoreError) as refused, any_store.writing() as connection:
        connection.exec_driver_sql(f"INSERT INTO patient (patient_id, version, source) VALUES ('{NAME}', 1, 'drop')")
    told = "".join(traceback.format_exception(refused.value, chain=True)[-1:])
    assert NAME not in told
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_the_word_of_an_open_store_never_holds_its_password() -> None:
    store = Store("postgresql+psycopg://ward:hush@db/maswatch", object())  # type: ignore[arg-type]
    assert "hush" not in repr(store)


@pytest.mark.sqlite  # which has one writer at a time
def test_a_writer_that_keeps_the_store_locked_is_said_in_a_sentence(store: Store, url: str) -> None:
    with store.engine.connect() as waiting:
        waiting.exec_driver_sql("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="try again"):
        tell(store, lab(1, 12_000))
    other.execute("ROLLBACK")
    other.close()
    assert tell(store, lab(1, 12_000)).new == 1


@pytest.mark.sqlite  # of as many pages as it may have
def test_a_full_disk_is_said_and_nothing_is_half_written(store: Store) -> None:
    tell(store, lab(1, 12_000))
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFull, match="no space left"):
        tell(store, *(lab(n, n, hours=n) for n in range(2, 2_000)), at=1)
    assert len(queries.observations(store, as_of=LATER)) == 1
    assert queries.newest_received(store) == MORNING


@pytest.mark.sqlite  # of its file
def test_a_page_that_cannot_be_read_is_said_with_the_way_out(store: Store, url: str) -> None:
    tell(store, *(lab(n, n, patient=f"P{n}") for n in range(500)))
    store.close()
    file = Path(url.removeprefix("sqlite:///"))
    content = bytearray(file.read_bytes())
    content[8192 * 4 :] = b"\x5a" * (len(content) - 8192 * 4)
    file.write_bytes(content)
    with pytest.raises(StoreDamaged, match="maswatch restore"):
        _read(url)


def test_what_goes_wrong_in_our_own_code_is_not_dressed_up(store: Store) -> None:
    with pytest.raises(KeyError), store.reading():
        raise KeyError("a mistake of ours")
    with pytest.raises(StoreError, match="SQLAlchemyError"), store.reading():
        raise SQLAlchemyError("x")


@pytest.mark.sqlite
def test_a_store_that_lost_its_folder_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "ward"
    store = open_store(f"sqlite:///{folder}/maswatch.db")
    store.close()
    for file in folder.iterdir():
        os.unlink(file)
    folder.rmdir()
    with pytest.raises(StoreError, match="check that its folder exists"):
        queries.counts(store)


def _read(url: str) -> None:
    store = open_store(url)
    try:
        queries.observations(store, as_of=LATER)
    finally:
        store.close()
