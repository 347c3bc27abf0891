"""Who may do what, and who saw whom, on a real store of either kind."""

from __future__ import annotations

from datetime import timedelta

from storage.accesses import Seen, accesses, note
from storage.engine import Store
from storage.frames import ACCESSES, PEOPLE
from storage.staff import people, said_of_people, say, standing
from tests.storage.facts import HOUR, LATER, MORNING


def roles(store: Store, *, at: timedelta = timedelta(days=1)) -> list[tuple[str, str]]:
    told = people(store, as_of=MORNING + at)
    return list(zip(told["subject"], told["role"], strict=True))


def roles_of(store: Store, *subjects: str, at: timedelta = timedelta(days=1)) -> list[tuple[str, str]]:
    return [(one.subject, one.role) for one in standing(store, subjects, as_of=MORNING + at)]


def test_nobody_and_nothing_seen_are_empty_frames_of_the_promised_shapes(any_store: Store) -> None:
    assert list(people(any_store, as_of=LATER)) == list(PEOPLE)
    assert list(accesses(any_store)) == list(ACCESSES)


def test_the_newest_word_on_somebody_counts_and_the_older_ones_stay(any_store: Store) -> None:
    say(any_store, "ada", at=MORNING, name="Ada", role="viewer", by="cli")
    say(any_store, "bo", at=MORNING, name="Bo", role="admin", by="cli")
    say(any_store, "ada", at=MORNING + 2 * HOUR, name="Ada", role="clinician", by="Bo")
    say(any_store, "ada", at=MORNING + 4 * HOUR, name="Ada", role="", by="Bo")
    assert roles(any_store) == [("ada", ""), ("bo", "admin")]
    assert roles(any_store, at=3 * HOUR) == [("ada", "clinician"), ("bo", "admin")]
    assert roles(any_store, at=-HOUR) == []
    assert said_of_people(any_store)["role"].tolist() == ["viewer", "clinician", "", "admin"]


def test_people_may_be_asked_for_by_subject(any_store: Store) -> None:
    for subject in ("ada", "bo", "cy"):
        say(any_store, subject, at=MORNING, name=subject, role="viewer", by="cli")
    say(any_store, "cy", at=MORNING + HOUR, name="cy", role="", by="cli")
    assert roles_of(any_store, "cy", "ada", "nobody") == [("ada", "viewer"), ("cy", "")]
    assert roles_of(any_store, "cy", at=HOUR / 2) == [("cy", "viewer")]
    assert roles_of(any_store) == []


def test_what_was_seen_is_told_newest_first_by_patient_by_person_and_since(any_store: Store) -> None:
    note(any_store, [Seen(MORNING, "ada", "patient", "P1"), Seen(MORNING + HOUR, "bo", "ward", "*")])
    note(any_store, [Seen(MORNING + 2 * HOUR, "ada", "rounds on paper", patient) for patient in ("P1", "P2")])
    assert accesses(any_store)["what"].tolist() == ["rounds on paper", "rounds on paper", "ward", "patient"]
    assert accesses(any_store, patient="P1")["what"].tolist() == ["rounds on paper", "patient"]
    assert accesses(any_store, who=["bo", "nobody"])["patient_id"].tolist() == ["*"]
    assert accesses(any_store, since=MORNING + HOUR, patient="P1")["at"].tolist() == [MORNING + 2 * HOUR]
    assert len(accesses(any_store, most=1)) == 1
