"""Drawn long stays in which a judgement that reads the last days must write what one of all history would."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from monitoring.analysis.course import Course
from monitoring.analysis.lookback import lookback
from monitoring.judging import judge_and_record, last_days
from storage import queries
from storage.engine import Store, open_store
from tests.monitoring.long_stays import at as hour_of
from tests.monitoring.long_stays import filled, ward
from tests.spec.drawing import at, catalog, drawn, together

DAY = 24


def store_of(course: Course, at_path: Path) -> Store:
    return filled(open_store(f"sqlite:///{at_path}"), course)


def story(course: Course, folder: Path, flag: str, *hours: float) -> pd.DataFrame:
    """What cycles every 24 h up to each of these hours wrote of a flag; each looks at the last days only."""
    with closing(store_of(course, folder / "ward.db")) as store:
        for hour in np.arange(24.0, max(hours) + 1, 24.0):
            judge_and_record(store, catalog(), as_of=at(hour), run_id=f"{hour}", whole=False)
        told = queries.flag_changes(store, as_of=at(max(hours)))
    return told[told["flag"] == flag]


def levels(analyte: str, *stretches: tuple[int, int, float]) -> str:
    """A table with a value every 24 h: (from day, before day, value)."""
    rows = [f"{day * DAY} | {value}" for begin, end, value in stretches for day in range(begin, end)]
    return "\n".join([f"hour | {analyte}", *rows])


def test_a_flag_raised_weeks_ago_stays_while_its_newest_values_lie_between_the_limits(tmp_path: Path) -> None:
    # fibrinogen is low below 1.5 g/L and recovered above 1.8
    course = drawn(levels("fibrinogen", (0, 2, 1.2), (2, 27, 1.65)))
    assert story(course, tmp_path, "fibrinogen_low", 26 * DAY)["change"].tolist() == ["raised"]


def test_a_flag_raised_weeks_ago_is_cleared_by_the_value_that_ends_it(tmp_path: Path) -> None:
    course = drawn(levels("fibrinogen", (0, 2, 1.2), (2, 26, 1.65), (26, 27, 2.4)))
    told = story(course, tmp_path, "fibrinogen_low", 26 * DAY)
    assert told["change"].tolist() == ["raised", "cleared"]
    assert told["changed_at"].iloc[1] == at(26 * DAY)
    assert told["evidence"].iloc[0] == told["evidence"].iloc[1]


def test_a_flag_raised_weeks_ago_is_cleared_by_the_first_value_after_a_long_silence(tmp_path: Path) -> None:
    course = drawn(levels("fibrinogen", (0, 2, 1.2), (24, 25, 2.4)))
    told = story(course, tmp_path, "fibrinogen_low", 24 * DAY)
    assert told["change"].tolist() == ["raised", "cleared"]
    assert told["recorded_at"].iloc[1] == at(24 * DAY)


def test_a_flag_raised_weeks_ago_worsens_with_the_value_that_makes_it_urgent(tmp_path: Path) -> None:
    course = drawn(levels("fibrinogen", (0, 2, 1.2), (2, 25, 1.65), (25, 26, 0.8)))
    told = story(course, tmp_path, "fibrinogen_low", 25 * DAY)
    assert told["change"].tolist() == ["raised", "worsened"]
    assert told["severity"].tolist() == ["watch", "urgent"]
    assert told["began_at"].tolist() == [at(0), at(0)]


def test_values_that_stop_for_twenty_days_clear_nothing(tmp_path: Path) -> None:
    course = drawn(levels("fibrinogen", (0, 6, 1.2)))
    assert story(course, tmp_path, "fibrinogen_low", 26 * DAY)["change"].tolist() == ["raised"]


def test_a_correction_of_a_value_weeks_old_retracts_in_the_same_cycle(tmp_path: Path) -> None:
    told_at = 20 * DAY
    course = drawn(
        f"""
        hour | received | version | status    | fibrinogen
           0 |        0 |       1 | final     | 0.7
           0 | {told_at} |      2 | corrected | 3.7
         480 |      480 |       1 | final     | 1.7
        """
    )
    told = story(course, tmp_path, "fibrinogen_low", told_at)
    assert told["change"].tolist() == ["raised", "retracted"]
    assert told["recorded_at"].iloc[1] == at(told_at)


def test_after_a_months_stop_the_first_cycle_says_what_happened_meanwhile(tmp_path: Path) -> None:
    course = drawn(levels("fibrinogen", (0, 4, 3.0), (4, 8, 1.2), (8, 36, 2.4)))
    with closing(store_of(course, tmp_path / "ward.db")) as store:
        for day in (1, 2, 35):
            judge_and_record(store, catalog(), as_of=at(day * DAY), run_id=f"{day}", whole=False)
        told = queries.flag_changes(store, as_of=at(36 * DAY))
    low = told[told["flag"] == "fibrinogen_low"]
    assert low["change"].tolist() == ["raised", "cleared"]
    assert low["changed_at"].tolist() == [at(4 * DAY), at(8 * DAY)]


def test_how_much_is_read_does_not_grow_with_history(tmp_path: Path) -> None:
    short, long = (drawn(levels("fibrinogen", (begin, 60, 3.0)), patient=f"{begin}") for begin in (30, 0))
    now = pd.Timestamp(at(59 * DAY))
    span = lookback(catalog(), as_of=now, judged_at=now - timedelta(hours=12))
    assert span is not None
    with closing(store_of(together(short, long), tmp_path / "ward.db")) as store:
        read = last_days(store, as_of=at(59 * DAY), span=span)
    rows = read.observations.groupby("patient_id").size()
    assert rows["0"] == rows["30"] < 20


def test_rules_that_changed_are_applied_to_all_of_history(tmp_path: Path) -> None:
    course = ward(1, patients=2, days=16, catalog=catalog())
    with closing(store_of(course, tmp_path / "ward.db")) as store:
        judge_and_record(store, catalog(), as_of=hour_of(1), run_id="early", whole=False)
        changed = catalog().__class__(**{**vars(catalog()), "version": "another"})
        judge_and_record(store, changed, as_of=hour_of(15 * DAY), run_id="other rules", whole=False)
        first = queries.flag_changes(store, as_of=hour_of(16 * DAY))
        judge_and_record(store, changed, as_of=hour_of(15 * DAY), run_id="again", whole=True)
        assert len(queries.flag_changes(store, as_of=hour_of(16 * DAY))) == len(first) > 0
