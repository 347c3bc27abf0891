"""A store moved to the other kind and back holds the same, row by row; what cannot be moved whole is not moved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table

from storage import copying
from storage.copying import Told, contents, copy_into, tables
from storage.deliveries import Sent, keep
from storage.engine import _WRITES, Store, open_store
from storage.errors import AlreadyThere, StoreError, StoreUnreachable
from tests.storage.every_table import ROWS, fill
from tests.storage.facts import MORNING, dose, finding, lab, tell


def told_of(store: Store) -> dict[str, Told]:
    return {told.table: told for told in contents(store)}


@pytest.fixture
def full(store: Store) -> Store:
    """A store with rows in every table."""
    fill(store)
    return store


@pytest.fixture
def other(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/other/maswatch.db"


@pytest.mark.postgresql
def test_a_store_moved_to_a_server_and_back_holds_the_same_in_every_table(
    full: Store, server_url: str, other: str
) -> None:
    before = told_of(full)
    assert {told.rows for told in before.values()} == {ROWS}
    assert {told.table: told for told in copy_into(full, server_url)} == before
    with closing(open_store(server_url)) as server:
        assert told_of(server) == before
        copy_into(server, other)
    with closing(open_store(other)) as back:
        assert told_of(back) == before


def test_what_a_ward_told_reads_the_same_from_the_copy(store: Store, other: str) -> None:
    tell(store, lab(1, 12_000), lab(2, 900, hours=12), doses=[dose(1, 1_000)], findings=[finding(1, "yes")])
    keep(store, "lis", [Sent("message", b"MSH|^~\\&|\r\x00\xff")], at=MORNING)
    copy_into(store, other)
    with closing(open_store(other)) as copy:
        assert told_of(copy) == told_of(store)


def test_another_value_in_one_row_gives_another_hash(store: Store) -> None:
    tell(store, lab(1, 12_000))
    before = told_of(store)["observation"]
    tell(store, lab(1, 12_001), at=1)
    after = told_of(store)["observation"]
    assert (before.rows, after.rows) == (1, 2)
    assert before.sha256 != after.sha256


def test_nothing_and_an_empty_text_are_not_the_same(store: Store, other: str) -> None:
    def patient(bed: str | None) -> dict[str, Any]:
        row = {"patient_id": "P1", "version": 1, "bed": bed, "received_at": MORNING, "source": "drop"}
        return row | {"origin": "", "digest": 1, "run_id": "r"}

    table = next(each for each in tables() if each.name == "patient")
    with closing(open_store(other)) as second:
        for opened, bed in ((store, None), (second, "")):
            with opened.writing() as connection:
                connection.execute(table.insert(), patient(bed))
        assert told_of(store)["patient"].sha256 != told_of(second)["patient"].sha256


def test_a_store_that_holds_anything_is_not_written_over(full: Store, other: str) -> None:
    copy_into(full, other)
    with pytest.raises(AlreadyThere, match="holds rows already"):
        copy_into(full, other)
    with closing(open_store(other)) as copy:
        assert told_of(copy) == told_of(full)


def test_a_copy_that_breaks_off_leaves_nothing_behind_and_can_be_made_again(
    full: Store, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = iter([*tables()][:5])
    copied = copying._copied

    def until(*told: Any) -> Told:
        if next(broken, None) is None:
            raise StoreUnreachable("gone")
        return copied(*told)

    monkeypatch.setattr(copying, "_copied", until)
    with pytest.raises(StoreUnreachable):
        copy_into(full, other)
    monkeypatch.undo()
    with closing(open_store(other)) as empty:
        assert {told.rows for told in contents(empty)} == {0}
    assert {told.rows for told in copy_into(full, other)} == {ROWS}


def test_a_copy_that_is_not_what_was_read_is_not_kept(full: Store, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = copying._pieces

    def lossy(connection: Any, table: Table) -> Iterator[Any]:
        taking = connection.get_execution_options().get(_WRITES, False)
        yield from (piece.slice(0, ROWS - 1 if taking else ROWS) for piece in pieces(connection, table))

    monkeypatch.setattr(copying, "_pieces", lossy)
    with pytest.raises(StoreError, match="is not what was read: nothing was kept"):
        copy_into(full, other)
    monkeypatch.undo()
    with closing(open_store(other)) as empty:
        assert {told.rows for told in contents(empty)} == {0}


def test_a_target_that_cannot_be_reached_is_said_in_a_sentence(full: Store) -> None:
    with pytest.raises(StoreUnreachable, match="does not answer"):
        copy_into(full, "postgresql+psycopg://nobody@127.0.0.1:9/none")
