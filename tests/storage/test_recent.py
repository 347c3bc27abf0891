"""Reads that go no further back than they are asked, on either store: what they hold, and what they are found by."""

from __future__ import annotations

import pandas as pd
import pytest
from sqlalchemy import event

from storage import frames, last_drawn, merges, recent
from storage.engine import Store
from storage.writes import append
from tests.storage.facts import HOUR, LATER, MORNING, batch, dose, finding, lab, tell

DAY = 24 * HOUR
BARE = ("loinc", "source_id", "origin", "unit", "value_text", "unit_text", "reference_low", "reference_high")


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
    told = last_drawn.newest(any_store, asked, as_of=LATER, without=["temperature"])
    assert told["patient_id"].tolist() == ["P1", "P2"]
    assert told["drawn_at"].tolist() == [MORNING + DAY, MORNING + DAY]
    before = last_drawn.newest(any_store, stretch("P1", 0), as_of=MORNING + 75 * HOUR, without=["temperature"])
    assert before["drawn_at"].tolist() == [MORNING + 2 * DAY]
    assert last_drawn.newest(any_store, stretch("P1", 0, 0.9), as_of=LATER, without=["temperature"]).empty


def test_joined_records_are_read_whole(any_store: Store) -> None:
    tell(any_store, lab(1, 100, hours=0), lab(2, 100, hours=24, patient="P2"), lab(3, 100, patient="P3"), at=30)
    merges.say(any_store, "P2", "P1", at=MORNING + 40 * HOUR, by="A", reason="one child", source="", run_id="r")
    asked = of(stretch("P1", 5), stretch("P3", 5))
    told = recent.observations(any_store, asked, as_of=LATER)
    assert told[["patient_id", "ref"]].values.tolist() == [["P1", 1], ["P1", 2]]
    assert recent.observations(any_store, asked, as_of=MORNING + 35 * HOUR).empty


def test_what_is_read_without_texts_of_its_own_is_told_the_same_to_the_last_bit(any_store: Store) -> None:
    precise, day = 0.1 + 0.2, MORNING + DAY
    tell(
        any_store,
        lab(4, precise, hours=24, patient="P2", resulted_at=day.replace(microsecond=1)),
        lab(3, 4e-300, hours=24, analyte="crp", method="turbidimetric"),
        lab(1, 40_000, hours=24, comparator=">", method="ECLIA"),
        lab(2, 0, hours=48, status="cancelled") | {"value": None},
        at=50,
    )
    tell(any_store, lab(3, 12, hours=25, analyte="crp", method="turbidimetric"), at=60)
    asked = of(stretch("P2", 0), stretch("P1", 1.5), stretch("P1", 0, 1.5))
    told = recent.observations(any_store, asked, as_of=LATER, without=BARE)
    assert told[["patient_id", "ref", "version", "method"]].values.tolist() == [
        ["P1", 1, 1, "ECLIA"], ["P1", 3, 2, "turbidimetric"], ["P1", 2, 1, ""], ["P2", 4, 1, ""],
    ]  # fmt: skip
    assert told["value"].tolist()[:2] + told["value"].tolist()[3:] == [40_000, 12, precise]
    assert told["value"].isna().tolist() == [False, False, True, False]
    assert told["resulted_at"].isna().tolist() == [True, True, True, False]
    assert told["resulted_at"].iloc[3] == day.replace(microsecond=1)
    whole = recent.observations(any_store, asked, as_of=LATER)
    pd.testing.assert_frame_equal(told, whole.drop(columns=[*BARE]))
    first = recent.observations(any_store, asked, as_of=MORNING + 55 * HOUR, without=BARE)
    assert first["value"].tolist()[:2] == [40_000, 4e-300]


def test_of_some_analytes_the_rest_is_read_only_from_where_all_are_wanted(any_store: Store) -> None:
    sodium = [lab(10 + day, 140, hours=24 * day, analyte="sodium") for day in range(1, 4)]
    tell(any_store, *(lab(day, 100, hours=24 * day) for day in range(1, 4)), *sodium)
    tell(any_store, lab(20, 140, hours=24, analyte="sodium", patient="P2"))
    asked = of(stretch("P1", 0), stretch("P2", 0)).assign(whole_from=[MORNING + 3 * DAY, MORNING + 2 * DAY])
    told = recent.observations(any_store, asked.astype(recent.PICKED), as_of=LATER, analytes={"ferritin"})
    assert told["ref"].tolist() == [1, 2, 3, 13]


def test_of_the_rest_what_bears_a_name_is_read_wherever_it_lies(any_store: Store) -> None:
    how = enumerate([{"method": "ISE"}, {"specimen": "serum"}, {}, {"method": "ISE", "specimen": "serum"}])
    tell(any_store, *(lab(n, 140, hours=24 * (n + 1), analyte="sodium", **named) for n, named in how))
    asked = stretch("P1", 0).assign(whole_from=[MORNING + 30 * DAY])
    told = recent.observations(any_store, asked.astype(recent.PICKED), as_of=LATER, analytes={"ferritin"})
    assert told["ref"].tolist() == [0, 1, 3]


def test_what_was_replaced_is_not_read_wherever_the_later_version_lies(any_store: Store) -> None:
    """In the columns a judgement asks: the versions are then compared here and not by the database."""
    tell(any_store, *(lab(ref, 100 + ref, hours=24) for ref in (1, 2, 3, 4)), lab(1, 7, hours=24, patient="P2"), at=30)
    moved = lab(1, 111, hours=24 * 9, digest=1)
    tell(any_store, moved, lab(2, 112, hours=26, digest=1), lab(3, 113, hours=24, digest=1, status="cancelled"), at=230)
    tell(any_store, lab(2, 122, hours=25, digest=2), at=240)
    asked = of(stretch("P1", 0, 5), stretch("P2", 0, 5))
    assert _versions(any_store, asked, hours=300) == [("P1", 2, 3), ("P1", 3, 2), ("P1", 4, 1), ("P2", 1, 1)]
    assert _versions(any_store, asked, hours=235) == [("P1", 2, 2), ("P1", 3, 2), ("P1", 4, 1), ("P2", 1, 1)]
    assert _versions(any_store, asked, hours=100) == [("P1", ref, 1) for ref in (1, 2, 3, 4)] + [("P2", 1, 1)]
    assert _versions(any_store, stretch("P1", 5), hours=300) == [("P1", 1, 2)]


def _versions(store: Store, asked: pd.DataFrame, *, hours: float) -> list[tuple[str, int, int]]:
    told = recent.observations(store, asked, as_of=MORNING + hours * HOUR, without=BARE)
    return sorted(told[["patient_id", "ref", "version"]].itertuples(index=False, name=None))


def test_of_a_dose_the_last_version_alone_is_read(any_store: Store) -> None:
    append(any_store, batch(30, doses=[dose(1, 60, hours=24), dose(2, 60, hours=24)]))
    append(any_store, batch(40, doses=[dose(1, 80, hours=1, digest=1)]))
    bare = ("loinc", "source_id", "origin")
    told = recent.doses(any_store, stretch("P1", 0.5), as_of=LATER, without=bare)
    assert told[["ref", "version"]].values.tolist() == [[2, 1]]
    before = recent.doses(any_store, stretch("P1", 0.5), as_of=MORNING + 35 * HOUR, without=bare)
    assert before["ref"].tolist() == [1, 2]


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
            if "AS stretch" in statement or "AS later" in statement
        ]
    assert wanted.format("observation", "PRIMARY KEY") in plans[0]
    later = "SEARCH later USING {} ix_{}_corrected (patient_id=?)"
    assert later.format("INDEX", "observation") in plans[1]
    assert wanted.format("few", "INDEX ix_observation_size") in plans[2]
    assert drugs.format("dose", "PRIMARY KEY", ">") in plans[3]
    assert later.format("INDEX", "dose") in plans[4]
    assert drugs.format("few", "INDEX ix_dose_course", "<") in plans[5]
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in plans[0])
    assert len(plans) == 6
