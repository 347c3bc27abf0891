"""When garbage is looked for: not while a reading is made, and of what was left out with it not much later."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator

import pytest

from dashboard import garbage
from dashboard.garbage import unsearched


class Circle:
    """Holds itself, and stays until it is looked for."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begun just now: a process that has run other tests for ten minutes would search at once."""
    monkeypatch.setattr(garbage, "_searched", [time.monotonic()])
    yield
    gc.unfreeze()


def lost() -> weakref.ref[Circle]:
    return weakref.ref(Circle())


def test_nothing_is_looked_for_meanwhile_and_again_afterwards_even_when_it_failed() -> None:
    looked_for = [gc.isenabled()]
    with pytest.raises(ZeroDivisionError):
        fails(looked_for)
    assert [*looked_for, gc.isenabled()] == [True, False, True]


def fails(looked_for: list[bool]) -> None:
    with unsearched():
        looked_for.append(gc.isenabled())
        _ = 1 / 0


def test_what_judging_left_is_found_at_its_end() -> None:
    with unsearched(search=True):
        left = lost()
        assert left() is not None
    assert left() is None


def test_what_was_left_out_with_a_reading_is_found_by_the_next_search(monkeypatch: pytest.MonkeyPatch) -> None:
    with unsearched():
        left = lost()
    gc.collect()
    assert left() is not None
    monkeypatch.setattr(garbage, "_searched", [float("-inf")])
    with unsearched():
        pass
    assert left() is None
    assert garbage._searched[0] > 0
