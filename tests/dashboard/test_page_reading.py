"""What a page reads for itself: there as soon as it is said, and not read again while nothing is committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from dashboard import page_reading, reading
from dashboard.asked_once import one_run
from dashboard.unchanged import Unchanged
from monitoring.settings import load_settings
from storage import talk
from storage.engine import Store, open_store
from tests.storage.facts import lab, tell

FLAG = "ferritin_rising"


@pytest.fixture
def store(any_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Behind the door to data; what was read is kept from the second time on."""
    monkeypatch.setattr(reading, "_site", {})
    monkeypatch.setattr("dashboard.unchanged.SETTLED", 0.0)
    monkeypatch.setattr(reading, "_unchanged", Unchanged())
    reading.use(load_settings(config=None, data_dir=tmp_path, database_url=any_url))
    yield reading.store()
    reading._forget_store()


@pytest.fixture
def other(store: Store) -> Iterator[Store]:
    """What another program has open."""
    with closing(open_store(store.url)) as opened:
        yield opened


@contextmanager
def asked(store: Store, what: str) -> Iterator[list[str]]:
    """The statements meanwhile that name `what`."""
    told: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        told.extend([statement] * (what in statement))

    event.listen(store.engine, "before_cursor_execute", note)
    yield told
    event.remove(store.engine, "before_cursor_execute", note)


def words() -> list[str]:
    told = page_reading.talk(None, ["P1"], now=datetime.now(UTC))
    return [row["text"] for row in told.comments.get(("P1", FLAG), [])]


def say(store: Store, text: str) -> None:
    talk.comment(store, "P1", FLAG, seq=0, at=datetime.now(UTC), by="Dr Weber", text=text)


def test_a_comment_is_there_as_soon_as_it_is_made_and_read_once(store: Store, other: Store) -> None:
    assert words() == []
    say(other, "seen")
    assert words() == ["seen"]
    with asked(store, "flag_comment") as told:
        assert [words() for _ in range(3)] == [["seen"]] * 3
    assert told == []
    say(store, "again")
    assert words() == ["seen", "again"]


def test_looking_back_only_what_was_said_by_then_counts(store: Store) -> None:
    before = datetime.now(UTC)
    say(store, "later")
    assert page_reading.talk(before, ["P1"], now=datetime.now(UTC)).comments == {}
    assert words() == ["later"]


def test_a_run_asks_once_whether_anything_was_committed_and_each_run_anew(store: Store) -> None:
    tell(store, lab(1, 7400))
    words()
    with asked(store, "snapshot") as told, one_run():
        for _ in range(3):
            words()
    assert len(told) == (store.dialect == "postgresql")
    say(store, "between two runs")
    with one_run():
        assert words() == ["between two runs"]


def test_what_was_entered_at_the_bedside_is_kept_by_patient(store: Store) -> None:
    now = datetime.now(UTC) + timedelta(seconds=1)
    assert page_reading.entered("P1", now=now).empty
    with asked(store, "observation") as told:
        assert page_reading.entered("P1", now=now).empty
        assert told == []
        assert page_reading.entered("P2", now=now).empty
    assert told != []
