"""Of whom the store tells something new: of nobody else, and of everybody where it cannot tell of whom."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from storage import merges
from storage.changed import Stand, differing, stand
from storage.engine import Store
from storage.frames import FLAG_CHANGES, shaped
from storage.writes import append, record_flag_changes
from tests.storage.facts import HOUR, MORNING, batch, dose, finding, lab, tell

NOW = MORNING + 30 * HOUR


@pytest.fixture
def known(any_store: Store) -> Store:
    for number, patient in enumerate(("P1", "P2", "P3")):
        tell(any_store, lab(number, 100, patient=patient), at=number)
    return any_store


def raised(patient: str) -> pd.DataFrame:
    told = {"patient_id": patient, "flag": "ferritin_rising", "seq": 0, "change": "raised", "severity": "watch"}
    times = dict.fromkeys(("began_at", "changed_at", "recorded_at"), NOW)
    return shaped(pd.DataFrame([told | times]), FLAG_CHANGES)


def news(store: Store, had: Stand, hours: float = 0) -> set[str] | None:
    return differing(store, had, stand(store, as_of=NOW + hours * HOUR))


def test_with_nothing_new_there_is_nobody(known: Store) -> None:
    had = stand(known, as_of=NOW)
    tell(known, lab(2, 100, patient="P3"), at=3)  # said again
    assert news(known, had, 1) == set()


@pytest.mark.parametrize("late", [0, 20, 30], ids=["just now", "hours late", "at a moment that others have"])
def test_a_result_is_news_of_its_patient_however_late_it_was_committed(known: Store, late: float) -> None:
    tell(known, lab(8, 100, patient="P1"), at=30 - late)
    had = stand(known, as_of=NOW)
    tell(known, lab(9, 120, patient="P2"), at=30 - late)
    found = news(known, had, 1)
    assert found is not None
    assert "P2" in found


def test_doses_and_findings_are_news_too_and_the_others_are_left_out(known: Store) -> None:
    had = stand(known, as_of=NOW)
    append(known, batch(30.5, doses=[dose(1, 500, patient="P1")]))
    assert news(known, had, 1) == {"P1"}
    append(known, batch(30.6, findings=[finding(1, "yes", patient="P3")]))
    assert news(known, had, 1) == {"P1", "P3"}


def test_what_counts_as_received_later_is_news_when_that_has_come(known: Store) -> None:
    tell(known, lab(9, 120, patient="P2"), at=31)
    had = stand(known, as_of=NOW)
    assert news(known, had, 0.5) == set()
    assert news(known, had, 1) == {"P2"}


def test_a_change_of_a_flag_is_news_of_its_patient(known: Store) -> None:
    had = stand(known, as_of=NOW)
    record_flag_changes(known, raised("P2"))
    assert news(known, had) == {"P2"}


def test_a_merge_is_news_of_whom_its_history_is_read_under(known: Store) -> None:
    had = stand(known, as_of=NOW)
    merges.say(known, "P3", "P1", at=NOW + HOUR, by="Dr Weber", reason="one", source="hand", run_id="m")
    assert news(known, had, 1) == {"P1"}
    had = stand(known, as_of=NOW + HOUR)
    assert news(known, had, 2) == set()
    tell(known, lab(9, 120, patient="P3"), at=32)
    assert news(known, had, 2) == {"P1"}


def test_after_days_too_what_is_committed_late_is_news_of_its_patient(known: Store) -> None:
    had = stand(known, as_of=NOW)
    tell(known, lab(9, 120, patient="P2"), at=30 + 24 * 5)
    assert news(known, had, 24 * 5) == {"P2"}
    had = stand(known, as_of=NOW + 24 * 5 * HOUR)
    tell(known, lab(10, 120, patient="P3"), at=29)
    assert news(known, had, 24 * 5) == {"P3"}


def test_an_end_that_was_planned_is_news_when_it_has_come(known: Store) -> None:
    append(known, batch(30, doses=[dose(1, 500, patient="P1", ended_at=MORNING + 33 * HOUR)]))
    had = stand(known, as_of=NOW)
    assert news(known, had, 2) == set()
    assert news(known, had, 3) == {"P1"}


def test_a_result_is_news_of_who_has_something_planned_too(known: Store) -> None:
    append(known, batch(30, doses=[dose(1, 500, patient="P1", ended_at=MORNING + 33 * HOUR)]))
    had = stand(known, as_of=NOW)
    tell(known, lab(9, 120, patient="P1"), at=31)
    assert news(known, had, 1) == {"P1"}


def test_by_a_clock_that_went_back_it_may_be_anybody(known: Store) -> None:
    had = stand(known, as_of=NOW)
    assert differing(known, had, stand(known, as_of=NOW - timedelta(seconds=1))) is None
