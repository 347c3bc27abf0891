"""An answer given on a screen: to the flag as it was shown, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from monitoring import answering
from monitoring.answering import as_shown
from monitoring.catalog import load_catalog
from monitoring.errors import AnswerRefused
from monitoring.state import answered_since, state
from monitoring.terms import Catalog
from storage import talk
from storage.engine import Store, open_store
from storage.frames import FLAG_CHANGES, shaped
from storage.queries import acknowledgements, answer_ends, mark, snoozes
from storage.writes import record_flag_changes
from tests.monitoring.small_ward import NOON

KEY = ("P1", "ferritin_rising")
LATER = NOON + timedelta(hours=1)


@cache
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/ward.db")
    said(opened, "raised", seq=0)
    yield opened
    opened.close()


def said(store: Store, change: str, *, seq: int) -> None:
    times = dict.fromkeys(("began_at", "changed_at", "recorded_at"), pd.Timestamp(NOON))
    row = {"patient_id": KEY[0], "flag": KEY[1], "seq": seq, "change": change, "severity": "urgent", **times,
           "evidence": "[]", "confounders": "[]"}  # fmt: skip
    record_flag_changes(store, shaped(pd.DataFrame([row]), FLAG_CHANGES))


def shown(store: Store, *, seq: int = 0, by: str = "Dr Sommer") -> answering.Standing:
    return as_shown(store, catalog(), KEY, by=by, now=LATER, seq=seq)


def test_an_answer_is_kept_for_the_change_that_was_shown(store: Store) -> None:
    answering.acknowledge(shown(store, by=" Dr Sommer "), "repeat sent")
    (row,) = acknowledgements(store, as_of=LATER).to_dict("records")
    assert (row["seq"], row["by"], row["reason"], row["at"]) == (0, "Dr Sommer", "repeat sent", pd.Timestamp(LATER))
    answering.take_back(shown(store), "acknowledged")
    assert answer_ends(store, as_of=LATER)["answer"].tolist() == ["acknowledged"]


def test_a_flag_that_has_changed_or_ended_meanwhile_is_not_answered(store: Store) -> None:
    said(store, "worsened", seq=1)
    with pytest.raises(AnswerRefused, match="has changed since it was shown"):
        shown(store, seq=0)
    said(store, "cleared", seq=2)
    with pytest.raises(AnswerRefused, match="no longer holds"):
        shown(store, seq=1)
    with pytest.raises(AnswerRefused, match="no longer holds"):
        as_shown(store, catalog(), ("P9", "relapse"), by="Dr Sommer", now=LATER, seq=0)


def test_without_a_name_or_a_reason_nothing_is_kept(store: Store) -> None:
    with pytest.raises(AnswerRefused, match="say who you are"):
        shown(store, by="  ")
    with pytest.raises(AnswerRefused, match="needs a word"):
        answering.acknowledge(shown(store), " ")
    with pytest.raises(AnswerRefused, match="needs a word"):
        answering.comment(shown(store), "")
    assert acknowledgements(store, as_of=LATER).empty
    assert talk.comments(store, as_of=LATER).empty


def test_an_urgent_flag_is_snoozed_for_four_hours_at_most(store: Store) -> None:
    for hours, why in ((4.01, "at most 4 h"), (0.0, "ends later than now")):
        with pytest.raises(AnswerRefused, match=why):
            answering.snooze(shown(store), "next draw", hours=hours)
    assert answering.snooze(shown(store), "next draw", hours=4) == LATER + timedelta(hours=4)
    assert snoozes(store, as_of=LATER)["until"].tolist() == [pd.Timestamp(LATER + timedelta(hours=4))]


def test_a_flag_is_given_to_somebody_and_to_nobody_again(store: Store) -> None:
    answering.assign(shown(store), "Dr Weber")
    answering.assign(as_shown(store, catalog(), KEY, by="Dr A", now=LATER + timedelta(seconds=1), seq=0), "")
    assert talk.assignments(store, as_of=LATER + timedelta(minutes=1))["to"].tolist() == ["Dr Weber", ""]


def test_an_answer_is_joined_to_what_was_judged_before_without_judging_again(store: Store) -> None:
    before = state(store, catalog(), as_of=NOON)
    marks = mark(store), mark(store, answers=False)
    answering.acknowledge(as_shown(store, catalog(), KEY, by="Dr Sommer", now=NOON, seq=0), "repeat sent")
    assert before.flags["acknowledged"].tolist() == [None]
    (seen,) = answered_since(before, store, catalog(), as_of=NOON).flags["acknowledged"]
    assert (seen["by"], seen["reason"]) == ("Dr Sommer", "repeat sent")
    assert mark(store) != marks[0]
    assert mark(store, answers=False) == marks[1]
