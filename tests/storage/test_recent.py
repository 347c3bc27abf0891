"""Reads that go no further back than they are asked, on either store: what they hold, and what they are found by."""

from __future__ import annotations

import pandas as pd
import pytest
from sqlalchemy import event

from storage import frames, merges, recent
from storage.engine import Store
from storage.writes import append
from tests.storage.facts import HOUR, LATER, MORNING, batch, dose, finding, lab, tell

DAY = 24 * HOUR


def stretch(patient: str, since: float, until: float = 1000) -> pd.DataFrame:
    """Of one patient, in days after the morning."""
    told = pd.DataFrame({"patient_id": [patient], "since": [MORNING + since * DAY], "until": [MORNING + until * DAY]})
    return told.astype(recent.STRETCH)


def of(*parts: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True)


def test_only_what_was_drawn_in_a_stretch_of_its_patient_is_read(any_store: Store) -> None:
    tell(any_store, *(lab(day, 100, hours=24 * day) for day in range(1, 9)))
    tell(any_store, *(lab(10 + day, 100, hours=24 * day, patient="P2") for day in range(1, 9)))
    asked = of(stretch("P1", 2, 3), stretch("P1", 7), stretch("P2", 8))
    told = recent.observations(any_store, asked, as_of=LATER)
    assert told["ref"].tolist() == [2, 3, 7, 8, 18]
    assert told.dtypes.astype(str).to_dict() == frames.empty(frames.OBSERVATIONS).dtypes.astype(str).to_dict()


def test_of_each_fact_the_last_version_known_by_then_is_read(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=24), lab(2, 100, hours=48), at=50)
    tell(any_store, lab(1, 120, hours=24), at=60)
    asked = stretch("P1", 0)
    assert recent.observations(any_store, asked, as_of=MORNING + 55 * HOUR)["value"].tolist() == [100, 100]
    now = recent.observations(any_store, asked, as_of=LATER)
    assert now[["ref", "version", "value"]].values.tolist() == [[1, 2, 120], [2, 1, 100]]


def test_a_value_that_a_correction_moved_is_read_where_it_lies_now(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=24), lab(2, 100, hours=24 * 9), at=220)
    tell(any_store, lab(1, 100, hours=24 * 9, digest=1), lab(2, 100, hours=24, digest=1), at=230)
    assert recent.observations(any_store, stretch("P1", 5), as_of=LATER)["ref"].tolist() == [1]
    assert recent.observations(any_store, stretch("P1", 0, 5), as_of=LATER)["ref"].tolist() == [2]


def test_a_course_that_runs_and_a_dose_that_ended_late_are_read_with_those_begun(any_store: Store) -> None:
    given = [
        dose(1, 60, hours=0, unit="mg/day"),
        dose(2, 60, hours=0),
        dose(3, 60, hours=0, unit="mg/day", ended_at=MORNING + 2 * DAY),
        dose(4, 60, hours=0, unit="mg/day", ended_at=MORNING + 9 * DAY),
        dose(5, 60, hours=24 * 8),
    ]
    append(any_store, batch(300, doses=given))
    assert recent.doses(any_store, stretch("P1", 5), as_of=LATER)["ref"].tolist() == [1, 4, 5]


def test_findings_are_read_by_their_name(any_store: Store) -> None:
    seen = [finding(1, "yes", hours=24), finding(2, "yes", hours=24 * 8), finding(3, "no", hours=24 * 9)]
    append(any_store, batch(300, findings=seen))
    assert recent.findings(any_store, stretch("P1", 5), as_of=LATER, name="splenomegaly")["ref"].tolist() == [2, 3]
    assert recent.findings(any_store, stretch("P1", 5), as_of=LATER, name="rash").empty


def test_weights_and_heights_are_read_by_themselves(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=24), lab(2, 30, hours=24, analyte="weight"), lab(3, 130, analyte="height"))
    assert sorted(recent.sizes(any_store, stretch("P1", 0), as_of=LATER)["ref"]) == [2, 3]
    assert recent.sizes(any_store, stretch("P1", 0.5), as_of=LATER, without=["unit"])["ref"].tolist() == [2]


def test_the_newest_result_is_the_last_that_counts(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=24), lab(2, 100, hours=48), lab(3, 37, hours=72, analyte="temperature"), at=73)
    tell(any_store, lab(4, 100, hours=24, patient="P2"), at=73)
    tell(any_store, lab(2, 100, hours=48, status="entered-in-error", digest=1), at=80)
    asked = of(stretch("P1", 0), stretch("P2", 0), stretch("P3", 0))
    told = recent.newest(any_store, asked, as_of=LATER, without=["temperature"])
    assert told["patient_id"].tolist() == ["P1", "P2"]
    assert told["drawn_at"].tolist() == [MORNING + DAY, MORNING + DAY]
    before = recent.newest(any_store, stretch("P1", 0), as_of=MORNING + 75 * HOUR, without=["temperature"])
    assert before["drawn_at"].tolist() == [MORNING + 2 * DAY]
    assert recent.newest(any_store, stretch("P1", 0, 0.9), as_of=LATER, without=["temperature"]).empty


def test_every_version_of_some_values_is_read_however_old(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=24), lab(2, 100, hours=48))
    tell(any_store, lab(1, 120, hours=24), at=60)
    told = recent.versions(any_store, [("P1", 1), ("P2", 2)], as_of=LATER)
    assert told[["ref", "version"]].values.tolist() == [[1, 1], [1, 2]]
    assert recent.versions(any_store, [], as_of=LATER).empty


def test_joined_records_are_read_whole(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=0), lab(2, 100, hours=24, patient="P2"), lab(3, 100, patient="P3"), at=30)
    merges.say(any_store, "P2", "P1", at=MORNING + 40 * HOUR, by="A", reason="one child", source="", run_id="r")
    asked = of(stretch("P1", 5), stretch("P3", 5))
    told = recent.observations(any_store, asked, as_of=LATER)
    assert told[["patient_id", "ref"]].values.tolist() == [["P1", 1], ["P1", 2]]
    assert recent.observations(any_store, asked, as_of=MORNING + 35 * HOUR).empty
    assert recent.versions(any_store, [("P1", 2)], as_of=LATER)["patient_id"].tolist() == ["P1"]


@pytest.mark.sqlite
def test_sqlite_finds_a_stretch_by_the_key_and_weights_and_courses_by_their_own_index(store: Store) -> None:
    asked, wanted = [], "SEARCH {} USING {} (patient_id=? AND collected_at>? AND collected_at<?)"
    drugs = "SEARCH {} USING {} (patient_id=? AND started_at{}?)"
    event.listen(store.engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    recent.observations(store, stretch("P1", 1), as_of=LATER)
    recent.sizes(store, stretch("P1", 1), as_of=LATER)
    recent.doses(store, stretch("P1", 1), as_of=LATER)
    with store.reading() as connection:
        plans = [
            [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for statement, parameters in [*asked]
            if "AS stretch" in statement
        ]
    assert wanted.format("observation", "PRIMARY KEY") in plans[0]
    assert wanted.format("few", "INDEX ix_observation_size") in plans[1]
    assert drugs.format("dose", "PRIMARY KEY", ">") in plans[2]
    assert drugs.format("few", "INDEX ix_dose_course", "<") in plans[3]
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in plans[0])
    assert len(plans) == 4
