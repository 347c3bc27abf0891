"""What is known of feeds, and what people said of their codes, on either engine."""

from __future__ import annotations

import json
from datetime import timedelta

import pandas as pd
import pytest

from storage import feeds, frames
from storage.deliveries import Sent, keep, let_go
from storage.engine import Store
from storage.meanings import code_meanings, reopen, say_meaning
from storage.queries import set_aside
from storage.writes import Batch, append, record_run
from tests.storage.facts import HOUR, LATER, MORNING, frame, lab

MINUTE = timedelta(minutes=1)


def aside(store: Store, *rows: dict[str, str], source: str = "lis", hours: int = 0) -> None:
    plain = {
        "kind": "labs", "origin": "a.csv:2", "patient_id": "P1", "code": "QX1", "reason": "unknown_analyte",
        "sentence": "The analyte is not known.", "raw": "…", "fields": "{}", "delivery": "",
    }  # fmt: skip
    told = pd.DataFrame([plain | row for row in rows], dtype="str")
    append(store, Batch("run", source, MORNING + hours * HOUR, set_aside=told))


def test_arrivals_are_told_minute_by_minute_and_source_by_source(any_store: Store) -> None:
    for place, after in enumerate((0, 20, 59, 60)):
        told = frame(lab(place + 1, 700))
        append(any_store, Batch("run", "lis", MORNING + timedelta(seconds=after), observations=told))
    found = feeds.arrivals(any_store, MORNING)
    assert found["added"].tolist() == [3, 1]
    assert found["received_at"].tolist() == [MORNING + timedelta(seconds=59), MORNING + MINUTE]
    assert feeds.newest_arrival(any_store, "lis") == MORNING + MINUTE
    assert feeds.newest_arrival(any_store, "other") is None


def test_what_was_only_read_again_is_no_sign_of_life(any_store: Store) -> None:
    again = {"run_id": "again", "source": "set-aside", "kind": "ingest", "started_at": LATER}
    record_run(any_store, again)
    append(any_store, Batch("again", "lis", LATER, observations=frame(lab(1, 700))))
    assert feeds.newest_arrival(any_store, "lis") is None
    assert feeds.arrivals(any_store, MORNING).empty


def test_runs_since_are_those_that_began_then_or_later(any_store: Store) -> None:
    for hours in (0, 1, 2):
        run = {"run_id": f"r{hours}", "source": "lis", "kind": "source", "started_at": MORNING + hours * HOUR}
        record_run(any_store, run)
    assert feeds.runs_since(any_store, MORNING + HOUR)["run_id"].tolist() == ["r1", "r2"]


def test_what_is_set_aside_is_counted_by_source_reason_and_code(any_store: Store) -> None:
    aside(any_store, {"id": "a"}, {"id": "b", "patient_id": "P2"}, {"id": "c", "patient_id": ""})
    aside(any_store, {"id": "d"}, hours=2)
    aside(any_store, {"id": "e", "reason": "not_a_number", "code": ""}, source="poct")
    first, second = feeds.aside_groups(any_store).to_dict("records")
    assert (first["source"], first["code"], first["count"], first["patients"]) == ("lis", "QX1", 4, 2)
    assert (first["first_at"], first["last_at"], first["id"]) == (MORNING, MORNING + 2 * HOUR, "a")
    assert (second["source"], second["reason"], second["count"]) == ("poct", "not_a_number", 1)


def test_what_was_read_after_all_is_no_longer_counted_until_it_is_opened_again(any_store: Store) -> None:
    aside(any_store, {"id": "a"}, {"id": "b"})
    append(any_store, Batch("run", "lis", LATER, ended=["a"]))
    assert feeds.aside_groups(any_store)["count"].tolist() == [1]
    assert feeds.aside_ids(any_store, "lis", ["unknown_analyte"], "QX1")["id"].tolist() == ["b"]
    assert reopen(any_store, ["a"]) == 1
    assert set_aside(any_store)["id"].tolist() == ["a", "b"]
    assert reopen(any_store, []) == 0


def test_examples_are_the_newest_few_of_each_code(any_store: Store) -> None:
    for hours in range(5):
        aside(any_store, {"id": f"a{hours}", "fields": json.dumps({"value": str(hours)})}, hours=hours)
    aside(any_store, {"id": "b", "code": "QX2"})
    found = feeds.aside_examples(any_store, "unknown_analyte", most=2)
    assert found[["code", "id"]].to_numpy().tolist() == [["QX1", "a4"], ["QX1", "a3"], ["QX2", "b"]]


def test_ids_are_those_of_the_reasons_asked_for_in_order_of_coming(any_store: Store) -> None:
    aside(any_store, {"id": "b", "reason": "unknown_unit"}, hours=1)
    aside(any_store, {"id": "c"}, {"id": "a", "reason": "no_time"})
    assert feeds.aside_ids(any_store, "lis", ["unknown_unit", "unknown_analyte"])["id"].tolist() == ["c", "b"]


def test_deliveries_that_were_let_go_are_no_longer_kept(any_store: Store) -> None:
    first, second = keep(any_store, "lis", [Sent("1", b"a"), Sent("2", b"b")], at=MORNING)
    assert feeds.deliveries_kept(any_store, "lis") == [first, second]
    append(any_store, Batch("run", "lis", LATER, deliveries=[first]))
    assert let_go(any_store, LATER) == 1
    assert feeds.deliveries_kept(any_store, "lis") == [second]


def test_every_word_on_a_code_is_kept_in_order_of_time(any_store: Store) -> None:
    say_meaning(any_store, "lis", "QX1", analyte="crp", at=LATER, by="B")
    say_meaning(any_store, "lis", "QX1", analyte="ferritin", unit="ug/L", at=MORNING, by="A")
    say_meaning(any_store, "lis", "QX1", analyte="ldh", at=LATER, by="C")  # the same moment: the first stands
    told = code_meanings(any_store)
    assert list(told) == list(frames.CODE_MEANINGS)
    assert told[["analyte", "unit", "by"]].to_numpy().tolist() == [["ferritin", "ug/L", "A"], ["crp", "", "B"]]


@pytest.mark.parametrize("read", [feeds.aside_groups, code_meanings])
def test_an_empty_store_gives_the_promised_shapes(any_store: Store, read: object) -> None:
    assert read(any_store).empty  # type: ignore[operator]
