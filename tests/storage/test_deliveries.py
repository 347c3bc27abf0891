"""What sources sent, byte for byte: kept once, read once, let go in time."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from storage import deliveries
from storage.deliveries import Sent, keep, unread
from storage.engine import Store
from storage.marks import all_marks, marks_of, set_marks
from storage.writes import Batch, append
from tests.storage.facts import HOUR, LATER, MORNING

BYTES = b"MSH|\x00\xff not text \xc3"


def names(store: Store, source: str = "lis", **told: float) -> list[str]:
    return [one.name for one in unread(store, source, **told)]  # type: ignore[arg-type]


def read(store: Store, ids: list[str], *, marks: dict[str, str] | None = None) -> None:
    append(store, Batch("run", "lis", LATER, deliveries=ids, marks=marks))


def test_a_delivery_comes_back_byte_for_byte(any_store: Store) -> None:
    [name] = keep(any_store, "lis", [Sent("M1", BYTES)], at=MORNING)
    [kept] = unread(any_store, "lis")
    assert (kept.id, kept.source, kept.name, kept.content, kept.received_at) == (name, "lis", "M1", BYTES, MORNING)


def test_the_same_bytes_from_one_source_are_one_delivery_whatever_their_name(any_store: Store) -> None:
    first = keep(any_store, "lis", [Sent("M1", BYTES), Sent("M2", BYTES)], at=MORNING)
    again = keep(any_store, "lis", [Sent("M3", BYTES)], at=LATER)
    assert first == [again[0], again[0]]
    assert names(any_store) == ["M1"]
    assert keep(any_store, "drop", [Sent("M1", BYTES)], at=LATER) != again


def test_what_waits_is_given_in_the_order_in_which_it_came(any_store: Store) -> None:
    keep(any_store, "lis", [Sent("second", b"2"), Sent("third", b"3")], at=MORNING + HOUR)
    keep(any_store, "lis", [Sent("first", b"1")], at=MORNING)
    assert names(any_store) == ["first", "second", "third"]
    assert names(any_store, limit=2) == ["first", "second"]


def test_one_reading_takes_no_more_than_so_many_megabytes_but_always_one(any_store: Store) -> None:
    half = b"x" * 2**19
    keep(any_store, "lis", [Sent(str(place), half + str(place).encode()) for place in range(3)], at=MORNING)
    assert names(any_store, megabytes=1.1) == ["0", "1"]
    assert names(any_store, megabytes=0.1) == ["0"]


def test_it_is_read_once_its_reading_is_kept_and_may_be_read_again(any_store: Store) -> None:
    ids = keep(any_store, "lis", [Sent("M1", b"1"), Sent("M2", b"2")], at=MORNING)
    assert deliveries.waiting(any_store) == {"lis": 2}
    read(any_store, ids[:1])
    assert names(any_store) == ["M2"]
    assert deliveries.listed(any_store).set_index("name")["read_at"].isna().to_dict() == {"M1": False, "M2": True}
    assert deliveries.read_again(any_store, ids) == 1
    assert names(any_store) == ["M1", "M2"]


def test_a_batch_that_fails_leaves_its_delivery_unread_and_its_mark_where_it_was(any_store: Store) -> None:
    ids = keep(any_store, "lis", [Sent("page", b"1")], at=MORNING)
    broken = pd.DataFrame({"patient_id": ["A"]})
    with pytest.raises(Exception, match="ref"):
        append(any_store, Batch("run", "lis", LATER, observations=broken, deliveries=ids, marks={"watermark": "9"}))
    assert names(any_store) == ["page"]
    assert marks_of(any_store, "lis") == {}
    read(any_store, ids, marks={"watermark": "9"})
    assert marks_of(any_store, "lis") == {"watermark": "9"}


def test_content_is_let_go_after_its_time_and_that_it_came_stays_known(any_store: Store) -> None:
    old, unreadable = keep(any_store, "lis", [Sent("old", b"1"), Sent("unread", b"2")], at=MORNING)
    [young] = keep(any_store, "lis", [Sent("young", b"3")], at=MORNING + timedelta(days=90))
    read(any_store, [old, young])
    assert deliveries.let_go(any_store, before=MORNING + timedelta(days=90)) == 1
    assert [deliveries.delivery(any_store, name)[0].content for name in (old, unreadable, young)] == [None, b"2", b"3"]
    assert keep(any_store, "lis", [Sent("old again", b"1")], at=LATER) == [old]
    assert names(any_store) == ["unread"]
    assert deliveries.read_again(any_store, [old]) == 0


def test_a_delivery_is_found_by_the_beginning_of_its_id(any_store: Store) -> None:
    name, _ = keep(any_store, "lis", [Sent("M1", b"1"), Sent("M2", b"2")], at=MORNING)
    assert [one.name for one in deliveries.delivery(any_store, name[:12])] == ["M1"]
    assert deliveries.delivery(any_store, "%") == []


def test_an_empty_delivery_is_kept_too(any_store: Store) -> None:
    keep(any_store, "lis", [Sent("empty", b"")], at=MORNING)
    assert [one.content for one in unread(any_store, "lis")] == [b""]


def test_a_mark_stands_as_it_was_last_set_and_each_source_has_its_own(any_store: Store) -> None:
    set_marks(any_store, "lis", {"heard": "a", "failed": ""}, at=MORNING)
    set_marks(any_store, "lis", {"heard": "b"}, at=LATER)
    set_marks(any_store, "fhir", {"heard": "c"}, at=LATER)
    assert marks_of(any_store, "lis") == {"heard": "b", "failed": ""}
    told = all_marks(any_store)
    assert told[["source", "name", "value"]].values.tolist() == [
        ["fhir", "heard", "c"], ["lis", "failed", ""], ["lis", "heard", "b"],
    ]  # fmt: skip
    assert told["at"].tolist() == [LATER, MORNING, LATER]
