"""What is made of one patient is kept while the patient stands as read, and goes with that reading."""

from __future__ import annotations

import gc
import time
from collections import OrderedDict
from dataclasses import replace

import pytest

from dashboard import drawn_of as module
from dashboard.bedside import Bedside
from dashboard.drawn_of import drawn_of, kept
from tests.dashboard import ward_fixture


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of other tests, whose readings may still be there and may go meanwhile."""
    monkeypatch.setattr(module, "_kept", OrderedDict())


@pytest.fixture
def side() -> Bedside:
    return replace(ward_fixture.ward().sides[0])


def test_it_is_made_once_for_what_is_asked(side: Bedside) -> None:
    made: list[str] = []

    def makes(what: str) -> str:
        made.append(what)
        return what

    for asked in ("sheet", "sheet", "figure", "sheet"):
        assert drawn_of(side, asked, lambda asked=asked: makes(asked)) == asked  # type: ignore[misc]
    assert made == ["sheet", "figure"]


def test_the_same_patient_read_anew_is_drawn_anew(side: Bedside) -> None:
    assert drawn_of(side, "sheet", lambda: "before") == "before"
    assert drawn_of(replace(side), "sheet", lambda: "after") == "after"
    assert drawn_of(side, "sheet", lambda: "again") == "before"


def test_what_was_made_of_a_reading_goes_with_it() -> None:
    before, side = kept(), replace(ward_fixture.ward().sides[0])
    drawn_of(side, "sheet", lambda: "told")
    assert kept() == before + 1
    del side
    gc.collect()
    assert kept() == before


def test_what_nobody_asked_for_longest_is_forgotten_first(side: Bedside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    for asked in ("a", "b", "a", "c"):
        drawn_of(side, asked, lambda: "first")
    assert [drawn_of(side, asked, lambda: "second") for asked in ("a", "c", "b")] == ["first", "first", "second"]


def test_what_no_page_asks_for_any_more_is_forgotten(side: Bedside, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    before = kept()
    for seconds, asked in ((0, "left"), (100, "open"), (80, "open"), (1, "open")):
        now[0] += seconds
        drawn_of(side, asked, lambda: "first")
    assert kept() == before + 1
    assert [drawn_of(side, asked, lambda: "second") for asked in ("open", "left")] == ["first", "second"]


def test_what_could_not_be_made_is_tried_again(side: Bedside) -> None:
    with pytest.raises(ZeroDivisionError):
        drawn_of(side, "sheet", lambda: 1 / 0)
    assert drawn_of(side, "sheet", lambda: "told") == "told"
