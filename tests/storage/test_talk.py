"""Comments on flags and whose they are: kept as said, taken back without being lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from storage import talk
from storage.engine import Store
from storage.frames import FLAG_ASSIGNMENTS, FLAG_COMMENTS
from storage.queries import answer_ends

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
FLAG = ("P1", "ferritin_rising")


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def texts(told: pd.DataFrame) -> list[Any]:
    return list(told[["by", "text"]].itertuples(index=False, name=None))


def test_comments_come_back_in_order_of_time_as_known_at_a_moment(any_store: Store) -> None:
    talk.comment(any_store, *FLAG, seq=0, at=after(5), by="Dr B", text="repeat sent")
    talk.comment(any_store, *FLAG, seq=0, at=after(1), by="Dr A", text="haemolysed?")
    talk.comment(any_store, "P2", "ferritin_rising", seq=0, at=after(2), by="Dr C", text="other patient")
    told = talk.comments(any_store, as_of=after(5), patients=["P1"])
    assert list(told.columns) == list(FLAG_COMMENTS)
    assert texts(told) == [("Dr A", "haemolysed?"), ("Dr B", "repeat sent")]
    assert texts(talk.comments(any_store, as_of=after(4), patients=["P1"])) == [("Dr A", "haemolysed?")]
    assert len(talk.comments(any_store, as_of=after(5))) == 3


def test_a_comment_that_was_taken_back_is_gone_from_then_on_and_no_answer_is_ended_by_that(any_store: Store) -> None:
    talk.comment(any_store, *FLAG, seq=0, at=after(1), by="Dr A", text="wrong bed")
    talk.comment(any_store, *FLAG, seq=0, at=after(2), by="Dr A", text="right bed")
    talk.withdraw_comment(any_store, *FLAG, seq=0, said_at=after(1), at=after(3), by="Dr A")
    assert texts(talk.comments(any_store, as_of=after(3))) == [("Dr A", "right bed")]
    assert len(talk.comments(any_store, as_of=after(2.5))) == 2
    assert set(answer_ends(any_store, as_of=after(3))["answer"]) & {"acknowledged", "snoozed"} == set()


def test_every_assignment_is_kept_the_newest_last(any_store: Store) -> None:
    talk.assign(any_store, *FLAG, seq=0, at=after(1), to="Dr A", by="Dr A")
    talk.assign(any_store, *FLAG, seq=1, at=after(2), to="", by="Dr B")
    told = talk.assignments(any_store, as_of=after(2))
    assert list(told.columns) == list(FLAG_ASSIGNMENTS)
    assert list(told[["seq", "to", "by"]].itertuples(index=False, name=None)) == [(0, "Dr A", "Dr A"), (1, "", "Dr B")]


def test_nothing_said_gives_empty_frames_of_the_promised_shape(any_store: Store) -> None:
    assert list(talk.comments(any_store, as_of=NOON).columns) == list(FLAG_COMMENTS)
    assert talk.assignments(any_store, as_of=NOON).empty
