from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
import pytest

from storage import frames, queries
from storage.engine import Store
from storage.versions import current
from storage.writes import acknowledge, append, end_answer, record_flag_changes, snooze
from tests.storage.facts import HOUR, LATER, MORNING, batch, dose, finding, lab, tell

READS: list[tuple[Callable[[Store], pd.DataFrame], dict[str, str]]] = [
    (lambda store: queries.observations(store, as_of=LATER), frames.OBSERVATIONS),
    (lambda store: queries.doses(store, as_of=LATER), frames.DOSES),
    (lambda store: queries.findings(store, as_of=LATER), frames.FINDINGS),
    (lambda store: queries.patients(store, as_of=LATER), frames.PATIENTS),
    (lambda store: queries.runs(store, limit=5), frames.RUNS),
    (lambda store: queries.set_aside(store), frames.SET_ASIDE),
    (lambda store: queries.flag_changes(store, as_of=LATER), frames.FLAG_CHANGES),
    (lambda store: queries.acknowledgements(store, as_of=LATER), frames.ACKNOWLEDGEMENTS),
    (lambda store: queries.snoozes(store, as_of=LATER), frames.SNOOZES),
    (lambda store: queries.answer_ends(store, as_of=LATER), frames.ANSWER_ENDS),
]


@pytest.mark.parametrize(("read", "shape"), READS)
def test_every_read_has_its_promised_shape_when_there_is_nothing(
    any_store: Store, read: Callable[[Store], pd.DataFrame], shape: dict[str, str]
) -> None:
    assert _shape(read(any_store)) == shape
    assert read(any_store).empty


@pytest.mark.parametrize(("read", "shape"), READS)
def test_every_read_has_the_same_shape_when_there_is_something(
    any_store: Store, read: Callable[[Store], pd.DataFrame], shape: dict[str, str]
) -> None:
    fill(any_store)
    assert _shape(read(any_store)) == shape
    assert len(read(any_store)) == 1


def fill(store: Store) -> None:
    aside = [{"id": "s1", "kind": "labs", "origin": "labs.csv:9", "reason": "no_time", "sentence": "-", "raw": "-"}]
    run = {"run_id": "r1", "source": "drop", "kind": "cycle", "started_at": MORNING, "read": 4, "new": 3}
    told = batch(
        0, observations=[lab(1, 12_000)], doses=[dose(2, 60)], findings=[finding(3, "yes")], set_aside=aside, run=run
    )
    append(store, told)
    record_flag_changes(store, raised())
    acknowledge(store, "P1", "ferritin_rising", seq=0, at=MORNING + HOUR, by="Dr Sommer", reason="known")
    later, until = MORNING + HOUR, MORNING + 3 * HOUR
    snooze(store, "P1", "ferritin_rising", seq=0, at=later, until=until, by="Dr Sommer", reason="sample sent")
    end_answer(store, "P1", "ferritin_rising", seq=0, answer="snoozed", at=until, by="Dr Weber")


def raised(*, seq: int = 0, hours: float = 1) -> pd.DataFrame:
    change = {
        "patient_id": "P1", "flag": "ferritin_rising", "seq": seq, "change": "raised", "severity": "urgent",
        "began_at": MORNING, "changed_at": MORNING, "recorded_at": MORNING + hours * HOUR, "rule_version": "1",
        "sentence": "Ferritin doubled.", "reason": "", "evidence": "[]", "confounders": "[]", "run_id": "r1",
    }  # fmt: skip
    return frames.shaped(pd.DataFrame([change]), frames.FLAG_CHANGES)


def _shape(frame: pd.DataFrame) -> dict[str, str]:
    return {name: str(kind) for name, kind in frame.dtypes.items()}


def test_what_was_received_at_the_very_moment_was_known_at_it(any_store: Store) -> None:
    tell(any_store, lab(1, 12_000), at=12)
    assert len(queries.observations(any_store, as_of=MORNING + 12 * HOUR)) == 1
    just_before = MORNING + 12 * HOUR - timedelta(microseconds=1)
    assert len(queries.observations(any_store, as_of=just_before)) == 0


def test_labs_come_in_order_of_patient_time_and_version(any_store: Store) -> None:
    tell(any_store, lab(3, 30, hours=6, patient="b"), lab(2, 20, hours=6), lab(1, 10, hours=0), lab(9, 90, patient="a"))
    tell(any_store, lab(2, 25, hours=6), at=8)
    known = queries.observations(any_store, as_of=LATER)
    assert known["value"].tolist() == [10, 20, 25, 90, 30]
    assert known.index.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("others", [1, 700])
def test_labs_may_be_asked_for_by_patient_analyte_and_day(any_store: Store, others: int) -> None:
    tell(any_store, lab(1, 10), lab(2, 20, hours=24), lab(3, 5, hours=24, analyte="crp"))
    tell(any_store, lab(4, 40, hours=24, patient="P2"))
    ask = {"as_of": LATER, "since": MORNING + 24 * HOUR, "analytes": ["ferritin", "ldh"]}
    named = ["P1", *(f"X{n}" for n in range(others))]
    assert queries.observations(any_store, patients=named, **ask)["value"].tolist() == [20]
    assert queries.observations(any_store, **ask)["value"].tolist() == [20, 40]
    assert queries.observations(any_store, as_of=LATER, patients=[]).empty


def test_a_value_corrected_to_a_time_before_the_day_asked_for_does_not_show_its_old_self(
    any_store: Store,
) -> None:
    tell(any_store, lab(1, 10, hours=48), lab(2, 20, hours=48))
    tell(any_store, lab(1, 10, hours=6, digest=77), at=50)
    day_three = MORNING + 40 * HOUR
    now = queries.observations(any_store, as_of=LATER, since=day_three)
    assert current(now)["value"].tolist() == [20]
    then = queries.observations(any_store, as_of=MORNING + 49 * HOUR, since=day_three)
    assert current(then)["value"].tolist() == [10, 20]
    assert queries.observations(any_store, as_of=LATER, since=day_three, patients=["P1"])["ref"].tolist() == [2]


def test_a_value_corrected_to_a_time_after_the_day_asked_for_shows_its_new_self(any_store: Store) -> None:
    tell(any_store, lab(1, 10, hours=6))
    tell(any_store, lab(1, 10, hours=48, digest=77), at=50)
    now = queries.observations(any_store, as_of=LATER, since=MORNING + 40 * HOUR)
    assert current(now)["collected_at"].tolist() == [MORNING + 48 * HOUR]


@pytest.mark.sqlite  # by the key in which it keeps its rows
def test_a_window_reads_only_its_days_of_each_patient(store: Store) -> None:
    tell(store, lab(1, 10))
    with store.reading() as connection:
        planned = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT * FROM observation WHERE collected_at >= 5 "
            "AND patient_id IN (SELECT patient_id FROM patient WHERE version = 0)"
        ).all()
    assert any("PRIMARY KEY (patient_id=? AND collected_at>?)" in row[3] for row in planned)


def test_the_mark_changes_with_everything_that_a_page_shows_and_with_nothing_else(any_store: Store) -> None:
    marks = [queries.mark(any_store)]
    fill(any_store)
    marks.append(queries.mark(any_store))
    tell(any_store, lab(8, 5, hours=1))  # at the same moment of receipt as the first
    marks.append(queries.mark(any_store))
    record_flag_changes(any_store, raised(seq=1))
    marks.append(queries.mark(any_store))
    acknowledge(any_store, "P1", "ferritin_rising", seq=1, at=MORNING, by="Dr Sommer", reason="known")
    marks.append(queries.mark(any_store))
    until = MORNING + 4 * HOUR
    snooze(any_store, "P1", "ferritin_rising", seq=1, at=MORNING, until=until, by="Dr Sommer", reason="waiting")
    marks.append(queries.mark(any_store))
    end_answer(any_store, "P1", "ferritin_rising", seq=1, answer="snoozed", at=MORNING + HOUR, by="Dr Sommer")
    marks.append(queries.mark(any_store))
    assert len(set(marks)) == 7
    tell(any_store, lab(8, 5, hours=1))
    record_flag_changes(any_store, raised(seq=1))
    assert queries.mark(any_store) == marks[-1]


def test_readers_see_one_moment_and_never_wait_for_the_writer(store: Store) -> None:
    tell(store, lab(1, 10))
    with store.writing() as writer:
        writer.exec_driver_sql("DELETE FROM observation")
        assert len(queries.observations(store, as_of=LATER)) == 1
        writer.exec_driver_sql("ROLLBACK")
        writer.exec_driver_sql("BEGIN")


def test_a_moment_without_a_zone_is_refused_wherever_it_is_asked_for(store: Store) -> None:
    with pytest.raises(ValueError, match="time zone"):
        queries.observations(store, as_of=datetime(2026, 3, 2, 6))  # noqa: DTZ001


def test_of_each_flag_the_last_word_is_read_however_much_was_said(any_store: Store) -> None:
    def said(seq: int, flag: str = "ferritin_rising") -> dict[str, object]:
        at = MORNING + seq * HOUR
        return {
            "patient_id": "P1", "flag": flag, "seq": seq, "change": ["raised", "cleared"][seq % 2], "severity": "watch",
            "began_at": at, "changed_at": at, "recorded_at": at, "rule_version": "1.0.0", "sentence": f"{seq}",
        }  # fmt: skip

    rows = [said(seq) for seq in range(40)] + [said(0, "labs_overdue")]
    record_flag_changes(any_store, frames.shaped(pd.DataFrame(rows), frames.FLAG_CHANGES))
    last = queries.last_flag_changes(any_store, as_of=LATER)
    assert list(zip(last["flag"], last["seq"], strict=True)) == [("ferritin_rising", 39), ("labs_overdue", 0)]
    then = queries.last_flag_changes(any_store, as_of=MORNING + 7 * HOUR, patients=["P1"])
    assert list(zip(then["flag"], then["seq"], strict=True)) == [("ferritin_rising", 7), ("labs_overdue", 0)]


def test_columns_that_nobody_asks_for_are_not_read(any_store: Store) -> None:
    tell(any_store, lab(1, 900.0))
    told = queries.observations(any_store, as_of=LATER, without=("origin", "loinc"))
    assert list(told.columns) == [name for name in frames.OBSERVATIONS if name not in ("origin", "loinc")]
    assert told["value"].tolist() == [900.0]


def test_all_versions_of_some_patients_are_counted(any_store: Store) -> None:
    told = [lab(1, 12_000), lab(2, 9_000, hours=12), lab(3, 40, patient_id="P2"), lab(4, 41, patient_id="P3")]
    append(any_store, batch(0, observations=told))
    tell(any_store, lab(1, 1_200), at=12)
    assert [queries.how_many(any_store, asked) for asked in (["P1"], ["P2", "P1"], ["P9"], [])] == [3, 4, 0, 0]
