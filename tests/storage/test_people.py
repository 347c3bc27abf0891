from __future__ import annotations

from typing import Any

from storage import queries
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


def test_patients_may_be_asked_for_by_name(any_store: Store) -> None:
    say(any_store, *({"patient_id": f"P{n}", "sex": "male"} for n in range(3)))
    asked = queries.patients(any_store, as_of=LATER, patients=["P2", "P0", "P9"])
    assert asked["patient_id"].tolist() == ["P0", "P2"]
