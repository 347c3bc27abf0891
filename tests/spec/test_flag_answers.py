"""Answers to a flag: acknowledged or snoozed by a person, and what ends that by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pytest

from monitoring.analysis.answers import Answers, answered, longest_hours
from monitoring.analysis.course import Course
from storage.frames import ACKNOWLEDGEMENTS, ANSWER_ENDS, SNOOZES, shaped
from tests.spec.drawing import assessed, at, catalog, drawn, judged, together
from tests.spec.living import lived

Hour = float | str
RISE = "hour | ferritin\n0 | 1000\n12 | 3000"
WORSE = "hour | ferritin\n0 | 2000\n12 | 2400\n24 | 2880\n36 | 3460\n48 | 9000"  # watch at 36 h, urgent at 48 h
STEROID = [f"{hour} | methylprednisolone 1000 mg" for hour in (6, 30, 54, 78)]


@dataclass(frozen=True)
class Said:
    """What was said of change `seq` of ferritin_rising at an hour; `until` of a snooze, `answer` of a taking back."""

    hour: Hour
    by: str = "Dr Sommer"
    reason: str = "repeat sample sent"
    seq: int = 0
    until: Hour | None = None
    answer: str = ""
    patient: str = "A"

    def row(self) -> dict[str, Any]:
        row = {"patient_id": self.patient, "flag": "ferritin_rising", "seq": self.seq, "at": at(self.hour)}
        until = {} if self.until is None else {"until": at(self.until)}
        return row | until | {"by": self.by, "reason": self.reason, "answer": self.answer}


def said(seen: Sequence[Said] = (), asleep: Sequence[Said] = (), undone: Sequence[Said] = ()) -> Answers:
    parts = zip((seen, asleep, undone), (ACKNOWLEDGEMENTS, SNOOZES, ANSWER_ENDS), strict=True)
    return Answers(*(shaped(pd.DataFrame([one.row() for one in rows]), shape) for rows, shape in parts))


def stands(answers: Answers, history: pd.DataFrame, course: Course, as_of: Hour) -> pd.DataFrame:
    spans = assessed(course, as_of)[0].spans
    known = history[history["recorded_at"] <= at(as_of)]
    return answered(answers, known, spans, catalog(), as_of=at(as_of))


def of_rise(answers: Answers, as_of: Hour, *, table: str = RISE, cycles: Sequence[Hour] = (12,)) -> Any:
    """How ferritin_rising of a drawn course stands when cycles at these hours have written its history."""
    course = drawn(table)
    told = stands(answers, lived(course, *cycles), course, as_of)
    return told[told["flag"] == "ferritin_rising"].iloc[0]


def ends(row: Any) -> list[tuple[str, pd.Timestamp, str]]:
    return [(ended["answer"], ended["ended_at"], ended["why"]) for ended in row["answers_ended"]]


def treated(*given: str) -> str:
    """The rise, under treatments drawn as "hour | drug amount"."""
    doses = sorted((line.split(" | ") for line in given), key=lambda cells: float(cells[0]))
    return "\n".join(
        ["hour | ferritin | given", "0 | 1000 |", "12 | 3000 |", *(f"{h} | | {drug}" for h, drug in doses)]
    )


def test_an_acknowledgement_says_who_when_and_why() -> None:
    row = of_rise(said(seen=[Said(13, reason="anakinra ordered")]), as_of=13)
    assert row["acknowledged"] == {"by": "Dr Sommer", "reason": "anakinra ordered", "at": at(13)}
    assert (row["snoozed"], row["answers_ended"]) == (None, [])


def test_a_snooze_says_until_when_and_is_no_acknowledgement() -> None:
    row = of_rise(said(asleep=[Said(13, until=17)]), as_of=13)
    assert row["snoozed"] == {"by": "Dr Sommer", "reason": "repeat sample sent", "at": at(13), "until": at(17)}
    assert row["acknowledged"] is None


def test_what_nobody_answered_is_unanswered() -> None:
    row = of_rise(said(), as_of=13)
    assert (row["acknowledged"], row["snoozed"], row["answers_ended"]) == (None, None, [])


def test_without_flags_there_is_nothing_to_answer() -> None:
    course = drawn("hour | ferritin\n0 | 1000")
    told = stands(said(seen=[Said(1)]), lived(course, 0), course, as_of=2)
    assert told.empty
    assert list(told) == ["patient_id", "flag", "acknowledged", "snoozed", "answers_ended"]


@pytest.mark.parametrize(("as_of", "asleep"), [("16:59", True), ("17:00", False), ("17:01", False)])
def test_a_snooze_until_five_is_over_at_five(as_of: str, asleep: bool) -> None:
    row = of_rise(said(asleep=[Said(13, until=17)]), as_of=as_of)
    assert (row["snoozed"] is not None) is asleep
    assert ends(row) == ([] if asleep else [("snoozed", at(17), "its time was over")])


def test_an_acknowledgement_lasts_as_long_as_nothing_happens() -> None:
    assert of_rise(said(seen=[Said(13)]), as_of=240, cycles=(12, 240))["acknowledged"]["at"] == at(13)


@pytest.mark.parametrize(("as_of", "answered_still"), [("47:59", True), ("48:00", False)])
def test_a_flag_that_worsens_is_open_again_and_says_what_ended_the_answers(as_of: str, answered_still: bool) -> None:
    answers = said(seen=[Said(37)], asleep=[Said(38, until=49)])
    row = of_rise(answers, as_of=as_of, table=WORSE, cycles=(36, 48))
    assert (row["acknowledged"] is not None, row["snoozed"] is not None) == (answered_still, answered_still)
    worsened = [("acknowledged", at(48), "the flag worsened"), ("snoozed", at(48), "the flag worsened")]
    assert ends(row) == ([] if answered_still else worsened)


def test_the_worse_flag_can_be_answered_anew() -> None:
    answers = said(seen=[Said(37), Said(49, by="Dr Weber", seq=1)])
    row = of_rise(answers, as_of=50, table=WORSE, cycles=(36, 48))
    assert row["acknowledged"]["by"] == "Dr Weber"
    assert ends(row) == [("acknowledged", at(48), "the flag worsened")]


def test_answers_end_with_the_flag() -> None:
    course = drawn(RISE, discharged_at=at(30))
    answers = said(seen=[Said(14)], asleep=[Said(29, until=40)])
    row = stands(answers, lived(course, 12, 36), course, as_of=36).set_index("flag").loc["ferritin_rising"]
    assert (row["acknowledged"], row["snoozed"]) == (None, None)
    cleared = "the flag was cleared"  # on leaving at hour 30; written down at hour 36
    assert ends(row) == [("acknowledged", at(30), cleared), ("snoozed", at(30), cleared)]


def test_a_flag_taken_back_and_raised_anew_is_answered_by_nothing_said_before() -> None:
    table = """
        hour | received | version | status    | ferritin
           0 |        1 |       1 | final     | 1100
          12 |       13 |       1 | final     | 112000
          12 |       20 |       2 | corrected | 1120
          24 |       25 |       1 | final     | 9000
        """
    answers = said(seen=[Said(14)], asleep=[Said(14, until=26)])
    taken_back = of_rise(answers, as_of=21, table=table, cycles=(14, 20, 25))
    assert ends(taken_back) == [
        ("acknowledged", at(20), "the flag was retracted"), ("snoozed", at(20), "the flag was retracted"),
    ]  # fmt: skip
    anew = of_rise(answers, as_of=25, table=table, cycles=(14, 20, 25))
    assert (anew["acknowledged"], anew["snoozed"], anew["answers_ended"]) == (None, None, [])


@pytest.mark.parametrize(("as_of", "answered_still"), [("31:59", True), ("32:00", False)])
def test_a_new_line_of_treatment_asks_for_every_flag_again(as_of: str, answered_still: bool) -> None:
    answers = said(seen=[Said(24)], asleep=[Said(24, until=36)])
    row = of_rise(answers, as_of=as_of, table=treated(*STEROID, "32 | anakinra 100 mg"))
    assert (row["acknowledged"] is not None, row["snoozed"] is not None) == (answered_still, answered_still)
    began = "a new line of treatment began: Second line"
    assert ends(row) == ([] if answered_still else [("acknowledged", at(32), began), ("snoozed", at(32), began)])


def test_the_first_steroids_are_a_new_line_too() -> None:
    row = of_rise(said(seen=[Said(13)]), as_of=20, table=treated("20 | methylprednisolone 1000 mg"))
    assert ends(row) == [("acknowledged", at(20), "a new line of treatment began: First line")]


def test_further_doses_and_lower_lines_are_no_new_line() -> None:
    table = treated(*STEROID, "20 | anakinra 100 mg", "44 | anakinra 100 mg", "68 | anakinra 100 mg")
    assert of_rise(said(seen=[Said(24)]), as_of=80, table=table)["acknowledged"] is not None


def test_a_line_begun_at_the_minute_of_the_answer_was_known_to_who_answered() -> None:
    table = treated(*STEROID, "32 | anakinra 100 mg")
    assert of_rise(said(seen=[Said(32)]), as_of=40, table=table)["acknowledged"] is not None
    assert of_rise(said(seen=[Said("31:59")]), as_of=40, table=table)["acknowledged"] is None


def test_an_answer_ended_by_a_line_stays_ended_when_that_line_is_over() -> None:
    table = treated(*STEROID, "32 | anakinra 100 mg")  # held for 36 h: on the first line again from hour 68
    assert judged(table, as_of=80).lines["line"].tolist() == ["first"]
    row = of_rise(said(seen=[Said(24)]), as_of=80, table=table)
    assert row["acknowledged"] is None
    assert ends(row) == [("acknowledged", at(32), "a new line of treatment began: Second line")]


@pytest.mark.parametrize(("as_of", "answered_still"), [("39:59", True), ("40:00", False)])
def test_a_dose_told_of_later_plays_no_part_before(as_of: str, answered_still: bool) -> None:
    table = "hour | received | ferritin | given\n0 | 0 | 1000 |\n12 | 12 | 3000 |\n30 | 40 | | anakinra 100 mg"
    assert (of_rise(said(seen=[Said(24)]), as_of=as_of, table=table)["acknowledged"] is not None) is answered_still


def test_a_dose_entered_in_error_has_begun_no_line() -> None:
    course = drawn(treated("32 | anakinra 100 mg"))
    withdrawn = course.doses.assign(version=2, status="entered-in-error", received_at=pd.Timestamp(at(36)))
    mended = replace(course, doses=pd.concat([course.doses, withdrawn], ignore_index=True))
    history, answers = lived(course, 12), said(seen=[Said(24)])
    assert stands(answers, history, mended, "35:59").iloc[0]["acknowledged"] is None
    assert stands(answers, history, mended, 36).iloc[0]["acknowledged"] is not None


@pytest.mark.parametrize(("as_of", "answered_still"), [("14:59", True), ("15:00", False)])
def test_what_is_taken_back_stands_until_then_and_says_by_whom(as_of: str, answered_still: bool) -> None:
    answers = said(seen=[Said(13)], undone=[Said(15, by="Dr Weber", answer="acknowledged")])
    row = of_rise(answers, as_of=as_of)
    assert (row["acknowledged"] is not None) is answered_still
    assert ends(row) == ([] if answered_still else [("acknowledged", at(15), "taken back by Dr Weber")])


def test_taking_back_one_answer_leaves_the_other_and_what_is_said_after_it() -> None:
    undone = [Said(15, answer="snoozed")]
    answers = said(seen=[Said(13)], asleep=[Said(14, until=18), Said(16, until=20)], undone=undone)
    row = of_rise(answers, as_of=17)
    assert row["acknowledged"]["at"] == at(13)
    assert row["snoozed"]["until"] == at(20)
    assert ends(row) == [("snoozed", at(15), "taken back by Dr Sommer")]


def test_a_shorter_snooze_takes_the_place_of_a_longer_one() -> None:
    answers = said(asleep=[Said(13, until=24), Said(14, until=16)])
    assert of_rise(answers, as_of=15)["snoozed"]["until"] == at(16)
    row = of_rise(answers, as_of=16)
    assert row["snoozed"] is None
    assert ends(row) == [("snoozed", at(14), "a later one took its place"), ("snoozed", at(16), "its time was over")]


def test_what_was_said_later_plays_no_part_in_what_was_known_before() -> None:
    answers = said(seen=[Said(13), Said(20)], asleep=[Said(16, until=19)], undone=[Said(18, answer="acknowledged")])
    row = of_rise(answers, as_of=15)
    assert row["acknowledged"]["at"] == at(13)
    assert (row["snoozed"], row["answers_ended"]) == (None, [])


def test_many_patients_are_answered_as_each_alone() -> None:
    drawings = {"A": WORSE, "B": RISE, "C": treated(*STEROID, "32 | anakinra 100 mg"), "D": RISE}
    courses = {name: drawn(table, patient=name) for name, table in drawings.items()}
    answers = said(
        seen=[Said(37, patient="A"), Said(24, patient="C")],
        asleep=[Said(38, patient="A", until=49), Said(45, patient="B", until=50)],
    )
    everyone = together(*courses.values())
    at_once = stands(answers, lived(everyone, 12, 36, 48), everyone, as_of=48)
    alone = [stands(answers, lived(course, 12, 36, 48), course, as_of=48) for course in courses.values()]
    by_name = at_once.sort_values(["patient_id", "flag"]).to_dict("records")
    assert by_name == pd.concat(alone).sort_values(["patient_id", "flag"]).to_dict("records")
    asleep = [row["patient_id"] for row in by_name if row["snoozed"]]
    assert asleep == ["B"]


def test_what_needs_a_decision_is_snoozed_for_a_shorter_time_than_what_is_watched() -> None:
    assert [longest_hours(severity, catalog()) for severity in ("info", "watch", "urgent")] == [12.0, 12.0, 4.0]
