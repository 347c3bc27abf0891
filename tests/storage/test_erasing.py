"""On either kind of store: one patient's rows go, and what is left keeps what it promises."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from storage import merges, queries
from storage.deliveries import Sent, keep, listed
from storage.engine import Store
from storage.erasing import Act, StillWaiting, erase, erasures, heard_of_since, one_person
from storage.integrity import Fault, ahead, damage, row_faults
from tests.storage.facts import HOUR, LATER, MORNING, dose, lab, tell

ACT = Act(LATER, "Dr Sommer", "asked for", {"P1": "token1"})


@pytest.fixture
def two(any_store: Store) -> Store:
    """P1 and P2, of one delivery that names both and one that names P2 alone; P1 is read, too, as P10's."""
    both, other = keep(any_store, "drop", [Sent("a.csv", b"P1,1\nP2,2\n"), Sent("P10.csv", b"P10,P2")], at=MORNING)
    rows = (lab(1, 12_000), lab(1, 1_200), lab(2, 80, patient="P2"), lab(3, 90, patient="P10"))
    tell(any_store, *rows, doses=[dose(4, 60)], deliveries=[both, other])
    return any_store


def test_one_goes_and_the_others_stay_whole(two: Store) -> None:
    told = erase(two, ["P1"], ACT)
    assert {name: told[name] for name in ("observation", "dose", "delivery")} == {
        "observation": 2, "dose": 1, "delivery": 1
    }  # fmt: skip
    assert queries.observations(two, as_of=LATER)["patient_id"].tolist() == ["P10", "P2"]
    assert listed(two).set_index("name")["there"].to_dict() == {"erased": 0, "P10.csv": 1}
    assert (damage(two, deep=True), row_faults(two), ahead(two, now=LATER)) == ("", [], [])
    assert erasures(two)[["token", "by"]].to_numpy().tolist() == [["token1", "Dr Sommer"]]


def test_what_was_not_read_yet_holds_it_up_and_nothing_is_changed(two: Store) -> None:
    keep(two, "drop", [Sent("late.csv", "P1,3".encode("utf-16"))], at=LATER)
    before = queries.counts(two)
    with pytest.raises(StillWaiting, match="let a cycle read them first"):
        erase(two, ["P1"], ACT)
    assert queries.counts(two) == before


def test_joined_records_are_one_person(two: Store) -> None:
    merges.say(two, "P2", "P1", at=MORNING + HOUR, by="Dr Sommer", reason="same", source="by hand", run_id="r")
    assert one_person(two, "P1", as_of=LATER) == ["P1", "P2"]
    assert one_person(two, "P10", as_of=LATER) == ["P10"]
    assert one_person(two, "P7", as_of=LATER) == []


def test_who_was_heard_of_since(two: Store) -> None:
    assert heard_of_since(two, ["P1", "P2"], MORNING) == {"P1", "P2"}
    assert heard_of_since(two, ["P1", "P2"], MORNING + HOUR) == set()


def test_broken_promises_are_counted_on_either_kind(two: Store) -> None:
    with two.writing() as connection:
        connection.execute(text("UPDATE observation SET version = 3 WHERE version = 2"))
        connection.execute(text("DELETE FROM patient WHERE patient_id = 'P2'"))
        connection.execute(text("UPDATE delivery SET source = 'other' WHERE name = 'a.csv'"))
    assert row_faults(two) == [
        Fault("observation: versions with gaps", 1),
        Fault("observation: patients that nothing is known of", 1),
        Fault("observation: words that are not those of their number", 1),  # of which the version is one
        Fault("delivery: bytes that are not those that came", 1),
    ]
