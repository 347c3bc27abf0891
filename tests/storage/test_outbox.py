"""What is owed to a channel is written once, and what became of it is written into it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from storage import outbox
from storage.engine import Store
from storage.frames import MESSAGES

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)


def owed(*flags: str, at: datetime = NOON) -> pd.DataFrame:
    same = {"channel": "mail", "patient_id": "P1", "seq": 0, "step": 0, "due_at": at}
    return pd.DataFrame([{**same, "flag": flag} for flag in flags])


def test_what_is_owed_is_owed_once_and_keeps_its_first_moment(any_store: Store) -> None:
    assert outbox.owe(any_store, owed("a", "b")) == 2
    assert outbox.owe(any_store, owed("a", "c", at=NOON + timedelta(hours=1))) == 1
    told = outbox.messages(any_store)
    assert list(told.columns) == list(MESSAGES)
    assert dict(zip(told["flag"], told["due_at"], strict=True))["a"] == pd.Timestamp(NOON)
    assert told["sent_at"].isna().all()


def test_a_failure_is_told_in_words_and_a_later_success_ends_it(any_store: Store) -> None:
    outbox.owe(any_store, owed("a", "b"))
    first = outbox.messages(any_store).head(1)
    outbox.note_failed(any_store, first, error="The service did not take it.")
    told = outbox.messages(any_store, patients=["P1"]).set_index("flag")
    assert (told.loc["a", "tries"], told.loc["a", "error"]) == (1, "The service did not take it.")
    assert (told.loc["b", "tries"], told.loc["b", "error"]) == (0, "")
    outbox.note_sent(any_store, first, at=NOON)
    told = outbox.messages(any_store).set_index("flag")
    assert (told.loc["a", "tries"], told.loc["a", "error"], told.loc["a", "sent_at"]) == (2, "", pd.Timestamp(NOON))
    assert pd.isna(told.loc["b", "sent_at"])


def test_an_empty_outbox_has_the_promised_shape(any_store: Store) -> None:
    assert outbox.owe(any_store, owed()) == 0
    assert list(outbox.messages(any_store, patients=["P9"]).columns) == list(MESSAGES)
