"""What is written down at the bedside, on a real store: kept by the rules of any feed, counted, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitoring import bedside_entry
from monitoring.bedside_entry import Bedside, Entry
from monitoring.catalog import load_catalog
from monitoring.errors import AnswerRefused
from monitoring.state import state
from storage import queries
from storage.engine import open_store

NOW = datetime(2026, 11, 21, 13, 12, tzinfo=UTC)  # 14:12 on the ward
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Bedside]:
    store = open_store(f"sqlite:///{tmp_path / 'maswatch.db'}")
    yield Bedside(store, load_catalog(), BERLIN, NOW)
    store.close()


def told(place: Bedside) -> list[tuple[str, str, str]]:
    rows = bedside_entry.entries(place.store, "P-1", as_of=place.now)
    return [(row["what"], row["value"], row["by"]) for row in rows.to_dict("records")]


def enter(place: Bedside, what: str, value: str, at: str = "2026-11-21 13:30") -> str:
    return bedside_entry.enter(place, Entry("P-1", what, value, at), by=" Dr Aydin ")


def test_a_finding_is_kept_with_who_saw_it_and_when_by_the_wards_clock(place: Bedside) -> None:
    enter(place, "splenomegaly", "yes")
    (kept,) = queries.findings(place.store, as_of=NOW).to_dict("records")
    assert (kept["finding"], kept["value"], kept["by"], kept["source"]) == (
        "splenomegaly", "yes", "Dr Aydin", "bedside",
    )  # fmt: skip
    assert kept["observed_at"] == datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    assert kept["received_at"] == NOW


def test_a_finding_counts_in_the_scores_at_once(place: Bedside) -> None:
    enter(place, "splenomegaly", "yes")
    enter(place, "hepatomegaly", "yes")
    scores = state(place.store, place.catalog, as_of=NOW).assessment.scores.set_index("score")
    assert scores.loc["hscore", "points"]["organomegaly"] == 38  # Fardet 2014: both enlarged


def test_a_weight_counts_as_the_patients_weight(place: Bedside) -> None:
    enter(place, "weight", "71.5")
    assert state(place.store, place.catalog, as_of=NOW).assessment.bodies.loc["P-1", "weight_kg"] == 71.5
    assert told(place) == [("weight", "71.5", "Dr Aydin")]


def test_what_is_taken_back_no_longer_counts_and_stays_stored(place: Bedside) -> None:
    source_id = enter(place, "splenomegaly", "yes")
    bedside_entry.take_back(place, "P-1", source_id, by="Dr Weber")
    assert told(place) == []
    versions = queries.findings(place.store, as_of=NOW)
    assert [(row["status"], row["by"]) for row in versions.to_dict("records")] == [
        ("final", "Dr Aydin"), ("entered-in-error", "Dr Weber"),
    ]  # fmt: skip
    scores = state(place.store, place.catalog, as_of=NOW).assessment.scores.set_index("score")
    assert scores.loc["hscore", "points"]["organomegaly"] is None


def test_a_weight_is_taken_back_too(place: Bedside) -> None:
    bedside_entry.take_back(place, "P-1", enter(place, "weight", "71.5"), by="Dr Weber")
    assert told(place) == []


def test_what_was_taken_back_is_not_taken_back_again(place: Bedside) -> None:
    source_id = enter(place, "rash", "no")
    bedside_entry.take_back(place, "P-1", source_id, by="Dr Weber")
    with pytest.raises(AnswerRefused, match="taken back already"):
        bedside_entry.take_back(place, "P-1", source_id, by="Dr Weber")


def test_the_same_thing_seen_twice_is_two_entries_the_newest_first(place: Bedside) -> None:
    enter(place, "temperature_c", "39.4", at="2026-11-21 06:00")
    enter(place, "temperature_c", "38.1", at="2026-11-21 14:00")
    assert [value for _, value, _ in told(place)] == ["38.1", "39.4"]


@pytest.mark.parametrize(
    ("what", "value", "at", "words"),
    [
        ("temperature_c", "93", "2026-11-21 13:30", "outside what can exist"),
        ("temperature_c", "", "2026-11-21 13:30", "no value"),
        ("rash", "perhaps", "2026-11-21 13:30", "neither yes nor no"),
        ("weight", "71,5 stone", "2026-11-21 13:30", "value"),
        ("rash", "yes", "2026-11-22 13:30", "in the future"),
        ("rash", "yes", "yesterday", "the time cannot be used"),
    ],
)
def test_what_no_feed_may_say_is_refused_in_a_sentence_and_nothing_is_kept(
    place: Bedside, what: str, value: str, at: str, words: str
) -> None:
    with pytest.raises(AnswerRefused, match=words) as refused:
        enter(place, what, value, at)
    assert str(refused.value).startswith("Nothing was kept: ")
    assert told(place) == []
    assert queries.set_aside(place.store).empty


def test_nobody_enters_anything_without_a_name(place: Bedside) -> None:
    with pytest.raises(AnswerRefused, match="say who you are"):
        bedside_entry.enter(place, Entry("P-1", "rash", "yes", "2026-11-21 13:30"), by="  ")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", "2026-11-21T14:12:00+01:00"),
        ("14:05", "2026-11-21 14:05"),
        ("6:05", "2026-11-21 06:05"),
        ("23:50", "2026-11-20 23:50"),  # still to come today, so it was yesterday
        (" 2026-11-19 08:00 ", "2026-11-19 08:00"),
    ],
)
def test_a_time_is_read_as_a_person_means_it(place: Bedside, typed: str, meant: str) -> None:
    assert bedside_entry.when(typed, place) == meant


def test_what_is_no_time_of_day_is_refused(place: Bedside) -> None:
    with pytest.raises(AnswerRefused, match="no time of day"):
        bedside_entry.when("25:10", place)
