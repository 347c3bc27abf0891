"""Overdue: an analyte not seen for 12 h and 6 h of grace while under treatment. Silence is a signal."""

from __future__ import annotations

from datetime import timedelta

from tests.spec.drawing import at, flag, flags_of, judged

COURSE = """
    hour | ferritin | fibrinogen | platelets | crp | ast | given
       0 | 5000     | 3.0        | 90        | 80  | 60  | methylprednisolone 1000 mg
      12 | 4800     | 3.0        | 90        | 80  | 60  |
      24 |          | 3.0        | 90        | 80  | 60  | methylprednisolone 1000 mg
"""


def test_it_is_raised_one_minute_after_due_time_and_grace() -> None:
    assert "labs_overdue" not in flags_of(judged(COURSE, as_of=30))
    assert "labs_overdue" in flags_of(judged(COURSE, as_of="30:01"))


def test_it_began_when_the_value_fell_due() -> None:
    row = flag(judged(COURSE, as_of=31), "labs_overdue")
    assert row["began_at"] == at(24)
    assert row["raised_at"] == at(30)
    assert "19 h" in row["sentence"]


def test_without_treatment_nothing_is_awaited() -> None:
    assert "labs_overdue" not in flags_of(judged("hour | ferritin\n0 | 5000", as_of=100))


def test_what_was_never_measured_is_awaited_from_the_start_of_treatment() -> None:
    assert "labs_overdue" not in flags_of(judged("hour | given\n0 | methylprednisolone 1000 mg", as_of=18))
    assert "labs_overdue" in flags_of(judged("hour | given\n0 | methylprednisolone 1000 mg", as_of="18:01"))


def test_a_discharged_patient_is_not_awaited() -> None:
    assert "labs_overdue" not in flags_of(judged(COURSE, as_of=40, discharged_at=at(0) + timedelta(hours=26)))


def test_a_late_result_ends_it_although_it_was_drawn_before() -> None:
    late = COURSE + "      26 | 4700 | | | | | \n"
    assert "labs_overdue" not in flags_of(judged(late, as_of=31))
