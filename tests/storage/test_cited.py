"""Every version of a value is found from the time of any one of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from storage import cited, merges
from storage.engine import Store
from tests.storage.facts import HOUR, LATER, MORNING, lab, tell

DAY = 24 * HOUR
MOMENT = timedelta(microseconds=123_456)


def versions(store: Store, drawn: dict[tuple[str, int], Any], as_of: datetime = LATER) -> list[list[Any]]:
    return cited.versions(store, drawn, as_of=as_of)[["patient_id", "ref", "version"]].values.tolist()


def test_every_version_of_some_values_is_read_however_old(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=24), lab(2, 100, hours=48), lab(3, 100, hours=24, source_id=""))
    tell(any_store, lab(1, 120, hours=24), lab(3, 120, hours=24, source_id=""), at=60)
    asked = {("P1", 1): MORNING + DAY, ("P1", 3): MORNING + DAY, ("P2", 2): MORNING}
    assert versions(any_store, asked) == [["P1", 1, 1], ["P1", 1, 2], ["P1", 3, 1], ["P1", 3, 2]]
    assert versions(any_store, asked, as_of=MORNING + 50 * HOUR) == [["P1", 1, 1], ["P1", 3, 1]]
    assert versions(any_store, {}) == []


def test_a_value_that_was_moved_is_found_from_either_time_told_to_the_second(any_store: Store) -> None:
    tell(any_store, lab(1, 100, collected_at=MORNING + DAY + MOMENT))
    tell(any_store, lab(1, 120, collected_at=MORNING + 2 * DAY + MOMENT), at=60)
    for drawn in ("2026-03-03T06:00:00+00:00", "2026-03-04T06:00:00+00:00", MORNING + DAY + MOMENT):
        assert versions(any_store, {("P1", 1): drawn}) == [["P1", 1, 1], ["P1", 1, 2]]
    assert versions(any_store, {("P1", 1): MORNING, ("P1", 2): None}) == []


def test_what_was_told_of_one_person_under_two_numbers_is_one_value(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=0), lab(2, 100, hours=24, patient="P2"))
    tell(any_store, lab(1, 120, hours=5, patient="P2"), at=30)
    merges.say(any_store, "P2", "P1", at=MORNING + 40 * HOUR, by="A", reason="one child", source="", run_id="r")
    assert versions(any_store, {("P1", 2): MORNING + DAY}) == [["P1", 2, 1]]
    assert versions(any_store, {("P1", 1): MORNING}) == [["P1", 1, 1], ["P1", 1, 2]]


@pytest.mark.sqlite
def test_sqlite_goes_along_the_key_and_the_index_of_names(store: Store) -> None:
    asked: list[Any] = []
    event.listen(store.engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    cited.versions(store, {("P1", 1): MORNING}, as_of=LATER)
    [(statement, parameters)] = [each for each in asked if "AS seen" in each[0]]
    with store.reading() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert "SEARCH seen USING PRIMARY KEY (patient_id=? AND collected_at>? AND collected_at<?)" in plan
    assert "SEARCH few USING COVERING INDEX ix_observation_source (patient_id=? AND source_id=? AND ref=?)" in plan
    assert "SEARCH few USING PRIMARY KEY (patient_id=? AND collected_at>? AND collected_at<?)" in plan
    assert "SEARCH observation USING PRIMARY KEY (patient_id=? AND collected_at=? AND ref=? AND version=?)" in plan
