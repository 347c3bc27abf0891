"""What is made once: one makes it while the others wait, and the next reading's boards are there before it is given."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from dashboard import drawn_once as module
from dashboard.bedside import Ward
from dashboard.drawn_once import draw_ahead, drawn_again, drawn_once
from dashboard.once import Once
from tests.dashboard.ward_fixture import NOW


def test_who_comes_while_it_is_being_made_waits_for_that() -> None:
    once, begun, end, made = Once(4), threading.Event(), threading.Event(), list[str]()

    def make() -> str:
        begun.set()
        end.wait()
        made.append("made")
        return "told"

    with ThreadPoolExecutor(5) as several:
        first = several.submit(once.given, "board", make)
        begun.wait()
        others = [several.submit(once.given, "board", make) for _ in range(3)]
        assert once.given("inbox", lambda: "another") == "another"  # nobody waits for what they did not ask for
        end.set()
        assert [one.result() for one in (first, *others)] == ["told"] * 4
    assert made == ["made"]


def test_what_could_not_be_made_is_told_and_tried_again() -> None:
    once = Once(4)
    with pytest.raises(ZeroDivisionError):
        once.given("board", lambda: 1 / 0)
    assert once.given("board", lambda: "told") == "told"


def test_after_its_time_it_is_made_anew() -> None:
    once = Once(4, longest=0)
    assert [once.given("board", lambda told=told: told) for told in (1, 2)] == [1, 2]  # type: ignore[misc]


def test_the_first_is_forgotten_first_and_what_does_not_belong_at_once() -> None:
    once = Once(2)
    for number in (1, 2, 3):
        once.given(number, lambda: "first")
    assert [once.given(number, lambda: "second") for number in (2, 3)] == ["first", "first"]
    once.forget(lambda number: number == 3)
    assert [once.given(number, lambda: "third") for number in (3, 2)] == ["first", "third"]


@pytest.fixture
def nothing_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_asked", {})


@pytest.mark.usefixtures("nothing_asked")
def test_what_was_looked_at_just_now_is_drawn_of_the_next_reading_before_anybody_asks() -> None:
    ward, following, drawn = Ward(NOW, ()), Ward(NOW + timedelta(minutes=1), ()), list[Ward]()

    def draw(of: Ward) -> str:
        drawn.append(of)
        return f"as of {of.as_of}"

    drawn_again(ward, "board", draw)
    drawn_once(ward, "rounds", lambda: "of this reading alone")
    draw_ahead(following)
    assert [of.as_of for of in drawn] == [ward.as_of, following.as_of]
    assert drawn_again(following, "board", draw) == f"as of {following.as_of}"
    assert len(drawn) == 2
    assert drawn_once(following, "rounds", lambda: "drawn when asked for") == "drawn when asked for"


@pytest.mark.usefixtures("nothing_asked")
def test_what_nobody_looked_at_for_a_while_is_not_drawn_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKED_AT", 0.0)
    drawn: list[Ward] = []
    drawn_again(Ward(NOW, ()), "board", drawn.append)
    draw_ahead(Ward(NOW, ()))
    assert len(drawn) == 1


@pytest.mark.usefixtures("nothing_asked")
def test_a_view_that_fails_ahead_is_told_to_who_looks_at_it_and_holds_no_other_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ward, following = Ward(NOW, ()), Ward(NOW + timedelta(minutes=1), ())
    words = "-".join(("SIM", "0001"))  # not in the line of code that the log names

    def fails(of: Ward) -> str:
        if of is following:
            raise ValueError(words)
        return "told"

    drawn_again(ward, "board", fails)
    drawn_again(ward, "inbox", lambda of: f"as of {of.as_of}")
    draw_ahead(following)
    assert "drawn ahead" in caplog.text
    assert words not in caplog.text
    with pytest.raises(ValueError, match=words):
        drawn_again(following, "board", fails)
    assert drawn_again(following, "inbox", lambda _: "anew") == f"as of {following.as_of}"
