from __future__ import annotations

from datetime import timedelta

import pytest

from storage.engine import Store, open_store
from storage.leases import release_lease, take_lease
from tests.storage.facts import MORNING

MINUTE = timedelta(minutes=1)


def test_only_one_of_two_holds_the_lease(any_store: Store) -> None:
    assert take_lease(any_store, "cycle", "box A", now=MORNING, seconds=90)
    assert not take_lease(any_store, "cycle", "box B", now=MORNING + MINUTE, seconds=90)
    assert take_lease(any_store, "other", "box B", now=MORNING, seconds=90)


def test_the_holder_may_take_the_lease_again_and_so_keeps_it(any_store: Store) -> None:
    take_lease(any_store, "cycle", "box A", now=MORNING, seconds=90)
    assert take_lease(any_store, "cycle", "box A", now=MORNING + MINUTE, seconds=90)
    assert not take_lease(any_store, "cycle", "box B", now=MORNING + 2 * MINUTE, seconds=90)


@pytest.mark.parametrize(("seconds", "free"), [(89, False), (90, True)])
def test_a_lease_is_free_again_at_the_second_it_runs_out(any_store: Store, seconds: int, free: bool) -> None:
    take_lease(any_store, "cycle", "box A", now=MORNING, seconds=90)
    assert take_lease(any_store, "cycle", "box B", now=MORNING + timedelta(seconds=seconds), seconds=90) is free


def test_only_the_holder_can_give_the_lease_back(any_store: Store) -> None:
    take_lease(any_store, "cycle", "box A", now=MORNING, seconds=90)
    release_lease(any_store, "cycle", "box B")
    assert not take_lease(any_store, "cycle", "box B", now=MORNING, seconds=90)
    release_lease(any_store, "cycle", "box A")
    assert take_lease(any_store, "cycle", "box B", now=MORNING, seconds=90)


def test_two_stores_open_on_the_same_file_share_the_lease(store: Store, url: str) -> None:
    other = open_store(url)
    assert take_lease(store, "cycle", "box A", now=MORNING, seconds=90)
    assert not take_lease(other, "cycle", "box B", now=MORNING, seconds=90)
    other.close()
