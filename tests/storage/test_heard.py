"""On either kind of store: when a patient was last heard of stands beside what was told, in older stores too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from storage import heard, merges
from storage.engine import Store, open_store, upgrade
from storage.heard import HEARD
from storage.marks import set_marks
from storage.writes import append
from tests.storage.facts import HOUR, MORNING, batch, dose, finding, lab, tell
from tests.storage.test_upgrading import downgraded

MICROSECOND = timedelta(microseconds=1)


def last(store: Store) -> dict[str, float]:
    """Hours after the morning."""
    with store.reading() as connection:
        rows = connection.execute(select(HEARD.c.patient_id, HEARD.c.last_at)).all()
    return {name: (at - MORNING) / HOUR for name, at in rows}


def patient(name: str, left: datetime | None = None) -> dict[str, Any]:
    return {"patient_id": name, "ward": "ICU", "discharged_at": left}


def test_news_is_noted_and_what_says_nothing_new_is_not(any_store: Store) -> None:
    tell(any_store, lab(1, 900), lab(2, 80, patient="P2"), at=2)
    tell(any_store, lab(1, 900), lab(3, 70, patient="P3"), at=5)
    assert last(any_store) == {"P1": 2, "P2": 2, "P3": 5}
    tell(any_store, lab(1, 1_200), at=9)  # a correction
    append(any_store, batch(12, findings=[finding(1, "5 cm", patient="P3")], patients=[patient("P4")]))
    append(any_store, batch(13, patients=[patient("P4")]))
    assert last(any_store) == {"P1": 9, "P2": 2, "P3": 12, "P4": 12}


def test_what_is_told_by_a_clock_that_is_behind_takes_nothing_back_and_leaves_another_moment(any_store: Store) -> None:
    def news(at: float) -> float:
        tell(any_store, lab(int(at), 900, hours=at, patient="P1"), lab(int(at), 900, hours=at, patient="P2"), at=at)
        assert last(any_store)["P1"] == last(any_store)["P2"]
        return last(any_store)["P1"] * HOUR / MICROSECOND

    first = news(9)
    assert [news(3), news(5), news(9)] == [first + 1, first + 2, first + 2]  # the last was told before
    assert news(10) == first + HOUR / MICROSECOND


def test_an_end_that_is_planned_is_news_when_it_comes(any_store: Store) -> None:
    course = dose(1, 60, ended_at=MORNING + 400 * HOUR), dose(2, 60, patient="P2", ended_at=MORNING + HOUR)
    append(any_store, batch(2, doses=[*course, dose(3, 60)], patients=[patient("P3", MORNING + 90 * HOUR)]))
    assert last(any_store) == {"P1": 400, "P2": 2, "P3": 90}
    assert heard.since(any_store, MORNING + 90 * HOUR) != heard.since(any_store, MORNING + 91 * HOUR) == ["P1"]


def test_a_patient_of_whom_nobody_noted_anything_is_known_as_such(any_store: Store) -> None:
    tell(any_store, lab(1, 900), lab(2, 80, patient="P2"))
    with any_store.writing() as connection:
        connection.execute(delete(HEARD).where(HEARD.c.patient_id == "P2"))
    assert heard.never(any_store) == ["P2"]


def test_a_new_word_on_a_merge_is_news_of_all_whose_records_it_moved(any_store: Store) -> None:
    def say(name: str, into: str, hours: float) -> None:
        at = MORNING + hours * HOUR
        merges.say(any_store, name, into, at=at, by="Dr Sommer", reason="same", source="", run_id="r")

    say("P1", "P2", 1)
    assert last(any_store) == {"P1": 1, "P2": 1}
    say("P2", "P3", 2)
    say("P7", "P8", 3)
    assert last(any_store) == {"P1": 2, "P2": 2, "P3": 2, "P7": 3, "P8": 3}
    say("P2", "", 4)
    assert last(any_store) == {"P1": 4, "P2": 4, "P3": 4, "P7": 3, "P8": 3}  # P1 goes to P2 alone again


def test_what_is_told_by_a_clock_behind_the_last_judgement_is_news_since_that(any_store: Store) -> None:
    set_marks(any_store, "somebody", {heard.JUDGED: "all"}, at=MORNING + 90 * HOUR)
    tell(any_store, lab(1, 900), at=2)
    merges.say(any_store, "P2", "P3", at=MORNING + HOUR, by="Dr Sommer", reason="same", source="", run_id="r")
    assert last(any_store) == {"P1": 90, "P2": 90, "P3": 90}


@pytest.mark.parametrize("revision", ["0010"])
def test_an_older_store_is_filled_in(any_url: str, revision: str) -> None:
    upgrade(any_url)
    store = open_store(any_url)
    tell(store, lab(1, 900), lab(2, 80, patient="P2"), at=2)
    tell(store, lab(1, 1_200), at=9)
    append(store, batch(12, doses=[dose(1, 60, patient="P2", ended_at=MORNING + 400 * HOUR)]))
    append(store, batch(14, findings=[finding(1, "5 cm", patient="P3")], patients=[patient("P4")]))
    before = last(store)
    assert before == {"P1": 9, "P2": 400, "P3": 14, "P4": 14}
    downgraded(store, revision)
    upgrade(any_url)
    store = open_store(any_url)
    assert last(store) == before
    store.close()
