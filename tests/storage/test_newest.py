"""Whether anything is new, counted anew only after a commit: whatever is committed, by whomever, is known at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from storage import newest, queries
from storage.engine import Store, open_store, upgrade
from storage.errors import StoreUnreachable
from storage.rounds import mark_done
from storage.writes import acknowledge
from tests.servers import running_server
from tests.storage.facts import LATER, MORNING, lab, tell


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """What is asked of the store meanwhile, of its flags: what takes long with a long history."""
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.extend([statement] * ("flag_change" in statement))

    event.listen(store.engine, "before_cursor_execute", note)
    yield asked
    event.remove(store.engine, "before_cursor_execute", note)


def test_nothing_is_counted_again_while_nothing_is_committed(any_store: Store) -> None:
    tell(any_store, lab(1, 7400))
    first = newest.mark(any_store)
    with counted(any_store) as asked:
        assert [newest.mark(any_store) for _ in range(3)] == [first] * 3
    assert asked == []


def test_what_this_process_says_is_known_at_once(any_store: Store) -> None:
    before = newest.mark(any_store)
    tell(any_store, lab(1, 7400))
    after = newest.mark(any_store)
    assert after == queries.mark(any_store) != before


def test_what_another_process_says_is_known_at_once(any_store: Store) -> None:
    newest.mark(any_store)
    with closing(open_store(any_store.url)) as other:
        for number in (1, 2, 3):
            tell(other, lab(number, 7400), at=number)
            with counted(any_store) as asked:
                assert newest.mark(any_store) == queries.mark(other)
            assert len(asked) == 1


def test_an_answer_is_another_mark_and_not_where_answers_do_not_count(any_store: Store) -> None:
    both = newest.mark(any_store), newest.mark(any_store, answers=False)
    acknowledge(any_store, "P1", "ferritin_rising", seq=0, at=MORNING, by="Dr Weber", reason="known")
    assert newest.mark(any_store) != both[0]
    assert newest.mark(any_store, answers=False) == both[1]


def test_what_is_not_counted_changes_no_mark(any_store: Store) -> None:
    tell(any_store, lab(1, 7400))
    before = newest.mark(any_store)
    mark_done(any_store, "P1", at=LATER + timedelta(hours=1), by="Dr Weber")
    assert newest.mark(any_store) == before == queries.mark(any_store)


def test_the_state_is_another_after_every_commit_and_the_same_until_then(any_store: Store) -> None:
    told = newest.asked(any_store)
    assert newest.asked(any_store) == told
    mark_done(any_store, "P1", at=LATER, by="Dr Weber")  # which no mark counts
    after = newest.asked(any_store)
    assert after.marks == told.marks
    assert after.state != told.state


def test_of_a_store_that_was_closed_no_state_comes_again(any_store: Store) -> None:
    """SQLite counts for each connection: a new one begins with the same number."""
    before = newest.asked(any_store).state
    any_store.close()
    tell(any_store, lab(1, 7400))
    assert newest.asked(any_store).state != before


def test_what_a_mark_says_of_answers_alone_changes_with_them_alone(any_store: Store) -> None:
    before = queries.answers_in(newest.mark(any_store))
    tell(any_store, lab(1, 7400))
    assert queries.answers_in(newest.mark(any_store)) == before
    acknowledge(any_store, "P1", "ferritin_rising", seq=0, at=MORNING, by="Dr Weber", reason="known")
    assert queries.answers_in(newest.mark(any_store)) != before


def test_a_store_that_was_closed_is_asked_anew(any_store: Store) -> None:
    newest.mark(any_store)
    any_store.close()
    tell(any_store, lab(1, 7400))
    assert newest.mark(any_store) == queries.mark(any_store)


@pytest.mark.postgresql
def test_a_server_that_is_gone_is_said_to_all_who_ask_and_asked_anew_once_it_is_back() -> None:
    with running_server() as server:
        upgrade(url := server.url.format(database="postgres"))
        with closing(open_store(url)) as store, ThreadPoolExecutor(3) as several:
            before = newest.mark(store)
            server.stops()
            asked = [several.submit(newest.mark, store) for _ in range(3)]
            assert [type(one.exception(timeout=300)) for one in asked] == [StoreUnreachable] * 3
            server.starts()
            assert newest.mark(store) == before
