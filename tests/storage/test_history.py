"""What a reading of the last days asks of the rest of history, without reading it."""

from __future__ import annotations

import pytest

from storage import history, queries
from storage.engine import Store
from storage.writes import record_judgement
from tests.storage.facts import HOUR, LATER, MORNING, finding, lab, tell


def test_only_patients_with_an_older_value_have_history_before(any_store: Store) -> None:
    tell(any_store, lab(1, 900), lab(2, 900, hours=50), lab(3, 900, hours=50, patient="P2"), at=51)
    assert history.older(any_store, before=MORNING + 50 * HOUR, as_of=LATER) == {"P1"}
    assert history.older(any_store, before=MORNING + 50 * HOUR, as_of=MORNING) == frozenset()


def test_a_value_told_more_than_a_day_late_is_found_by_when_it_was_told(any_store: Store) -> None:
    tell(any_store, lab(1, 900), at=1)
    tell(any_store, lab(2, 900, patient="P2"), at=100)
    tell(any_store, lab(3, 900, hours=99, patient="P3"), at=100)
    since, before = MORNING + 90 * HOUR, MORNING + 60 * HOUR
    assert history.late(any_store, before=before, since=since, as_of=LATER) == {"P2"}
    assert history.late(any_store, before=before, since=MORNING + 100 * HOUR, as_of=LATER) == frozenset()
    assert history.late(any_store, before=before, since=since, as_of=MORNING + 99 * HOUR) == frozenset()


def test_a_correction_of_an_old_value_counts_as_told_late(any_store: Store) -> None:
    tell(any_store, lab(1, 900), at=1)
    tell(any_store, lab(1, 9000), at=480)
    since, before = MORNING + 470 * HOUR, MORNING + 400 * HOUR
    assert history.late(any_store, before=before, since=since, as_of=LATER) == {"P1"}
    assert history.corrections(any_store, as_of=LATER)[["patient_id", "ref", "version"]].values.tolist() == [
        ["P1", 1, 2]
    ]


def test_late_values_are_not_asked_for_so_soon_that_the_index_lacks_them(any_store: Store) -> None:
    with pytest.raises(ValueError, match="so soon"):
        history.late(any_store, before=MORNING, since=MORNING + 23 * HOUR, as_of=LATER)


def test_weights_are_known_however_old(any_store: Store) -> None:
    weight = lab(1, 60, analyte="weight", unit="kg")
    tell(any_store, weight, lab(2, 900), lab(3, 62, hours=90, analyte="weight", unit="kg"), at=91)
    told = history.sizes(any_store, before=MORNING + 50 * HOUR, as_of=LATER)
    assert told["value"].tolist() == [60.0]


def test_the_last_judgement_is_that_by_the_same_rules(any_store: Store) -> None:
    record_judgement(any_store, as_of=MORNING, rules="one", run_id="a")
    record_judgement(any_store, as_of=MORNING + 12 * HOUR, rules="two", run_id="b")
    assert history.last_judged(any_store, rules="one", as_of=LATER) == MORNING
    assert history.last_judged(any_store, rules="two", as_of=MORNING) is None


def test_findings_are_read_from_a_day_on(any_store: Store) -> None:
    tell(any_store, lab(1, 900), at=50, findings=[finding(1, "yes"), finding(2, "no", hours=40)])
    assert queries.findings(any_store, as_of=LATER, since=MORNING + 30 * HOUR)["value"].tolist() == ["no"]


def test_the_rows_of_the_last_days_are_as_many_however_long_the_history(any_store: Store) -> None:
    days = [lab(day, 900, hours=24 * day) for day in range(60)]
    tell(any_store, *days, *(lab(day, 900, hours=24 * day, patient="P2") for day in range(50, 60)), at=24 * 60)
    told = queries.observations(any_store, as_of=LATER, since=MORNING + 24 * 50 * HOUR)
    assert told.groupby("patient_id").size().to_dict() == {"P1": 10, "P2": 10}
