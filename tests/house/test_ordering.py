"""How tests are dealt: no test is lost, and the long rooms are begun at once by different workers."""

import pytest

from tests.ordering import dealt, lengths

ROOMS = {"a": "spec", "s": "stories", "b": "browser"}
TESTS = [f"a{n}" for n in range(5)] + ["b0", "b1"] + [f"a{n}" for n in range(5, 11)] + ["s0", "s1"]


def order(workers: int) -> list[str]:
    return dealt(TESTS, workers, room=lambda test: ROOMS[test[0]], leading=("stories", "browser"))


def test_each_long_room_leads_the_stretch_of_a_worker() -> None:
    assert order(3) == ["s0", "s1", "a0", "a1", "a2", "b0", "b1", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10"]


def test_one_worker_has_the_long_rooms_first() -> None:
    assert order(1)[:4] == ["s0", "s1", "b0", "b1"]


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 7, 15, 40])
def test_every_test_is_dealt_once(workers: int) -> None:
    assert sorted(order(workers)) == sorted(TESTS)
    assert sum(lengths(len(TESTS), workers)) == len(TESTS)
