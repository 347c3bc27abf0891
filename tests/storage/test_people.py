from __future__ import annotations

from typing import Any

from storage import merges, people, queries
from storage.engine import Store
from storage.writes import Counts, append
from tests.storage.facts import HOUR, LATER, MORNING, batch, frame, lab, tell


def say(store: Store, *rows: dict[str, Any], at: float = 0, **more: Any) -> Counts:
    return append(store, batch(at, patients=frame(*rows), **more))["patients"]


def known(store: Store, *columns: str, at: float = 9_000) -> list[list[Any]]:
    return queries.patients(store, as_of=MORNING + at * HOUR)[list(columns)].values.tolist()


def test_each_column_shows_the_last_that_was_said_in_it(any_store: Store) -> None:
    say(any_store, {"patient_id": "P1", "sex": "female", "weight_kg": 31.0, "ward": "5B"})
    assert say(any_store, {"patient_id": "P1", "weight_kg": 33.5, "ward": ""}, at=12) == Counts(corrected=1)
    assert known(any_store, "patient_id", "sex", "weight_kg", "ward") == [["P1", "female", 33.5, "5B"]]
    assert known(any_store, "weight_kg", at=11) == [[31.0]]


def test_a_patient_named_by_a_lab_first_is_new_when_described(any_store: Store) -> None:
    tell(any_store, lab(1, 12_000))
    assert say(any_store, {"patient_id": "P1", "sex": "male"}, at=1) == Counts(new=1)
    assert known(any_store, "patient_id", "sex") == [["P1", "male"]]


def test_the_same_list_every_twelve_hours_adds_nothing(any_store: Store) -> None:
    ward = [{"patient_id": f"P{n}", "weight_kg": 20.0 + n, "admitted_at": MORNING} for n in range(3)]
    assert say(any_store, *ward) == Counts(new=3)
    assert say(any_store, *ward, at=12) == Counts(unchanged=3)
    ward[1]["weight_kg"] = 22.0
    assert say(any_store, *ward, at=24) == Counts(unchanged=2, corrected=1)


def test_two_feeds_that_each_know_half_of_a_person_do_not_correct_each_other_for_ever(any_store: Store) -> None:
    register, scales = {"patient_id": "P1", "birth_date": "2017-05-04"}, {"patient_id": "P1", "weight_kg": 31.0}
    assert say(any_store, register) == Counts(new=1)
    assert say(any_store, scales, at=1, source="scales") == Counts(corrected=1)
    for cycle in (12, 24):
        assert say(any_store, register, at=cycle) == Counts(unchanged=1)
        assert say(any_store, scales, at=cycle, source="scales") == Counts(unchanged=1)


def test_a_patient_who_moves_and_moves_back_is_where_the_last_word_says(any_store: Store) -> None:
    for at, ward in enumerate(["5B", "ICU", "5B"]):
        say(any_store, {"patient_id": "P1", "ward": ward}, at=at)
    assert known(any_store, "ward") == [["5B"]]
    assert known(any_store, "ward", at=1) == [["ICU"]]


def test_two_rows_of_one_patient_in_one_file_are_said_one_after_the_other_and_once(any_store: Store) -> None:
    moves = [{"patient_id": "P1", "ward": "ICU"}, {"patient_id": "P1", "ward": "5B"}]
    assert say(any_store, *moves) == Counts(new=1, corrected=1)
    assert say(any_store, *moves, at=12) == Counts(unchanged=2)
    assert known(any_store, "ward") == [["5B"]]


def test_the_order_of_columns_does_not_make_another_person(any_store: Store) -> None:
    say(any_store, {"patient_id": "P1", "sex": "female", "ward": "5B"})
    assert say(any_store, {"ward": "5B", "patient_id": "P1", "sex": "female"}, at=12) == Counts(unchanged=1)


def diagnosed(context: str, name: str = "c1", written: float | None = None, patient: str = "P1") -> dict[str, Any]:
    """What a diagnosis of this name says, and when that was written down."""
    at = {} if written is None else {"told_at": MORNING + written * HOUR}
    return {"patient_id": patient, "context": context, "source_id": name} | at


def test_a_context_told_under_a_name_stands_until_that_name_says_something_else(any_store: Store) -> None:
    assert say(any_store, diagnosed("sJIA")) == Counts(new=1)
    assert say(any_store, diagnosed("sJIA"), at=1) == Counts(unchanged=1)
    assert say(any_store, diagnosed(""), at=2) == Counts(corrected=1)
    assert say(any_store, diagnosed(""), at=3) == Counts(unchanged=1)
    assert known(any_store, "context") == [[""]]
    assert known(any_store, "context", at=1) == [["sJIA"]]
    assert say(any_store, diagnosed("AOSD"), at=4) == Counts(corrected=1)
    assert known(any_store, "context") == [["AOSD"]]


def test_what_others_said_of_the_context_stands_again_when_the_last_word_is_taken_back(any_store: Store) -> None:
    say(any_store, {"patient_id": "P1", "context": "SLE", "ward": "5B"})
    say(any_store, diagnosed("sJIA"), diagnosed("sJIA", "c2"), at=1)
    say(any_store, diagnosed(""), at=2)
    assert known(any_store, "context", "ward") == [["sJIA", "5B"]]  # c2 says so still
    say(any_store, diagnosed("", "c2"), at=3)
    assert known(any_store, "context", "ward") == [["SLE", "5B"]]


def test_a_list_that_says_what_a_name_said_goes_on_saying_it_when_the_name_takes_it_back(any_store: Store) -> None:
    register = {"patient_id": "P1", "context": "sJIA"}
    say(any_store, diagnosed("sJIA"))
    assert say(any_store, register, at=1, source="register") == Counts(corrected=1)
    assert say(any_store, register, at=2, source="register") == Counts(unchanged=1)
    say(any_store, diagnosed(""), at=3)
    assert known(any_store, "context") == [["sJIA"]]


def test_the_same_name_of_another_source_is_another_thing(any_store: Store) -> None:
    say(any_store, diagnosed("sJIA"), source="north")
    say(any_store, diagnosed(""), at=1, source="south")
    assert known(any_store, "context") == [["sJIA"]]


def test_a_word_written_before_what_stands_under_its_name_is_old_whenever_it_comes(any_store: Store) -> None:
    say(any_store, diagnosed("sJIA", written=1), at=1)
    say(any_store, diagnosed("", written=3), at=3)
    assert say(any_store, diagnosed("AOSD", written=2), at=4) == Counts(unchanged=1)
    assert say(any_store, diagnosed("AOSD", "c2", written=2), at=5) == Counts(corrected=1)  # another's clock
    assert known(any_store, "context") == [["AOSD"]]


def test_a_context_taken_back_of_one_record_is_gone_from_the_person_it_is_joined_with(any_store: Store) -> None:
    say(any_store, diagnosed("sJIA"), diagnosed("AOSD", "c2", patient="P2"))
    merges.say(any_store, "P1", "P2", at=MORNING + HOUR, by="Dr Sommer", reason="one", source="person", run_id="r")
    assert known(any_store, "patient_id", "context") == [["P2", "AOSD"]]
    say(any_store, diagnosed("", "c2", patient="P2"), at=2)
    assert known(any_store, "context") == [["sJIA"]]
    say(any_store, diagnosed(""), at=3)
    assert known(any_store, "context") == [[""]]


def test_which_names_still_tell_a_context(any_store: Store) -> None:
    say(any_store, diagnosed("sJIA"), diagnosed("SLE", "c2"), diagnosed("AOSD", "c3", patient="P2"), source="lis")
    say(any_store, diagnosed("", "c2"), at=1, source="lis")
    told = people.contexts_told_by(any_store, "lis", ["c3", "c2", "c1", "c9"])
    assert told[["patient_id", "source_id", "context"]].to_numpy().tolist() == [
        ["P1", "c1", "sJIA"],
        ["P2", "c3", "AOSD"],
    ]
    assert people.contexts_told_by(any_store, "other", ["c1"]).empty


def test_patients_may_be_asked_for_by_name(any_store: Store) -> None:
    say(any_store, *({"patient_id": f"P{n}", "sex": "male"} for n in range(3)))
    asked = queries.patients(any_store, as_of=LATER, patients=["P2", "P0", "P9"])
    assert asked["patient_id"].tolist() == ["P0", "P2"]
