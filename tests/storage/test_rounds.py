"""Rounds marked, noted and taken back on a real store of either kind."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from storage.engine import Store
from storage.frames import OBSERVATIONS, ROUNDS
from storage.rounds import add_note, amended, mark_done, rounds, standing, take_back
from tests.storage.facts import HOUR, LATER, MORNING, lab, tell


def test_nothing_said_is_an_empty_frame_of_the_promised_shape(any_store: Store) -> None:
    told = rounds(any_store, as_of=LATER)
    assert list(told) == list(ROUNDS)
    assert standing(told).empty


def test_a_mark_stands_with_its_author_and_note(any_store: Store) -> None:
    mark_done(any_store, "P1", at=MORNING, by="Dr Weber", note="repeat ferritin diluted")
    (told,) = rounds(any_store, as_of=LATER).to_dict("records")
    assert (told["at"], told["by"], told["done"]) == (MORNING, "Dr Weber", 1)
    assert told["note"] == "repeat ferritin diluted"
    assert pd.isna(told["ends"])


def test_what_is_said_later_is_not_known_before(any_store: Store) -> None:
    mark_done(any_store, "P1", at=MORNING + HOUR, by="Dr Weber")
    assert rounds(any_store, as_of=MORNING).empty
    assert len(rounds(any_store, as_of=MORNING + HOUR)) == 1


def test_a_mark_taken_back_no_longer_stands_and_is_still_stored(any_store: Store) -> None:
    first = mark_done(any_store, "P1", at=MORNING, by="Dr Weber")
    mark_done(any_store, "P2", at=MORNING, by="Dr Weber")
    second = mark_done(any_store, "P1", at=MORNING + HOUR, by="Dr Weber")
    take_back(any_store, "P1", ends=second, at=MORNING + 2 * HOUR, by="Dr Aydin")
    told = rounds(any_store, as_of=LATER)
    assert len(told) == 4
    kept = standing(told)
    assert list(zip(kept["patient_id"], kept["at"], strict=True)) == [("P1", first), ("P2", MORNING)]


def test_a_note_marks_nothing_as_done(any_store: Store) -> None:
    add_note(any_store, "P1", at=MORNING, by="Dr Weber", note="family informed")
    (told,) = rounds(any_store, as_of=LATER).to_dict("records")
    assert (told["done"], told["note"]) == (0, "family informed")


def test_two_people_at_one_moment_are_both_kept(any_store: Store) -> None:
    mark_done(any_store, "P1", at=MORNING, by="Dr Weber")
    stands = mark_done(any_store, "P1", at=MORNING, by="Dr Aydin")
    assert stands == MORNING + timedelta(microseconds=1)
    assert rounds(any_store, as_of=LATER)["by"].tolist() == ["Dr Weber", "Dr Aydin"]


def test_the_same_said_twice_stands_once(any_store: Store) -> None:
    for _ in range(2):
        mark_done(any_store, "P1", at=MORNING, by="Dr Weber", note="seen")
    assert len(rounds(any_store, as_of=LATER)) == 1


def test_only_the_patients_asked_for_are_read(any_store: Store) -> None:
    for patient in ("P1", "P2"):
        mark_done(any_store, patient, at=MORNING, by="Dr Weber")
    assert rounds(any_store, as_of=LATER, patients=["P2"])["patient_id"].tolist() == ["P2"]


def test_a_corrected_value_is_found_with_what_it_was(any_store: Store) -> None:
    tell(any_store, lab(1, 7400), lab(2, 8800, hours=1), at=2)
    tell(any_store, lab(1, 6400, issued=3, status="corrected"), at=4)
    found = amended(any_store, since=MORNING + 2 * HOUR, as_of=LATER)
    assert list(found) == list(OBSERVATIONS)
    assert found[["ref", "version", "value"]].to_numpy().tolist() == [[1, 1, 7400], [1, 2, 6400]]


def test_a_value_corrected_before_is_no_news(any_store: Store) -> None:
    tell(any_store, lab(1, 7400))
    tell(any_store, lab(1, 6400, issued=1, status="corrected"), at=1)
    assert amended(any_store, since=MORNING + HOUR, as_of=LATER).empty
    assert amended(any_store, since=MORNING, as_of=LATER, patients=["P2"]).empty


def test_a_correction_that_moved_the_draw_comes_with_the_value_of_before(any_store: Store) -> None:
    tell(any_store, lab(1, 7400))
    tell(any_store, lab(1, 6400, hours=3, issued=4, status="corrected"), at=5)
    found = amended(any_store, since=MORNING + 2 * HOUR, as_of=LATER)
    assert found["version"].tolist() == [1, 2]
    assert (found["collected_at"].diff().dropna() == 3 * HOUR).all()
