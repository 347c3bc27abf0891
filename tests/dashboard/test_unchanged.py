"""What pages read for themselves is read again when something was committed, and where a clock might be ahead."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from dashboard import unchanged
from dashboard.unchanged import LONGEST, SETTLED, Unchanged


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def shared() -> tuple[Unchanged, Clock, Any]:
    """With what reads: it tells how often it was asked before."""
    clock, told = Clock(), itertools.count()
    return Unchanged(clock), clock, lambda: next(told)


def read_at(kept: Unchanged, clock: Clock, at: float, read: Any, state: Any = "s1") -> Any:
    clock.now = at
    return kept.given("talk", state, read)


def test_what_was_read_soon_after_a_commit_is_read_again_and_then_kept() -> None:
    kept, clock, read = shared()
    times = (0, SETTLED - 0.1, SETTLED, SETTLED + 1, SETTLED + 60)
    assert [read_at(kept, clock, at, read) for at in times] == [0, 1, 2, 2, 2]


def test_after_some_minutes_it_is_read_again_whatever_was_committed() -> None:
    kept, clock, read = shared()
    times = (0, SETTLED, SETTLED + LONGEST - 0.1, SETTLED + LONGEST)
    assert [read_at(kept, clock, at, read) for at in times] == [0, 1, 1, 2]


def test_with_every_commit_it_is_read_again() -> None:
    kept, clock, read = shared()
    told = [read_at(kept, clock, 10 * n, read, state) for n, state in enumerate(("s1", "s1", "s1", "s2", "s2", "s2"))]
    assert told == [0, 1, 1, 2, 3, 3]


def test_nothing_is_kept_where_it_cannot_be_told_whether_anything_was_committed() -> None:
    kept, clock, read = shared()
    assert [read_at(kept, clock, 10 * n, read, None) for n in range(3)] == [0, 1, 2]


def test_what_was_read_while_something_was_committed_is_not_kept_for_the_state_after_it() -> None:
    kept, clock, read = shared()
    read_at(kept, clock, 0, read)
    clock.now = SETTLED

    def slow() -> str:
        kept.given("other", "s2", read)  # somebody comes who knows of the commit
        return "before it"

    assert kept.given("talk", "s1", slow) == "before it"
    assert read_at(kept, clock, SETTLED + 1, read, "s2") != "before it"


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "MOST", 2)
    kept, clock, read = shared()
    kept.given("first", "s1", read)
    clock.now = SETTLED
    assert [kept.given(key, "s1", read) for key in ("a", "b", "c", "a")] == [1, 2, 3, 4]
