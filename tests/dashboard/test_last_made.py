"""What all share is made by one of them, and nobody waits for it who can be given what was made before."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from dashboard.last_made import LastMade
from tests.dashboard.ward_fixture import NOW

LATER = NOW + timedelta(seconds=5)


def shared() -> LastMade[str]:
    made: LastMade[str] = LastMade(timedelta(seconds=25))
    made.given(("store", "m1"), lambda: "first", now=NOW)
    return made


def test_it_is_made_once_for_a_key_and_anew_for_another() -> None:
    made = shared()
    assert made.given(("store", "m1"), lambda: "again", now=LATER) == "first"
    assert made.given(("store", "m2"), lambda: "second", now=LATER) == "second"


def test_who_comes_while_another_makes_it_is_given_what_was_made_before() -> None:
    made, begun, end = shared(), threading.Event(), threading.Event()

    def make() -> str:
        begun.set()
        end.wait()
        return "second"

    making = threading.Thread(target=lambda: made.given(("store", "m2"), make, now=LATER))
    making.start()
    begun.wait()
    assert made.given(("store", "m2"), lambda: "mine", now=LATER) == "first"
    end.set()
    making.join()
    assert made.given(("store", "m2"), lambda: "mine", now=LATER) == "second"


@pytest.mark.parametrize(("key", "seconds"), [(("store", "m2"), 25), (("other", "m1"), 5)])
def test_of_another_store_or_too_long_ago_nothing_is_given_but_waited_for(key: tuple[str, str], seconds: int) -> None:
    made = shared()
    made._making.acquire()
    told: list[str] = []
    now = NOW + timedelta(seconds=seconds)
    waiting = threading.Thread(target=lambda: told.append(made.given(key, lambda: "mine", now=now)))
    waiting.start()
    waiting.join(0.2)
    assert told == []
    made._making.release()
    waiting.join()
    assert told == ["mine"]


def test_what_could_not_be_made_is_told_and_tried_again() -> None:
    made = shared()
    with pytest.raises(ZeroDivisionError):
        made.given(("store", "m2"), lambda: str(1 / 0), now=LATER)
    assert made.given(("store", "m2"), lambda: "second", now=LATER) == "second"


def test_who_does_not_wait_is_given_what_was_made_before_while_it_is_made_beside_them() -> None:
    made, done = shared(), threading.Event()

    def make() -> str:
        done.set()
        return "second"

    assert made.given(("store", "m2"), make, now=LATER, waits=False) == "first"
    done.wait()
    with made._making:  # it is there when its making is over
        assert made.given(("store", "m2"), lambda: "mine", now=LATER, waits=False) == "second"


def test_who_does_not_wait_does_so_all_the_same_for_what_was_never_made_or_too_long_ago() -> None:
    made: LastMade[str] = LastMade(timedelta(seconds=25))
    assert made.given(("store", "m1"), lambda: "first", now=NOW, waits=False) == "first"
    late = NOW + timedelta(seconds=25)
    assert made.given(("store", "m2"), lambda: "second", now=late, waits=False) == "second"


def test_what_could_not_be_made_beside_is_told_once_what_was_made_before_is_too_old() -> None:
    made, done = shared(), threading.Event()

    def fails() -> str:
        done.set()
        raise ZeroDivisionError

    assert made.given(("store", "m2"), fails, now=LATER, waits=False) == "first"
    done.wait()
    with made._making:
        pass
    with pytest.raises(ZeroDivisionError):
        made.given(("store", "m2"), fails, now=NOW + timedelta(seconds=25), waits=False)
