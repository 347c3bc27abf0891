from __future__ import annotations

from datetime import timedelta

import pytest

from storage import queries
from storage.engine import Store
from storage.writes import (
    acknowledge,
    end_answer,
    record_access,
    record_flag_changes,
    record_run,
    snooze,
)
from tests.storage.facts import HOUR, LATER, MORNING
from tests.storage.test_queries import raised

MINUTE = timedelta(minutes=1)


def run(hours: float, **more: object) -> dict[str, object]:
    started = {"run_id": f"r{hours:g}", "source": "drop", "kind": "cycle", "started_at": MORNING + hours * HOUR}
    return started | more


def test_a_run_is_seen_when_it_starts_and_tells_its_counts_when_it_ends(any_store: Store) -> None:
    record_run(any_store, run(0))
    assert queries.runs(any_store, limit=5)["finished_at"].isna().all()
    record_run(any_store, run(0, finished_at=MORNING + MINUTE, read=9, new=6, unchanged=1, corrected=1, set_aside=1))
    told = queries.runs(any_store, limit=5)
    assert told[["read", "new", "unchanged", "corrected", "set_aside"]].values.tolist() == [[9, 6, 1, 1, 1]]
    assert told["outcome"].tolist() == ["ok"]
    assert told["finished_at"].tolist() == [MORNING + MINUTE]


def test_a_run_that_never_finished_stays_visible_and_is_no_success(any_store: Store) -> None:
    record_run(any_store, run(0, finished_at=MORNING + MINUTE))
    record_run(any_store, run(12))
    record_run(any_store, run(24, finished_at=MORNING + 24 * HOUR, outcome="failed", error="The folder is gone."))
    record_run(any_store, run(25, finished_at=MORNING + 25 * HOUR, kind="ingest"))
    told = queries.runs(any_store, limit=3)
    assert told["run_id"].tolist() == ["r25", "r24", "r12"]
    assert told["finished_at"].isna().tolist() == [False, False, True]
    assert queries.last_success(any_store) == MORNING + MINUTE
    assert queries.last_success(any_store, kind="ingest") == MORNING + 25 * HOUR
    assert queries.last_success(any_store, kind="arrival") is None


def test_a_run_has_a_row_for_each_source(any_store: Store) -> None:
    record_run(any_store, run(0))
    record_run(any_store, run(0, source="lis"))
    assert sorted(queries.runs(any_store, limit=5)["source"]) == ["drop", "lis"]


def test_a_flag_change_is_written_once_and_stays_as_it_was_written(any_store: Store) -> None:
    assert record_flag_changes(any_store, raised()) == 1
    assert record_flag_changes(any_store, raised(hours=12).assign(sentence="Another sentence.")) == 0
    assert record_flag_changes(any_store, raised(seq=1, hours=12)) == 1
    kept = queries.flag_changes(any_store, as_of=LATER)
    assert kept[["seq", "sentence"]].values.tolist() == [[0, "Ferritin doubled."], [1, "Ferritin doubled."]]
    assert len(queries.flag_changes(any_store, as_of=MORNING + 11 * HOUR)) == 1
    assert queries.flag_changes(any_store, as_of=LATER, patients=["P2"]).empty


def test_no_flag_changes_are_no_work(any_store: Store) -> None:
    assert record_flag_changes(any_store, raised().head(0)) == 0


def test_an_acknowledgement_says_who_when_and_why_and_stands_once(any_store: Store) -> None:
    for _ in range(2):
        acknowledge(any_store, "P1", "ferritin_rising", seq=2, at=MORNING, by="Dr Sommer", reason="anakinra started")
    kept = queries.acknowledgements(any_store, as_of=LATER)
    assert kept.values.tolist() == [["P1", "ferritin_rising", 2, MORNING, "Dr Sommer", "anakinra started"]]
    assert queries.acknowledgements(any_store, as_of=MORNING - MINUTE).empty


def test_a_snooze_says_who_when_why_and_until_when_and_stands_once(any_store: Store) -> None:
    until = MORNING + 4 * HOUR
    for reason in ("repeat sample sent", "another reason"):
        snooze(any_store, "P1", "ferritin_rising", seq=2, at=MORNING, until=until, by="Dr Sommer", reason=reason)
    kept = queries.snoozes(any_store, as_of=LATER)
    assert kept.values.tolist() == [["P1", "ferritin_rising", 2, MORNING, until, "Dr Sommer", "repeat sample sent"]]
    assert queries.snoozes(any_store, as_of=MORNING - MINUTE).empty
    assert queries.snoozes(any_store, as_of=LATER, patients=["P2"]).empty


def test_snoozing_again_adds_and_changes_nothing_that_was_said(any_store: Store) -> None:
    for hours in (2, 0):
        at = MORNING + hours * HOUR
        snooze(any_store, "P1", "ferritin_rising", seq=0, at=at, until=at + HOUR, by="Dr Sommer", reason="waiting")
    assert queries.snoozes(any_store, as_of=LATER)["at"].tolist() == [MORNING, MORNING + 2 * HOUR]
    assert len(queries.snoozes(any_store, as_of=MORNING + HOUR)) == 1


@pytest.mark.parametrize("answer", ["acknowledged", "snoozed"])
def test_what_is_taken_back_stays_said_beside_its_taking_back(any_store: Store, answer: str) -> None:
    acknowledge(any_store, "P1", "ferritin_rising", seq=0, at=MORNING, by="Dr Sommer", reason="known")
    for _ in range(2):
        end_answer(any_store, "P1", "ferritin_rising", seq=0, answer=answer, at=MORNING + HOUR, by="Dr Weber")
    kept = queries.answer_ends(any_store, as_of=LATER)
    assert kept.values.tolist() == [["P1", "ferritin_rising", 0, answer, MORNING + HOUR, "Dr Weber", ""]]
    assert queries.answer_ends(any_store, as_of=MORNING + 59 * MINUTE).empty
    assert len(queries.acknowledgements(any_store, as_of=LATER)) == 1


def test_every_patient_looked_at_is_written_down_each_time(any_store: Store) -> None:
    record_access(any_store, MORNING, "dr.sommer", "patient page", ["P1", "P2"])
    record_access(any_store, MORNING, "dr.sommer", "patient page", ["P1"])
    record_access(any_store, MORNING, "dr.sommer", "export", [])
    assert queries.counts(any_store)["access"] == 3
